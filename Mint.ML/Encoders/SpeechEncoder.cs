using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>What data2vec-audio, wav2vec 2.0, HuBERT and MERT have in common; the defaults are those of the base models.</summary>
public abstract record SpeechEncoderConfig
{
    /// <summary>Width D of a frame vector.</summary>
    public long HiddenSize { get; init; } = 768;

    /// <summary>Transformer blocks.</summary>
    public long Layers { get; init; } = 12;

    /// <summary>Attention heads of a block.</summary>
    public long Heads { get; init; } = 12;

    /// <summary>Width of a block's feed-forward.</summary>
    public long FeedForwardSize { get; init; } = 3072;

    /// <summary>Channels of each convolution over the waveform.</summary>
    public IReadOnlyList<long> ConvolutionWidths { get; init; } = [512, 512, 512, 512, 512, 512, 512];

    /// <summary>Kernel of each convolution over the waveform, in its own input's steps.</summary>
    public IReadOnlyList<long> ConvolutionKernels { get; init; } = [10, 3, 3, 3, 3, 2, 2];

    /// <summary>Stride of each convolution; their product is the hop of a frame in samples (320: 20 ms at 16 kHz).</summary>
    public IReadOnlyList<long> ConvolutionStrides { get; init; } = [5, 2, 2, 2, 2, 2, 2];

    /// <summary>Whether the convolutions over the waveform have a bias.</summary>
    public bool ConvolutionBias { get; init; }

    /// <summary>True: one GroupNorm over time after the first convolution. False: a LayerNorm over channels after each.</summary>
    public bool GroupNorm { get; init; }

    /// <summary>Whether a LayerNorm precedes the projection of the convolutions' output.</summary>
    public bool ProjectionNorm { get; init; } = true;

    /// <summary>Kernel k of a positional convolution, in frames.</summary>
    public long PositionKernel { get; init; }

    /// <summary>Channel groups of a positional convolution.</summary>
    public long PositionGroups { get; init; } = 16;

    /// <summary>LayerNorm before the branches of a block instead of after them ("stable layer norm").</summary>
    public bool PreNorm { get; init; }

    /// <summary>What a post-norm block multiplies its residual by: 1, or (2 Layers)^0.25 under deepnorm.</summary>
    public double ResidualScale { get; init; } = 1;

    /// <summary>Epsilon of every LayerNorm with weights.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Samples per second of the training data, in Hz.</summary>
    public int SampleRate { get; init; } = 16000;

    /// <summary>Whether a waveform is brought to zero mean and unit variance first (the front end's do_normalize).</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>Fills the keys that all four architectures spell alike.</summary>
    internal SpeechEncoderConfig Read(JsonObject config)
    {
        foreach (string key in (string[])["hidden_act", "feat_extract_activation"])
            config.Refuse(key, config.Text(key, "gelu") != "gelu", "expected gelu, as all published models of this kind have.");

        var read = this with
        {
            HiddenSize = config.Size("hidden_size", HiddenSize),
            Layers = config.Layers("num_hidden_layers", Layers),
            Heads = config.Size("num_attention_heads", Heads),
            FeedForwardSize = config.Size("intermediate_size", FeedForwardSize),
            ConvolutionWidths = config.Sizes("conv_dim", ConvolutionWidths),
            ConvolutionKernels = config.Sizes("conv_kernel", ConvolutionKernels),
            ConvolutionStrides = config.Sizes("conv_stride", ConvolutionStrides),
            ConvolutionBias = config.Flag("conv_bias", ConvolutionBias),
            PositionGroups = config.Size("num_conv_pos_embedding_groups", PositionGroups),
            LayerNormEps = config.Number("layer_norm_eps", LayerNormEps),
            SampleRate = (int)config.Size("sample_rate", SampleRate),
        };
        if (read.ConvolutionKernels.Count != read.ConvolutionWidths.Count || read.ConvolutionStrides.Count != read.ConvolutionWidths.Count)
        {
            throw new InvalidDataException("config.json: 'conv_dim', 'conv_kernel' and 'conv_stride' have "
                + $"{read.ConvolutionWidths.Count}, {read.ConvolutionKernels.Count} and {read.ConvolutionStrides.Count} items, expected equally many.");
        }

        if (read.HiddenSize % read.Heads != 0 || read.HiddenSize % read.PositionGroups != 0)
        {
            throw new InvalidDataException($"config.json: 'hidden_size' is {read.HiddenSize}, expected a multiple of "
                + $"'num_attention_heads' ({read.Heads}) and 'num_conv_pos_embedding_groups' ({read.PositionGroups}).");
        }

        return read;
    }

    /// <summary>Frames that a number of samples gives; 0 when they are fewer than one frame needs.</summary>
    public long Frames(long samples)
    {
        for (int i = 0; i < ConvolutionKernels.Count && samples > 0; i++)
            samples = samples < ConvolutionKernels[i] ? 0 : (samples - ConvolutionKernels[i]) / ConvolutionStrides[i] + 1;
        return Math.Max(samples, 0);
    }

