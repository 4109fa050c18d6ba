using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Tensors;
using Mint.ML.Training;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>One label of every clip.</summary>
/// <param name="Name">What it says of a clip.</param>
/// <param name="Values">The values, whose indices are the classes.</param>
/// <param name="Classes">Class of each clip.</param>
internal sealed record ClipLabels(string Name, IReadOnlyList<string> Values, IReadOnlyList<int> Classes);

/// <summary>Trains a data2vec-audio encoder on labelled clips, over convolutions that compute a log-mel spectrogram.</summary>
/// <remarks>
/// The published encoders learned from thousands of hours without labels. On two cores and a few hours of notes, labels teach more: the frames
/// together have to tell every label of a clip (family, instrument, pitch, ...), one linear head each. The heads are thrown away.
/// </remarks>
internal static class EncoderPretraining
{
    /// <summary>Creates the encoder to train.</summary>
    public static Data2VecAudio Create(Data2VecAudioConfig config, int seed)
    {
        var encoder = new Data2VecAudio(config);
        using var grad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (name, weight) in encoder.named_parameters())
        {
            if (name.EndsWith("bias", StringComparison.Ordinal) || IsPosition(name))
            {
                weight.zero_();
            }
            else if (weight.ndim == 1)
            {
                weight.Fill_(1);
            }
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
    internal static bool IsPosition(string name) => name.Contains("pos_conv_embed", StringComparison.Ordinal);

    /// <summary>Trains the encoder in place.</summary>
    /// <param name="encoder">From <see cref="Create"/>.</param>
    /// <param name="features">(N, T, C): the first convolutions' output of every clip, see <see cref="Features"/>.</param>
    /// <param name="labels">What the clips are, the label that matters most first: each further one counts half as much.</param>
    /// <param name="heldOut">Clips that are never trained on: a validation after each epoch tells the share of them whose class each head names.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancel">Stops within one step; the encoder is as far as it got.</param>
    public static TrainingResult Run(
        Data2VecAudio encoder, Tensor features, IReadOnlyList<ClipLabels> labels, IReadOnlySet<int> heldOut,
        EncoderPretrainingOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        options.Validate();
        using var scope = NewDisposeScope();
        var training = new EncoderTraining(encoder, features, labels, heldOut, options);
        LogMelConvolutions.Lift(encoder.state_dict(), LogMelConvolutions.Height);
        try
        {
            return TrainingLoop.Run(training, heldOut.Count == 0 ? null : training, options.Loop, progress, cancel);
        }
        finally
        {
            foreach (var (_, weight) in encoder.named_parameters()) weight.requires_grad = false;
            LogMelConvolutions.Lift(encoder.state_dict(), -LogMelConvolutions.Height);
        }
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
            ["intermediate_size"] = config.FeedForwardSize,
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
}
