using System.Security.Cryptography;
using Mint.ML.Layers;
using Mint.ML.Systems;
using Mint.ML.Tensors;
using Mint.ML.Training.Data;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>How a <see cref="Probe"/> is built.</summary>
public sealed record ProbeOptions
{
    /// <summary>Fully-connected layers: 1 is the linear probe L1, 2 and 3 are the shallow learning L2 and L3 of Pengi's Table 9.</summary>
    public int Layers { get; init; } = 1;

    /// <summary>Width between layers. 512: the paper does not say.</summary>
    public int HiddenSize { get; init; } = 512;

    /// <summary>Whether several labels can be true of a clip: each is then a question of its own (binary cross-entropy), else one is (cross-entropy).</summary>
    public bool MultiLabel { get; init; }

    /// <summary>How it is trained; the paper does not say.</summary>
    public TrainingOptions Training { get; init; } = new() { Epochs = 100, BatchSize = 64, LearningRate = 1e-3, WeightDecay = 0 };

    /// <summary>Checks every value and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        errors.Require(Layers is >= 1 and <= 3, $"Layers is {Layers}; expected 1 to 3.");
        errors.Require(HiddenSize >= 1, $"HiddenSize is {HiddenSize}; expected at least 1.");
        errors.Gather(Training.Validate);
        errors.Throw();
    }
}

/// <summary>What a frozen encoder's vectors tell: one to three fully-connected layers on the mean of a clip's frames (Pengi, section 5.5, Table 9).</summary>
/// <remarks>Pengi's probes take <see cref="Systems.Pengi.Encoder"/>: the audio encoder without the mapping network.</remarks>
public sealed class Probe : IDisposable
{
    private readonly Linear[] layers;
    private readonly bool multiLabel;

    private Probe(int width, int labels, ProbeOptions options)
    {
        multiLabel = options.MultiLabel;
        long[] widths = [width, .. Enumerable.Repeat((long)options.HiddenSize, options.Layers - 1), labels];
        layers = [.. Enumerable.Range(0, options.Layers).Select(layer => new Linear(widths[layer], widths[layer + 1]))];
        using var guard = no_grad();
        using var chance = new Generator((ulong)options.Training.Seed);
        foreach (var layer in layers) PengiStart.Draw(layer, chance);
    }

    /// <summary>Trains a probe; the encoder is not touched.</summary>
    /// <param name="audio">The clips' frames.</param>
    /// <param name="labels">Of each clip the labels that are true, as numbers from 0: exactly one unless <see cref="ProbeOptions.MultiLabel"/>.</param>
    /// <param name="count">How many labels there are.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Ends the run after the step at hand.</param>
    /// <exception cref="ArgumentException">Clips, labels and options do not fit each other; the message says how.</exception>
    public static Probe Train(IFrameSource audio, IReadOnlyList<IReadOnlyList<int>> labels, int count, ProbeOptions options,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        if (labels.Count != audio.Count) throw new ArgumentException($"There are labels of {labels.Count} clips, and {audio.Count} clips.", nameof(labels));
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        for (int clip = 0; clip < labels.Count; clip++)
        {
            if (!options.MultiLabel && labels[clip].Count != 1)
                throw new ArgumentException($"{audio.Name(clip)} has {labels[clip].Count} labels; one is true unless MultiLabel is set.", nameof(labels));
            if (labels[clip].Any(label => label < 0 || label >= count))
                throw new ArgumentException($"{audio.Name(clip)} has a label that is not from 0 to {count - 1}.", nameof(labels));
        }
        var probe = new Probe(audio.HiddenSize, count, options);
        try
        {
            using var scope = NewDisposeScope();
            var truth = zeros([labels.Count, count]);
            for (int clip = 0; clip < labels.Count; clip++)
                foreach (int label in labels[clip]) truth[clip, label].Fill_(1);
            using var training = new Steps(probe, Means(audio, cancel), truth, audio, options.Training);
            TrainingLoop.Run(training, null, options.Training, progress, cancel);
        }
        catch
        {
            probe.Dispose();
            throw;
        }
        foreach (var layer in probe.layers) layer.Frozen();
        return probe;
    }

