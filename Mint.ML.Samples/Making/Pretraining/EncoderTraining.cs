using System.Security.Cryptography;
using System.Text.Json;
using Mint.ML.Encoders;
using Mint.ML.Tensors;
using Mint.ML.Training;
using TorchSharp.Modules;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>The training of <see cref="EncoderPretraining"/>: augmented and mixed clips, whose frames have to tell every label.</summary>
internal sealed class EncoderTraining : ITraining, IHeldOut
{
    private readonly Data2VecAudio encoder;
    private readonly Tensor features; // (N, T, C)
    private readonly IReadOnlyList<ClipLabels> labels;
    private readonly Tensor[] classes; // (N), one a label
    private readonly int[] heldOut, train;
    private readonly EncoderPretrainingOptions options;
    private readonly Lazy<Head[]> heads;
    private readonly Lazy<(string name, Parameter parameter)[]> trained;
    private readonly Random chance;
    private long drawn; // steps whose numbers have been drawn
    private double share;

    public EncoderTraining(
        Data2VecAudio encoder, Tensor features, IReadOnlyList<ClipLabels> labels, IReadOnlySet<int> heldOut, EncoderPretrainingOptions options)
    {
        (this.encoder, this.features, this.labels, this.options) = (encoder, features, labels, options);
        this.heldOut = [.. heldOut.Order()];
        train = [.. Enumerable.Range(0, (int)features.shape[0]).Where(clip => !heldOut.Contains(clip))];
        if (train.Length < options.BatchSize) throw new ArgumentException($"{train.Length} clips to train on make no batch of {options.BatchSize}.");
        classes = [.. labels.Select(label => tensor(label.Classes.Select(c => (long)c).ToArray()))];
        chance = new Random(options.Seed);
        // Drawn when the run first asks for its parameters: from its seed.
        heads = new(() => [.. labels.Select(label => new Head(2 * encoder.HiddenSize, label.Values.Count))]);
        trained = new(Parameters);
    }

    public IReadOnlyList<Module> Modules => [];

    public IReadOnlyList<(string name, Parameter parameter)> Trained => trained.Value;

    public Device Device => CPU;

    public IReadOnlyList<string> LossNames => ["total"];

    public long StepsPerEpoch => train.Length / options.BatchSize;

    public IReadOnlyDictionary<string, string> Parts => new Dictionary<string, string>
    {
        ["pretraining"] = TrainingLoop.Hash([JsonSerializer.Serialize(options with { RunFolder = null })]),
        ["labels"] = TrainingLoop.Hash(labels.SelectMany(label => label.Values.Prepend(label.Name).Append(string.Join(' ', label.Classes)))),
        ["features"] = Convert.ToHexStringLower(SHA256.HashData(features.contiguous().bytes)),
    };

    public IReadOnlyDictionary<string, double> Guesses => new Dictionary<string, double>
    {
        ["total"] = labels.Select((label, i) => LabelWeight(i) * Guessing.CrossEntropy(
            [.. train.CountBy(clip => label.Classes[clip]).Select(pair => (long)pair.Value)], options.LabelSmoothing, label.Values.Count)).Sum(),
    };

    private static double LabelWeight(int label) => Math.Pow(0.5, label);

    public double RateAt(long step, long steps) => TriangularRate.At(options.LearningRate, options.WarmUp, step, steps);

    public IReadOnlyList<TrainingBatch> Batches(long step)
    {
        // A run that goes on draws what it had drawn before.
        for (; drawn <= step; drawn++)
        {
            if (drawn % StepsPerEpoch == 0) chance.Shuffle(train);
            share = Share(chance, options.MixUp);
        }
        int[] clips = train.AsSpan((int)(step % StepsPerEpoch) * options.BatchSize, options.BatchSize).ToArray();
        return [new TrainingBatch(clips.Length, clips.Length, _ => Losses(clips), () => clips.Select(clip => $"clip {clip}"))];
    }

    private Tensor Losses(int[] batch)
    {
        var rows = tensor(batch.Select(clip => (long)clip).ToArray());
        var clips = Augment(Pick(features, rows), options);
        var others = randperm(batch.Length);
        var mixed = clips.Times(share).Plus(clips.index_select(0, others).Times(1 - share));
        var heard = functional.dropout(Pool(encoder, mixed), 0.2);
        var loss = zeros([]);
        for (int label = 0; label < labels.Count; label++)
        {
            var (named, wanted) = (heads.Value[label].Logits(heard), classes[label].index_select(0, rows));
            var error = Error(named, wanted).Times(share).Plus(Error(named, wanted.index_select(0, others)).Times(1 - share));
            loss = loss.Plus(error.Times(LabelWeight(label)));
        }
        return loss.unsqueeze(0);
    }

