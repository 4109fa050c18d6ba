using Mint.ML.Distributed;
using Mint.ML.Encoders;
using Mint.ML.Training.Data;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>A stage on the frames of clips: batches of like lengths or of any, read ahead, cropped where they are longer than the options allow.</summary>
internal sealed class FrameTraining : ITraining
{
    private readonly ITrainingStage stage;
    private readonly IFrameSource audio;
    private readonly TrainingOptions options;
    private readonly BatchOrder order;
    private readonly Ranks ranks;
    private bool? alike; // whether the first batch's clips sound the same
    private BatchFeed? feed; // from the step on with which this process begins

    /// <exception cref="ArgumentException">The examples make no batch.</exception>
    public FrameTraining(ITrainingStage stage, IFrameSource audio, TrainingOptions options)
    {
        (this.stage, this.audio, this.options, ranks) = (stage, audio, options, Ranks.Of(options.Ranks));
        long most = options.MaxFrames ?? long.MaxValue;
        // Among equal lengths the shuffle decides.
        long[] lengths = [.. Enumerable.Range(0, stage.Examples).Select(example =>
            options.MixedLengths ? 1 : stage.Clips(example).Sum(clip => Math.Min(audio.Frames(clip), most)))];
        // A rank without an example has nothing to compute.
        int smallest = Math.Max(stage.SmallestBatch, ranks.Count);
        order = new BatchOrder(options.WholeBatch, smallest, options.Seed, lengths, stage.Mix);
        if (order.Batches == 0)
            throw new ArgumentException($"{stage.Examples} examples make no batch: at least {smallest} are needed, and a BatchSize of as many.");
    }

    public bool IsShared => true;

    public IReadOnlyList<Module> Modules => stage.Modules;

    public IReadOnlyList<(string name, Parameter parameter)> Trained => stage.Trained;

    public Device Device => stage.Device;

    public IReadOnlyList<string> LossNames => stage.LossNames;

    public IReadOnlyDictionary<string, double> Guesses => stage.Guesses;

    public IEnumerable<string> Faults => alike != true ? stage.Faults
        : stage.Faults.Append("The frames of all clips of the first batch are equal: the encoder is not the right one, has not its weights, or hears silence.");

    public long StepsPerEpoch => (order.Batches + options.AccumulationSteps - 1) / options.AccumulationSteps;

    public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>(stage.Parts)
    {
        ["texts"] = RunFolder.Hash(stage.Texts),
        ["audio"] = RunFolder.Hash(RunFolder.Identity(audio)),
        ["batches of an epoch"] = FormattableString.Invariant($"{order.Batches}"),
    };

    public int Cropped => CroppedOf(Enumerable.Range(0, stage.Examples));

    public IReadOnlyList<CutText> CutTexts => stage.CutAbout(audio);

    public double RateAt(long step, long steps) => options.RateAt(step, steps);

    public IReadOnlyList<TrainingBatch> Batches(long step)
    {
        feed ??= new BatchFeed(audio, order, stage, options, ranks, step);
        var batches = feed.Batches(step);
        if (stage.HearsFirst)
            foreach (var batch in batches) Hear(batch);
        return [.. batches.Select(batch => new TrainingBatch(batch.Whole.Length, stage.Weight(batch.Own), negatives => Losses(batch, negatives),
            () => batch.Own.SelectMany(stage.Clips).Select(audio.Place), CroppedOf(batch.Whole)))];
    }

    public void Dispose() => feed?.Dispose();

    private Tensor Losses(BatchShare batch, Generator negatives)
    {
        using var read = feed!.Take();
        var (frames, mask) = Placed(read, Device);
        alike ??= frames.shape[0] > 1 && Alike(frames, mask);
        return stage.Losses(batch, frames, mask, negatives);
    }

    private void Hear(BatchShare batch)
    {
        using var scope = NewDisposeScope();
        using var read = feed!.Take();
        var (frames, mask) = Placed(read, Device);
        stage.Hear(batch, frames, mask);
    }

    // Without padding nothing has to be masked, which spares every attention an addition.
    internal static (Tensor Frames, Tensor? Mask) Placed(AudioEncoding read, Device device) =>
        (Sent(read.Frames, device).to(ScalarType.Float32), read.Mask.all().item<bool>() ? null : Sent(read.Mask, device));

    // From pinned memory, where BatchFeed puts them, a copy to a GPU is only queued: the host goes on to the step's first operators. libtorch keeps the pages
    // until it is done.
    private static Tensor Sent(Tensor read, Device device) => read.to(device, non_blocking: device.type == DeviceType.CUDA);

    /// <summary>Whether the mean frame (E) of every clip of (B, T, E) is the same.</summary>
    private static bool Alike(Tensor frames, Tensor? mask)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var means = mask is null ? frames.mean([1])
            : (frames * mask.unsqueeze(2)).sum(1) / mask.to(ScalarType.Float32).sum(1, keepdim: true);            // (B, E)
        return (means - means.narrow(0, 0, 1)).abs().max().item<float>() <= 1e-5f * means.abs().max().item<float>();
    }

    private int CroppedOf(IEnumerable<int> examples) =>
        options.MaxFrames is { } most ? examples.Count(example => stage.Clips(example).Any(clip => audio.Frames(clip) > most)) : 0;
}
