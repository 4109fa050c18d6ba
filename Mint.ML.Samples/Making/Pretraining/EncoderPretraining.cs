using System.Diagnostics;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using Mint.ML.Training;
using TorchSharp.Modules;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = Mint.ML.Layers.Linear;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>How a small data2vec-audio encoder is trained. The defaults are those of the model that ships with the samples.</summary>
public sealed record EncoderPretrainingOptions
{
    /// <summary>Passes over the clips.</summary>
    public int Epochs { get; init; } = 12;

    /// <summary>Clips a step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Highest learning rate, reached after <see cref="WarmUp"/> of the steps and falling to zero: what post-norm blocks of this size bear.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Share of the steps over which the learning rate rises.</summary>
    public double WarmUp { get; init; } = 0.1;

    /// <summary>Decay of the matrices.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Smoothing of the labels: soundfonts disagree about what an instrument sounds like.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>Strength of random equalisation, in the features' deviations. 0.05 did better on held-out soundfonts than 0.15 and 0.3.</summary>
    public double Equalisation { get; init; } = 0.05;

    /// <summary>
    /// How two clips are mixed: their shares are drawn from a Beta distribution with this for both of its parameters. Small values leave most clips
    /// nearly alone. What lies between two notes is no note of a training soundfont, and so keeps the encoder from learning those by heart.
    /// </summary>
    public double MixUp { get; init; } = 0.4;

    /// <summary>Decides the weights drawn, the order and the augmentation.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Checks every value and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        errors.Require(Epochs >= 1, $"Epochs is {Epochs}; expected at least 1.");
        errors.Require(BatchSize >= 1, $"BatchSize is {BatchSize}; expected at least 1.");
        errors.Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate is {LearningRate}; expected a number above 0.");
        errors.Require(WarmUp is >= 0 and < 1, $"WarmUp is {WarmUp}; expected at least 0 and less than 1.");
        errors.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), $"WeightDecay is {WeightDecay}; expected a number of at least 0.");
        errors.Require(LabelSmoothing is >= 0 and < 1, $"LabelSmoothing is {LabelSmoothing}; expected at least 0 and less than 1.");
        errors.Require(Equalisation >= 0 && double.IsFinite(Equalisation), $"Equalisation is {Equalisation}; expected a number of at least 0.");
        errors.Require(MixUp > 0 && double.IsFinite(MixUp), $"MixUp is {MixUp}; expected a number above 0.");
        errors.Throw();
    }
}

/// <summary>One label of every clip.</summary>
/// <param name="Name">What it says of a clip.</param>
/// <param name="Values">The values, whose indices are the classes.</param>
/// <param name="Classes">Class of each clip.</param>
public sealed record ClipLabels(string Name, IReadOnlyList<string> Values, IReadOnlyList<int> Classes);

