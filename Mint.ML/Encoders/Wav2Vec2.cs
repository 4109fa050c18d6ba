using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>Architecture of a wav2vec 2.0 model; the defaults are those of facebook/wav2vec2-base.</summary>
public sealed record Wav2Vec2Config : SpeechEncoderConfig
{
    /// <summary>Creates the configuration of the base model.</summary>
    public Wav2Vec2Config() => (GroupNorm, PositionKernel) = (true, 128);

    /// <summary>Reads a Hugging Face config.json; keys that it leaves out keep the base model's values.</summary>
    /// <exception cref="InvalidDataException">A value is of another kind than its key asks, or asks for a part that is not built here.</exception>
    public static Wav2Vec2Config FromJson(JsonObject config)
    {
        config.Refuse("add_adapter", config.Flag("add_adapter", false), "but adapters are not supported.");
        var defaults = new Wav2Vec2Config();
        return (Wav2Vec2Config)(defaults with
        {
            GroupNorm = FeatureNorm(config),
            PreNorm = config.Flag("do_stable_layer_norm", false),
            PositionKernel = config.Size("num_conv_pos_embeddings", defaults.PositionKernel),
        }).Read(config);
    }

    internal static bool FeatureNorm(JsonObject config) => config.Text("feat_extract_norm", "group") switch
    {
        "group" => true,
        "layer" => false,
        var other => throw new InvalidDataException($"config.json: 'feat_extract_norm' is \"{other}\", expected \"group\" or \"layer\"."),
    };
}

/// <summary>wav2vec 2.0 (Baevski et al., 2020): waveform to frame vectors, 50 a second.</summary>
/// <remarks>
/// After Wav2Vec2Model of Hugging Face transformers 4.32, both variants: group norm and post-norm blocks (base), layer norm and
/// pre-norm blocks (large-lv60, XLS-R). The quantizer and heads of pre-training checkpoints are not read.
/// </remarks>
public sealed class Wav2Vec2 : SpeechEncoder
{
    /// <summary>Creates a model whose weights are unset.</summary>
    public Wav2Vec2(Wav2Vec2Config config) : base(nameof(Wav2Vec2), config, new WeightNormPositions(config))
    {
    }

    /// <summary>Loads a Hugging Face folder. The weights are frozen.</summary>
    /// <param name="folder">Holds config.json, the weights and, where the original has one, preprocessor_config.json or processor_config.json.</param>
    /// <param name="dtype">Type of the weights in memory; null for float32.</param>
    /// <param name="device">Where they go; null for the CPU.</param>
    public static Wav2Vec2 Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var config = Wav2Vec2Config.FromJson(checkpoint.Config);
        return Fill(new Wav2Vec2((Wav2Vec2Config)WithFrontEnd(config, folder)), checkpoint, dtype, device);
    }
}

/// <summary>The positional convolution of wav2vec 2.0, HuBERT and MERT, under weight normalisation per kernel tap.</summary>
internal sealed class WeightNormPositions : SpeechPositions
{
    private readonly Convolution conv;
    private readonly long groups;

    public WeightNormPositions(SpeechEncoderConfig config) : base(nameof(WeightNormPositions))
    {
        conv = new Convolution(config);
        groups = config.PositionGroups;
        RegisterComponents();
    }

    internal override Tensor Embed(Tensor hidden, Tensor? padding)
    {
        using var scope = NewDisposeScope();
        var weight = conv.weight_v * (conv.weight_g / conv.weight_v.Squared().sum([0, 1], keepdim: true).sqrt()); // (D, D / groups, k)
        var y = Convolve(hidden.transpose(1, 2), weight, conv.bias, groups);                                     // (B, D, T)
        return functional.gelu(y.transpose(1, 2)).MoveToOuterDisposeScope();
    }

    private sealed class Convolution : Module
    {
        public readonly Parameter weight_g; // (1, 1, k)
        public readonly Parameter weight_v; // (D, D / groups, k)
        public readonly Parameter bias;

        public Convolution(SpeechEncoderConfig config) : base(nameof(Convolution))
        {
            weight_g = new Parameter(empty(1, 1, config.PositionKernel));
            weight_v = new Parameter(empty(config.HiddenSize, config.HiddenSize / config.PositionGroups, config.PositionKernel));
            bias = new Parameter(empty(config.HiddenSize));
            RegisterComponents();
        }
    }
}