    private Tensor Error(Tensor named, Tensor wanted) => functional.cross_entropy(named, wanted, label_smoothing: options.LabelSmoothing);

    public IEnumerable<string> Metrics => labels.Select(label => label.Name);

    public string Identity => TrainingLoop.Hash(heldOut.Select(clip => $"{clip}"));

    public bool LowerIsBetter(string metric) => false;

    /// <summary>Share of the held-out clips whose class each head names.</summary>
    public ValidationResult? Run(long step, CancellationToken cancel)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        double[] right = new double[labels.Count];
        foreach (int[] rows in heldOut.Chunk(256))
        {
            if (cancel.IsCancellationRequested) return null;
            using var inner = NewDisposeScope();
            var heard = Pool(encoder, Pick(features, tensor(rows.Select(row => (long)row).ToArray())));
            for (int label = 0; label < labels.Count; label++)
            {
                long[] named = heads.Value[label].Logits(heard).argmax(1).data<long>().ToArray();
                right[label] += named.Zip(rows, (name, row) => name == labels[label].Classes[row] ? 1 : 0).Sum();
            }
        }
        return new ValidationResult(step, labels.Zip(right).ToDictionary(pair => pair.First.Name, pair => pair.Second / heldOut.Length));
    }

    public void Dispose()
    {
        foreach (var tensor in classes) tensor.Dispose();
        if (!heads.IsValueCreated) return;
        foreach (var head in heads.Value) head.Dispose();
    }

    private (string, Parameter)[] Parameters()
    {
        (string name, Parameter parameter)[] all =
        [
            .. encoder.ParametersAfter(LogMelConvolutions.Layers).Where(pair => !EncoderPretraining.IsPosition(pair.name)),
            .. heads.Value.SelectMany((head, i) => head.Parameters.Select(pair => ($"heads.{i}.{pair.name}", pair.parameter))),
        ];
        foreach (var (_, weight) in all) weight.requires_grad = true;
        return all;
    }

    private static Tensor Pick(Tensor features, Tensor rows) => features.index_select(0, rows).to(ScalarType.Float32).Minus(LogMelConvolutions.Height);

    /// <summary>Mean and maximum of a clip's frames: (B, T, C) spectrogram to (B, 2 D). What sounds for a moment, as an attack does, is lost in a
    /// mean.</summary>
    private static Tensor Pool(Data2VecAudio encoder, Tensor features)
    {
        using var hidden = encoder.Contextualise(features, LogMelConvolutions.Layers); // (B, T', D)
        return cat([hidden.mean([1]), hidden.amax([1])], 1);
    }

    /// <summary>A random stretch of four fifths of each clip, through a random smooth equaliser.</summary>
    private static Tensor Augment(Tensor features, EncoderPretrainingOptions options)
    {
        long rows = features.shape[0], frames = features.shape[1], bands = LogMelConvolutions.Bands(features.shape[2]), kept = frames * 4 / 5;
        long start = randint(0, frames - kept + 1, [1]).item<long>();
        // The first cosines over the bands: slopes and broad humps.
        var bases = stack([.. Enumerable.Range(1, 5).Select(k => Indices(bands, ScalarType.Float32).Times(Math.PI * k / bands).cos())]); // (5, F)
        var curve = randn(rows, 5).Times(options.Equalisation).matmul(bases);                                                                   // (B, F)
        var all = cat([curve, curve, zeros(rows, features.shape[2] - 2 * bands)], 1);                                                        // (B, C)
        return features.narrow(1, start, kept).Plus(all.unsqueeze(1));
    }

    /// <summary>From a symmetric Beta distribution, by Jöhnk's rejection.</summary>
    private static double Share(Random random, double parameter)
    {
        while (true)
        {
            double x = Math.Pow(random.NextDouble(), 1 / parameter), y = Math.Pow(random.NextDouble(), 1 / parameter);
            if (x + y is > 0 and <= 1) return x / (x + y);
        }
    }

    /// <summary>A linear layer from what is heard to the classes of one label.</summary>
    private sealed class Head : IDisposable
    {
        private readonly Parameter weight, bias;

        public Head(int width, int classes)
        {
            (weight, bias) = (new(empty(classes, width).normal_(0, 0.02)), new(zeros(classes)));
            weight.DetachFromDisposeScope();
            bias.DetachFromDisposeScope();
        }

        public IEnumerable<(string name, Parameter parameter)> Parameters => [(nameof(weight), weight), (nameof(bias), bias)];

        public Tensor Logits(Tensor heard) => functional.linear(heard, weight, bias); // (B, width) to (B, classes)

        public void Dispose()
        {
            weight.Dispose();
            bias.Dispose();
        }
    }
}