/// <summary>Trains a data2vec-audio encoder on labelled clips, over convolutions that compute a log-mel spectrogram.</summary>
/// <remarks>
/// The published encoders learned from thousands of hours without labels. On two cores and a few hours of notes, labels teach more: the frames
/// together have to tell every label of a clip (family, instrument, pitch, ...), one linear head each. The heads are thrown away.
/// </remarks>
public static class EncoderPretraining
{
    /// <summary>Creates the encoder to train.</summary>
    public static Data2VecAudio Create(Data2VecAudioConfig config, int seed)
    {
        var encoder = new Data2VecAudio(config);
        using var grad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (name, weight) in encoder.named_parameters())
        {
            if (name.EndsWith("bias", StringComparison.Ordinal) || IsPosition(name)) weight.zero_();
            else if (weight.ndim == 1) weight.Fill_(1);
            // What keeps a layer's output as large as its input; a third of that variance, PyTorch's default, lets post-norm blocks start calmer.
            else
            {
                weight.normal_(0,
                Math.Sqrt((name.StartsWith("feature_extractor", StringComparison.Ordinal) ? 1 : 1.0 / 3) / (weight.numel() / weight.shape[0])), generator);
            }
        }
        LogMelConvolutions.Fill(encoder.state_dict(), config.SampleRate);
        return encoder;
    }

    // A LayerNorm without a scale makes any positional convolution as loud as what it is added to, and at random it drowns that: training stays
    // where it began. Zero stays zero, and is not trained.
    private static bool IsPosition(string name) => name.Contains("pos_conv_embed", StringComparison.Ordinal);

    /// <summary>Trains the encoder in place.</summary>
    /// <param name="encoder">From <see cref="Create"/>.</param>
    /// <param name="features">(N, T, C): the first convolutions' output of every clip, see <see cref="Features"/>.</param>
    /// <param name="labels">What the clips are, the label that matters most first: each further one counts half as much.</param>
    /// <param name="heldOut">Clips that are never trained on; the accuracy on them is reported after each epoch.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Receives a line now and then.</param>
    /// <param name="cancel">Stops within one step; the encoder is as far as it got.</param>
    /// <returns>Share of held-out clips whose class each head names; empty when none is held out.</returns>
    public static IReadOnlyDictionary<string, double> Run(
        Data2VecAudio encoder, Tensor features, IReadOnlyList<ClipLabels> labels, IReadOnlySet<int> heldOut,
        EncoderPretrainingOptions options, IProgress<string>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        using var scope = NewDisposeScope();
        random.manual_seed(options.Seed);
        var shuffle = new Random(options.Seed);
        int[] train = [.. Enumerable.Range(0, (int)features.shape[0]).Where(clip => !heldOut.Contains(clip))];
        var classes = labels.Select(label => tensor(label.Classes.Select(c => (long)c).ToArray())).ToArray();
        var heads = labels.Select(label => Head(2 * encoder.HiddenSize, label.Values.Count)).ToArray();

        var trained = encoder.ParametersAfter(LogMelConvolutions.Layers).Where(pair => !IsPosition(pair.name))
            .Concat(heads.SelectMany(head => head.named_parameters())).ToArray();
        foreach (var (_, weight) in trained) weight.requires_grad = true;
        using var optimizer = Optimizer.Over(trained, options.WeightDecay);

        Tensor Error(Tensor named, Tensor wanted) => functional.cross_entropy(named, wanted, label_smoothing: options.LabelSmoothing);

        LogMelConvolutions.Lift(encoder.state_dict(), LogMelConvolutions.Height);
        int perEpoch = train.Length / options.BatchSize, steps = perEpoch * options.Epochs, step = 0;
        var clock = Stopwatch.StartNew();
        Dictionary<string, double>? measured = null;
        for (int epoch = 1; epoch <= options.Epochs && !cancel.IsCancellationRequested; epoch++)
        {
            shuffle.Shuffle(train);
            double sum = 0;
            for (int i = 0; i < perEpoch && !cancel.IsCancellationRequested; i++, step++)
            {
                using var inner = NewDisposeScope();
                var rows = tensor(train.Skip(i * options.BatchSize).Take(options.BatchSize).Select(clip => (long)clip).ToArray());
                var clips = Augment(Pick(features, rows), options);
                var others = randperm(options.BatchSize);
                double share = Share(shuffle, options.MixUp);
                var heard = functional.dropout(Pool(encoder, clips.Times(share).Plus(clips.index_select(0, others).Times(1 - share))), 0.2);
                var loss = zeros([]);
                for (int label = 0; label < heads.Length; label++)
                {
                    var (named, wanted) = (heads[label].forward(heard), classes[label].index_select(0, rows));
                    var error = Error(named, wanted).Times(share).Plus(Error(named, wanted.index_select(0, others)).Times(1 - share));
                    loss = loss.Plus(error.Times(Math.Pow(0.5, label)));
                }
                optimizer.ZeroGradients();
                loss.backward();
                optimizer.Step(Optimizer.RateAt(options.LearningRate, options.WarmUp, step, steps), longest: 1);
                sum += loss.item<float>();
                if (step % 50 == 0 && step > 0)
                {
                    progress?.Report($"step {step}/{steps}  loss {sum / (i + 1):0.000}  "
                        + $"{TimeSpan.FromSeconds(clock.Elapsed.TotalSeconds * (steps - step) / step):mm\\:ss} left");
                }
            }
            measured = Accuracies(encoder, features, labels, heads, heldOut);
            string accuracy = string.Join(", ", measured.Select(pair => $"{pair.Key} {pair.Value:0.000}"));
            progress?.Report($"epoch {epoch}/{options.Epochs}  loss {sum / perEpoch:0.000}" + (accuracy.Length > 0 ? $"  held out: {accuracy}" : ""));
        }
        foreach (var (_, weight) in trained) weight.requires_grad = false;
        measured ??= Accuracies(encoder, features, labels, heads, heldOut);
        LogMelConvolutions.Lift(encoder.state_dict(), -LogMelConvolutions.Height);
        return measured;
    }

    /// <summary>The spectrogram that the first convolutions make of clips of one length: (N, T, C) in float16, in which a clip of 1.5 s takes 14 KB.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="waveforms">Samples of each clip, equally many.</param>
    /// <param name="progress">Receives a line now and then.</param>
    /// <param name="cancel">Stops it.</param>
    public static Tensor Features(Data2VecAudio encoder, IEnumerable<float[]> waveforms, IProgress<string>? progress = null, CancellationToken cancel = default)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var rows = new List<Tensor>();
        foreach (float[] waveform in waveforms)
        {
            cancel.ThrowIfCancellationRequested();
            using var samples = tensor(waveform);
            using var row = encoder.Convolve(samples, LogMelConvolutions.Layers);
            rows.Add(row.to(ScalarType.Float16));
            if (rows.Count % 2000 == 0) progress?.Report($"{rows.Count:N0} clips through the convolutions");
        }
        return stack(rows).MoveToOuterDisposeScope();
    }

    /// <summary>Writes the encoder as a Hugging Face folder: matrices in float16, which they were not trained to more than.</summary>
    public static void Save(Data2VecAudio encoder, Data2VecAudioConfig config, string folder)
    {
        using var scope = NewDisposeScope();
        var json = new JsonObject
        {
            ["model_type"] = "data2vec-audio",
            ["architectures"] = new JsonArray("Data2VecAudioModel"),
            ["hidden_size"] = config.HiddenSize,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["intermediate_size"] = config.IntermediateSize,
            ["hidden_act"] = "gelu",
            ["feat_extract_activation"] = "gelu",
            ["conv_dim"] = new JsonArray([.. config.ConvolutionWidths.Select(n => (JsonNode)n)]),
            ["conv_kernel"] = new JsonArray([.. config.ConvolutionKernels.Select(n => (JsonNode)n)]),
            ["conv_stride"] = new JsonArray([.. config.ConvolutionStrides.Select(n => (JsonNode)n)]),
            ["conv_bias"] = config.ConvolutionBias,
            ["num_conv_pos_embeddings"] = config.PositionLayers,
            ["conv_pos_kernel_size"] = config.PositionKernel,
            ["num_conv_pos_embedding_groups"] = config.PositionGroups,
            ["layer_norm_eps"] = config.LayerNormEps,
        };
        CheckpointWriter.Write(folder, json, encoder.state_dict().Select(pair =>
            KeyValuePair.Create(pair.Key, pair.Value.ndim > 1 ? pair.Value.detach().to(ScalarType.Float16) : pair.Value.detach())));
        AtomicFile.WriteText(Path.Combine(folder, "preprocessor_config.json"), new JsonObject { ["do_normalize"] = true, ["sampling_rate"] = config.SampleRate }
            .ToJsonString());
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

    private static Linear Head(int width, int classes)
    {
        var head = new Linear(width, classes);
        using var grad = no_grad();
        head.weight.normal_(0, 0.02);
        head.bias!.zero_();
        return head;
    }

    private static Dictionary<string, double> Accuracies(
        Data2VecAudio encoder, Tensor features, IReadOnlyList<ClipLabels> labels, Linear[] heads, IReadOnlySet<int> heldOut)
    {
        if (heldOut.Count == 0) return [];
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var right = new double[heads.Length];
        foreach (int[] rows in heldOut.Order().Chunk(256))
        {
            using var inner = NewDisposeScope();
            var heard = Pool(encoder, Pick(features, tensor(rows.Select(row => (long)row).ToArray())));
            for (int label = 0; label < heads.Length; label++)
            {
                long[] named = heads[label].forward(heard).argmax(1).data<long>().ToArray();
                right[label] += named.Zip(rows, (name, row) => name == labels[label].Classes[row] ? 1 : 0).Sum();
            }
        }
        return labels.Select((label, i) => (label.Name, right[i] / heldOut.Count)).ToDictionary(pair => pair.Name, pair => pair.Item2);
    }
}