    /// <summary>Probabilities (clips, labels): of each label by itself with <see cref="ProbeOptions.MultiLabel"/>, else of one of them.</summary>
    /// <param name="audio">Clips of the encoder that it was trained with.</param>
    /// <param name="cancel">Ends the call.</param>
    public float[][] Score(IFrameSource audio, CancellationToken cancel = default)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var logits = Logits(Means(audio, cancel));
        using var probabilities = multiLabel ? logits.sigmoid() : logits.softmax(-1);
        return [.. probabilities.contiguous().data<float>().ToArray().Chunk((int)logits.shape[1])];
    }

    // (B, E) to (B, labels).
    private Tensor Logits(Tensor means)
    {
        for (int layer = 0; layer < layers.Length; layer++)
        {
            if (layer > 0) means = functional.relu(means);
            means = layers[layer].call(means);
        }
        return means;
    }

    // (clips, E): of each clip the mean of its frames.
    private static Tensor Means(IFrameSource audio, CancellationToken cancel)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var rows = new List<Tensor>();
        foreach (int[] clips in Enumerable.Range(0, audio.Count).Chunk(64))
        {
            cancel.ThrowIfCancellationRequested();
            using var read = audio.Read(clips);
            var real = read.Mask.to(ScalarType.Float32).unsqueeze(-1);                                  // (B, T, 1)
            rows.Add((read.Frames.to(ScalarType.Float32) * real).sum(1) / real.sum(1).AtLeast(1));
        }
        return cat(rows, 0).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in layers) layer.Dispose();
    }

    private sealed class Steps : ITraining
    {
        private readonly Probe probe;
        private readonly Tensor means, truth;
        private readonly IFrameSource audio;
        private readonly TrainingOptions options;
        private readonly BatchOrder order;

        public Steps(Probe probe, Tensor means, Tensor truth, IFrameSource audio, TrainingOptions options)
        {
            (this.probe, this.means, this.truth, this.audio, this.options) = (probe, means, truth, audio, options);
            order = new BatchOrder(options.BatchSize, 1, options.Seed, [.. Enumerable.Repeat(1L, audio.Count)]);
            Trained = [.. probe.layers.SelectMany((layer, i) => layer.named_parameters().Select(pair => ($"{i}.{pair.name}", pair.parameter)))];
        }

        public IReadOnlyList<Module> Modules => [];

        public IReadOnlyList<(string name, Parameter parameter)> Trained { get; }

        public Device Device => CPU;

        public IReadOnlyList<string> LossNames { get; } = ["total"];

        public long StepsPerEpoch => (order.Batches + options.AccumulationSteps - 1) / options.AccumulationSteps;

        public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
        {
            ["frames"] = Convert.ToHexStringLower(SHA256.HashData(means.bytes)),
            ["labels"] = Convert.ToHexStringLower(SHA256.HashData(truth.bytes)),
        };

        public double RateAt(long step, long steps) => options.RateAt(step, steps);

        public IReadOnlyList<TrainingBatch> Batches(long step)
        {
            var batches = order.Epoch(step / StepsPerEpoch).ToList();
            return [.. batches.Skip((int)(step % StepsPerEpoch) * options.AccumulationSteps).Take(options.AccumulationSteps)
                .Select(batch => new TrainingBatch(batch.Length, batch.Length, _ => Loss(batch), () => batch.Select(audio.Name)))];
        }

        private Tensor Loss(int[] batch)
        {
            using var scope = NewDisposeScope();
            var rows = tensor(batch.Select(clip => (long)clip).ToArray());
            var (logits, right) = (probe.Logits(means.index_select(0, rows)), truth.index_select(0, rows));
            var loss = probe.multiLabel ? functional.binary_cross_entropy_with_logits(logits, right) : functional.cross_entropy(logits, right.argmax(-1));
            return loss.unsqueeze(0).MoveToOuterDisposeScope();
        }

        public void Dispose()
        {
            // What it is given is its caller's.
        }
    }
}
