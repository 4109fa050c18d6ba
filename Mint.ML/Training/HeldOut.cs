using Mint.ML.Distributed;
using Mint.ML.Training.Data;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>Data that are measured during a run and never trained on.</summary>
public interface IHeldOut
{
    /// <summary>What a validation measures.</summary>
    IEnumerable<string> Metrics { get; }

    /// <summary>What the measures depend on beside the model.</summary>
    string Identity { get; }

    /// <summary>Texts whose ends are not measured.</summary>
    IReadOnlyList<CutText> CutTexts => [];

    /// <summary>Whether a metric falls as the model gets better.</summary>
    bool LowerIsBetter(string metric);

    /// <summary>Measures the model, without a trace in the run; null when cancelled meanwhile.</summary>
    /// <exception cref="NonFiniteLossException">A mean was not finite.</exception>
    ValidationResult? Run(long step, CancellationToken cancel);
}

/// <summary>Measures a stage's model on data it is not trained on, without a trace in the run: no dropout, no gradient, random numbers of its own.</summary>
internal abstract class HeldOut : IHeldOut
{
    private readonly IReadOnlyList<Module> modules;
    private readonly Device device;
    private readonly IFrameSource audio;
    private readonly Ranks ranks;
    private readonly BatchShare[] batches;

    protected HeldOut(ITrainingStage stage, IFrameSource audio, TrainingOptions options)
    {
        (modules, device, this.audio, Stage) = (stage.Modules, stage.Device, audio, stage);
        ranks = Ranks.Of(options.Ranks);
        int smallest = Math.Max(stage.SmallestBatch, ranks.Count); // an example a rank, at least
        if (stage.Examples < smallest)
            throw new ArgumentException($"There are {stage.Examples} examples to validate with; at least {smallest} are needed.");
        // The same batches at every validation, so that their losses compare. One that is too small to have a loss joins another.
        var drawn = new BatchOrder(options.WholeBatch, 1, 0, [.. Enumerable.Range(0, stage.Examples).Select(example => stage.Clips(example).Sum(audio.Frames))])
            .Epoch(0).ToList();
        if (drawn.FindIndex(batch => batch.Length < smallest) is var small and >= 0 && drawn.Count > 1)
        {
            int[] rest = drawn[small];
            drawn.RemoveAt(small);
            drawn[0] = [.. drawn[0], .. rest];
        }
        batches = [.. drawn.Select(batch => new BatchShare(batch, ranks, examples => audio.Read([.. examples.SelectMany(stage.Clips)])))];
    }

    /// <summary>The held-out data as the stage sees them.</summary>
    protected ITrainingStage Stage { get; }

    /// <inheritdoc/>
    public IEnumerable<string> Metrics => [.. Means, .. Wholes];

    /// <inheritdoc/>
    public string Identity => RunFolder.Hash([.. Stage.Texts, .. RunFolder.Identity(audio)]);

    /// <inheritdoc/>
    public IReadOnlyList<CutText> CutTexts => Stage.CutAbout(audio);

    /// <inheritdoc/>
    public abstract bool LowerIsBetter(string metric);

    /// <summary>Metrics that are means over batches, the loss first.</summary>
    protected abstract IReadOnlyList<string> Means { get; }

    /// <summary>Metrics of all examples together.</summary>
    protected virtual IReadOnlyList<string> Wholes => [];

    /// <summary>The means of a batch, as one vector; of a shared batch those of this rank's part.</summary>
    protected abstract Tensor Measure(BatchShare batch, Tensor frames, Tensor? mask, Generator random);

    /// <summary>The metrics of all examples, once every batch has been measured.</summary>
    protected virtual IReadOnlyList<double> Whole() => [];

    /// <inheritdoc/>
    public ValidationResult? Run(long step, CancellationToken cancel)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        using var chance = new Generator(1);
        double[] sums = new double[Means.Count];
        double weights = 0;
        foreach (var module in modules) module.eval();
        try
        {
            foreach (var batch in batches)
            {
                if (ranks.Any(cancel.IsCancellationRequested)) return null;
                double[] means = Measure(step, batch, chance);
                double weight = Stage.Weight(batch.Own);
                double[] weighed = [.. means.Select(mean => mean * weight), weight];
                ranks.Sum(weighed);
                for (int i = 0; i < sums.Length; i++) sums[i] += weighed[i];
                weights += weighed[^1];
            }
            return new ValidationResult(step, Metrics.Zip([.. sums.Select(sum => sum / weights), .. Whole()])
                .ToDictionary(pair => pair.First, pair => pair.Second));
        }
        finally
        {
            foreach (var module in modules) module.train();
        }
    }

    private double[] Measure(long step, BatchShare batch, Generator chance)
    {
        using var scope = NewDisposeScope();
        using var read = audio.Read([.. batch.Own.SelectMany(Stage.Clips)]);
        var (frames, mask) = FrameTraining.Placed(read, device);
        var means = Measure(batch, frames, mask, chance);
        double[] values = [.. means.to(ScalarType.Float32).cpu().data<float>().ToArray().Select(value => (double)value)];
        if (!ranks.Any(!Array.TrueForAll(values, double.IsFinite))) return values;
        string[] clips = [.. batch.Whole.SelectMany(Stage.Clips).Select(audio.Place)];
        throw new NonFiniteLossException(step, clips, $"Validation after step {step} has a loss that is not a finite number "
            + $"({string.Join(", ", Means.Zip(values, (name, value) => $"{name} {value}"))}). Its batch is {Brief.List(clips)}. "
            + "Either one of the clips is damaged, or the step's weights are beyond repair: a lower learning rate, more warm-up or a gradient clip may help.");
    }
}
