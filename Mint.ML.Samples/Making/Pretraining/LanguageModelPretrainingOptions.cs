using Mint.ML.Training;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>How a small T5 is trained. The defaults are those of the model that ships with the samples.</summary>
internal sealed record LanguageModelPretrainingOptions : MakingOptions
{
    /// <summary>What the model that ships was made with: as high a rate as pre-norm blocks of this size bear.</summary>
    public LanguageModelPretrainingOptions() => (LearningRate, WarmUp, WeightDecay) = (3e-3, 0.05, 0.01);

    /// <summary>Batches to train on.</summary>
    public int Steps { get; init; } = 1700;

    /// <summary>
    /// Normal noise on the input embeddings, as a share of their own deviation. A frozen model will be given embeddings that a bridge
    /// made, which are near those of words and never equal to them.
    /// </summary>
    public double InputNoise { get; init; } = 0.3;

    /// <summary>Input tokens that are kept.</summary>
    public int MaxInputTokens { get; init; } = 32;

    /// <summary>Target tokens that are kept.</summary>
    public int MaxTargetTokens { get; init; } = 30;

    /// <summary>What the loop needs to know. A gradient longer than 1 is scaled down: at first each token's is steep.</summary>
    public TrainingOptions Loop => Shared with
    {
        Epochs = 1, // as long as all steps: no pair is drawn twice
        GradientClip = 1,
    };

    /// <inheritdoc/>
    protected override void Check(OptionErrors errors)
    {
        foreach (var (name, value, least) in new[] { (nameof(Steps), Steps, 1), (nameof(BatchSize), BatchSize, 1), (nameof(MaxInputTokens), MaxInputTokens, 2),
            (nameof(MaxTargetTokens), MaxTargetTokens, 2) })
        {
            errors.Require(value >= least, $"{name} is {value}; expected at least {least}.");
        }
        errors.Require(InputNoise >= 0 && double.IsFinite(InputNoise), $"InputNoise is {InputNoise}; expected a number of at least 0.");
    }
}