    /// <summary>Samples that the first frame needs.</summary>
    public long MinimumSamples
    {
        get
        {
            long samples = 1;
            for (int i = ConvolutionKernels.Count - 1; i >= 0; i--)
                samples = (samples - 1) * ConvolutionStrides[i] + ConvolutionKernels[i];
            return samples;
        }
    }
}

/// <summary>All that a speech encoder computes of a batch.</summary>
/// <param name="HiddenStates">Layers + 1 tensors (B, T, D): after the positional convolution, then after each block.</param>
/// <param name="Features">(B, T, C) the convolutions' output, normalised where the model has a norm before its projection.</param>
/// <param name="Mask">(B, T) bool, true where a frame comes from audio.</param>
public sealed record SpeechStates(IReadOnlyList<Tensor> HiddenStates, Tensor Features, Tensor Mask) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var states in HiddenStates) states.Dispose();
        Features.Dispose();
        Mask.Dispose();
    }
}

/// <summary>The network under data2vec-audio, wav2vec 2.0, HuBERT and MERT: convolutions over the waveform, then a transformer.</summary>
/// <remarks>
/// The convolutions run row by row over each row's own samples, so that a norm over time sees no padding and none is computed;
/// the transformer runs on the padded batch with its padding masked. A row alone therefore gives what it gives in a batch.
/// <see cref="ForwardHidden"/> instead computes what the original computes, which is not always so: its GroupNorm averages over
/// zero padding, and the later positional convolutions of data2vec read what the earlier ones wrote into it.
/// </remarks>
public abstract class SpeechEncoder : Module, IAudioEncoder
{
    private readonly SpeechEncoderConfig config;
    [TorchSharp.Utils.ComponentName(Name = "feature_extractor")] private protected readonly SpeechConvolutions convolutions;
    [TorchSharp.Utils.ComponentName(Name = "feature_projection")] private protected readonly SpeechProjection projection;
    [TorchSharp.Utils.ComponentName(Name = "encoder")] private protected readonly SpeechTransformer transformer;

    private protected SpeechEncoder(string name, SpeechEncoderConfig config, SpeechPositions positions) : base(name)
    {
        this.config = config;
        convolutions = new SpeechConvolutions(config);
        projection = new SpeechProjection(config);
        transformer = new SpeechTransformer(config, positions);
        RegisterComponents();
    }

    /// <summary>How the names of published checkpoints, heads for other tasks included, become this model's.</summary>
    public static WeightNames Names { get; } = new()
    {
        OptionalPrefixes = ["data2vec_audio.", "wav2vec2.", "hubert.", "mert."],
        Ignored =
        [
            "^masked_spec_embed$", // stands for masked frames in pre-training
            @"^(lm_head|quantizer|project_q|project_hid|final_proj|label_embs_concat|projector|classifier|layer_weights)(\.|$)",
        ],
    };

    /// <summary>The architecture.</summary>
    public SpeechEncoderConfig Config => config;

    /// <inheritdoc/>
    public int SampleRate => config.SampleRate;

    /// <inheritdoc/>
    public int HiddenSize => (int)config.HiddenSize;

    /// <inheritdoc/>
    public long MinimumSamples => config.MinimumSamples;

    /// <inheritdoc/>
    public Device Device => projection.Weight.device;

