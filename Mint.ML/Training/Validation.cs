using Mint.ML.Training.Data;

namespace Mint.ML.Training;

/// <summary>Pairs of stage 1 that are measured during the run and never trained on.</summary>
/// <param name="Audio">The clips' frames. Read while the training source reads ahead: one of its own, or one that two threads may read.</param>
/// <param name="Captions">One caption a clip; clips of equal captions are right answers to each other.</param>
public sealed record AlignmentValidation(IFrameSource Audio, IReadOnlyList<string> Captions);

/// <summary>Examples of stage 2 that are measured during the run and never trained on.</summary>
/// <param name="Audio">The clips' frames. Read while the training source reads ahead: one of its own, or one that two threads may read.</param>
/// <param name="Examples">What is asked about them, and the right answers.</param>
public sealed record InstructionValidation(IFrameSource Audio, IReadOnlyList<InstructionExample> Examples);

/// <summary>What a model was worth on held-out data.</summary>
/// <param name="Step">Steps it had been trained.</param>
/// <param name="Metrics">
/// By name. Stage 1: "loss" and its parts "contrastive", "matching" and "generation", and where there is contrast the shares of captions "r1", "r5", "r10"
/// whose clip is among the first 1, 5, 10 found of all. Stage 2: "loss", and "accuracy", the share of answer tokens that come out right when the tokens before
/// them are given.
/// </param>
public sealed record ValidationResult(long Step, IReadOnlyDictionary<string, double> Metrics);

/// <summary>The validations of a run: which was the best, and whether another is worth waiting for.</summary>
internal sealed class ValidationHistory(TrainingOptions options, IHeldOut? heldOut)
{
    /// <summary>All, in order.</summary>
    public List<ValidationResult> Results { get; } = [];

    /// <summary>The best by <see cref="TrainingOptions.BestBy"/>, of equal ones the earliest; null without such a metric or before the first
    /// validation.</summary>
    public ValidationResult? Best => options.BestBy is not { } metric || heldOut is null || Results.Count == 0 ? null
        : heldOut.LowerIsBetter(metric) ? Results.MinBy(result => result.Metrics[metric]) : Results.MaxBy(result => result.Metrics[metric]);

    /// <summary>Whether the last <see cref="TrainingOptions.Patience"/> validations were no better than one before them.</summary>
    public bool Exhausted => options.Patience is { } patience && Best is { } best && Results.Count - 1 - Results.IndexOf(best) >= patience;

    /// <summary>Whether the model of this step is to be measured and has not been.</summary>
    public bool Due(long step, long stepsPerEpoch, long steps) => heldOut is not null && step > 0
        && (step == steps || step % (options.ValidateEvery ?? stepsPerEpoch) == 0) && (Results.Count == 0 || Results[^1].Step < step);
}
