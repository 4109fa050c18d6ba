using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>Architecture of a data2vec-audio model; the defaults are those of facebook/data2vec-audio-base.</summary>
public sealed record Data2VecAudioConfig : SpeechEncoderConfig
{
    /// <summary>Positional convolutions, one after the other.</summary>
    public long PositionLayers { get; init; } = 5;

    /// <summary>Creates the configuration of the base model.</summary>
    public Data2VecAudioConfig() => PositionKernel = 19;

    /// <summary>Reads a Hugging Face config.json; keys that it leaves out keep the base model's values.</summary>
    /// <exception cref="InvalidDataException">A value is of another kind than its key asks, or asks for a part that is not built here.</exception>
    public static Data2VecAudioConfig FromJson(JsonObject config)
    {
        config.Refuse("add_adapter", config.Flag("add_adapter", false), "but adapters are not supported.");
        var defaults = new Data2VecAudioConfig();
        return (Data2VecAudioConfig)(defaults with
        {
            PositionLayers = config.Size("num_conv_pos_embeddings", defaults.PositionLayers),
            PositionKernel = config.Size("conv_pos_kernel_size", defaults.PositionKernel),
        }).Read(config);
    }
}

/// <summary>The audio encoder of data2vec (Baevski et al., 2022), MINT's frozen encoder: waveform to frame vectors, 50 a second.</summary>
/// <remarks>
/// After Data2VecAudioModel of Hugging Face transformers 4.32: LayerNorm after every convolution of the waveform, five stacked
/// positional convolutions, post-norm blocks. Fits facebook/data2vec-audio-base and -large and their fine-tuned versions.
/// </remarks>
public sealed class Data2VecAudio : SpeechEncoder
{
    /// <summary>Creates a model whose weights are unset.</summary>
    public Data2VecAudio(Data2VecAudioConfig config) : base(nameof(Data2VecAudio), config, new Positions(config))
    {
    }

    /// <summary>Loads a Hugging Face folder. The weights are frozen.</summary>
    /// <param name="folder">Holds config.json, the weights and, where the original has one, preprocessor_config.json or processor_config.json.</param>
    /// <param name="dtype">Type of the weights in memory; null for float32.</param>
    /// <param name="device">Where they go; null for the CPU.</param>
    public static Data2VecAudio Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var config = Data2VecAudioConfig.FromJson(checkpoint.Config);
        return Fill(new Data2VecAudio((Data2VecAudioConfig)WithFrontEnd(config, folder)), checkpoint, dtype, device);
    }

    private sealed class Positions : SpeechPositions
    {
        [ComponentName(Name = "layers")] private readonly ModuleList<Layer> layers;
        private readonly long groups;

        public Positions(Data2VecAudioConfig config) : base(nameof(Positions))
        {
            groups = config.PositionGroups;
            layers = new ModuleList<Layer>([.. Enumerable.Range(0, (int)config.PositionLayers).Select(_ => new Layer(config))]);
            RegisterComponents();
        }

        internal override Tensor Embed(Tensor hidden, Tensor? padding)
        {
            using var scope = NewDisposeScope();
            var x = hidden.transpose(1, 2); // (B, D, T)
            foreach (var layer in layers)
            {
                var y = Convolve(x, layer.conv.weight, layer.conv.bias, groups).transpose(1, 2);                  // (B, T, D)
                y = functional.gelu(functional.layer_norm(y, [y.shape[2]], eps: 1e-5));                           // no affine part
                if (padding is not null) y = y.FillWhere_(padding, 0); // as beyond the end of a row that stands alone
                x = y.transpose(1, 2);
            }
            return x.transpose(1, 2).MoveToOuterDisposeScope();
        }
    }

    private sealed class Layer : Module
    {
        public readonly PositionalConvolution conv;

        public Layer(Data2VecAudioConfig config) : base(nameof(Layer))
        {
            conv = new PositionalConvolution(config);
            RegisterComponents();
        }
    }

    private sealed class PositionalConvolution : Module
    {
        public readonly Parameter weight; // (D, D / groups, k)
        public readonly Parameter bias;

        public PositionalConvolution(SpeechEncoderConfig config) : base(nameof(PositionalConvolution))
        {
            weight = new Parameter(empty(config.HiddenSize, config.HiddenSize / config.PositionGroups, config.PositionKernel));
            bias = new Parameter(empty(config.HiddenSize));
            RegisterComponents();
        }
    }
}