    /// <inheritdoc/>
    public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var states = EncodeHidden(waveforms, lengths, keepAll: false);
        return new AudioEncoding(states.HiddenStates[^1].MoveToOuterDisposeScope(), states.Mask.MoveToOuterDisposeScope());
    }

    /// <summary>As <see cref="Encode"/>, with the states of every layer.</summary>
    /// <param name="waveforms">(B, T) float32 samples in [-1, 1] at <see cref="SampleRate"/>.</param>
    /// <param name="lengths">(B) int64, the true number of samples of each row.</param>
    public SpeechStates EncodeHidden(Tensor waveforms, Tensor lengths) => EncodeHidden(waveforms, lengths, keepAll: true);

    private SpeechStates EncodeHidden(Tensor waveforms, Tensor lengths, bool keepAll)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        long[] samples = Lengths(waveforms, lengths);
        var input = waveforms.to(Device);
        if (config.Normalize) input = WaveformNormalizer.Normalize(input, lengths);
        input = input.to(projection.Weight.dtype);
        var features = samples.Select((length, row) => convolutions.forward(input.select(0, row).narrow(0, 0, length))).ToArray(); // (T, C) a row
        long[] frames = [.. features.Select(rows => rows.shape[0])];
        var padded = zeros([samples.Length, frames.Max(), features[0].shape[1]], features[0].dtype, Device); // (B, T, C)
        for (int row = 0; row < features.Length; row++)
        {
            padded.select(0, row).narrow(0, 0, frames[row]).copy_(features[row]);
            features[row].Dispose();
        }
        return Transform(padded, FrameMask(frames), isolateRows: true, keepAll);
    }

    /// <summary>What the original computes of input values, padding included; no normalisation is done here.</summary>
    /// <param name="inputValues">(B, T) samples as the original's feature extractor gives them.</param>
    /// <param name="mask">(B, T) bool, true where a sample is real; null when all are.</param>
    public SpeechStates ForwardHidden(Tensor inputValues, Tensor? mask = null)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        long rows = inputValues.shape[0], width = inputValues.shape[1];
        using var lengths = mask is null ? Filled([rows], width) : mask.to(int64).sum(1);
        long[] samples = Lengths(inputValues, lengths);
        var values = inputValues.to(projection.Weight.dtype, Device);
        var features = stack(Enumerable.Range(0, (int)rows).Select(row => convolutions.forward(values.select(0, row))).ToArray());
        return Transform(features, FrameMask([.. samples.Select(config.Frames)], features.shape[1]), isolateRows: false, keepAll: true);
    }

    /// <summary>One row through the first convolutions, (T) samples to (T', C), normalised first where the model's front end does that.</summary>
    public Tensor Convolve(Tensor samples, int layers)
    {
        using var row = samples.unsqueeze(0);
        using var length = tensor(new[] { samples.shape[0] });
        using var normalised = config.Normalize ? WaveformNormalizer.Normalize(row, length) : row.alias();
        using var values = normalised.squeeze(0).unsqueeze(1);
        return convolutions.Run(values, 0, layers);
    }

    /// <summary>What the first convolutions gave (B, T, C) to the last hidden states (B, T', D), with gradients. No row is padded.</summary>
    public Tensor Contextualise(Tensor features, int layers)
    {
        using var scope = NewDisposeScope();
        var convolved = convolutions.Run(features, layers, convolutions.Count);
        var mask = ones(convolved.shape[0], convolved.shape[1], dtype: ScalarType.Bool, device: convolved.device);
        return transformer.Run(projection.Project(convolved).Projected, mask, isolateRows: true, keepAll: true)[^1].MoveToOuterDisposeScope();
    }

    /// <summary>All parameters but those of the first convolutions.</summary>
    public IEnumerable<(string name, TorchSharp.Modules.Parameter parameter)> ParametersAfter(int layers) =>
        convolutions.ParametersFrom(layers)
            .Concat(Named("feature_projection", projection)).Concat(Named("encoder", transformer));

    private static IEnumerable<(string, TorchSharp.Modules.Parameter)> Named(string part, Module module) =>
        module.named_parameters().Select(pair => ($"{part}.{pair.name}", pair.parameter));

    private SpeechStates Transform(Tensor features, Tensor mask, bool isolateRows, bool keepAll)
    {
        var (projected, normalised) = projection.Project(features);
        var hidden = transformer.Run(projected, mask, isolateRows, keepAll);
        return new SpeechStates([.. hidden.Select(states => states.MoveToOuterDisposeScope())],
            normalised.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    private Tensor FrameMask(long[] frames, long? width = null)
    {
        using var lengths = tensor(frames, device: Device).unsqueeze(1);      // (B, 1)
        using var positions = Indices(width ?? frames.Max(), device: Device); // (T)
        return positions.lt(lengths);                                         // (B, T)
    }

    private long[] Lengths(Tensor waveforms, Tensor lengths)
    {
        if (waveforms.ndim != 2 || lengths.ndim != 1 || lengths.shape[0] != waveforms.shape[0] || waveforms.shape[0] == 0)
        {
            throw new ArgumentException($"Waveforms should be (B, T) and lengths (B), B at least 1; they are "
                + $"({string.Join(", ", waveforms.shape)}) and ({string.Join(", ", lengths.shape)}).");
        }

        using var whole = lengths.to(int64).cpu();
        long[] samples = whole.data<long>().ToArray();
        for (int row = 0; row < samples.Length; row++)
        {
            if (samples[row] > waveforms.shape[1])
                throw new ArgumentException($"Row {row} has length {samples[row]}, but the waveforms hold {waveforms.shape[1]} samples.");
            if (config.Frames(samples[row]) == 0)
            {
                throw new SoundNotEncodableException($"Row {row} has {samples[row]} samples; {GetName()} needs at least {config.MinimumSamples} "
                    + $"({1000.0 * config.MinimumSamples / SampleRate:0.#} ms at {SampleRate} Hz).");
            }
        }
        return samples;
    }

    /// <summary>Reads a folder's weights into a model and freezes them.</summary>
    private protected static T Fill<T>(T model, CheckpointFolder folder, ScalarType? dtype, Device? device) where T : SpeechEncoder
    {
        WeightLoader.Load(model.Placed(dtype, device), folder, Names);
        return model.Frozen();
    }

    /// <summary>The folder's do_normalize and sampling rate, which stand beside config.json.</summary>
    private protected static SpeechEncoderConfig WithFrontEnd(SpeechEncoderConfig config, string folder) => FrontEndFile.Read(folder, frontEnd => config with
    {
        Normalize = frontEnd.Flag("do_normalize", true),
        SampleRate = (int)frontEnd.Size("sampling_rate", config.SampleRate),
    }) ?? config;
}
