using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>The dimensions of an AST; the defaults are MIT/ast-finetuned-audioset-10-10-0.4593's.</summary>
public sealed record AstConfig
{
    /// <summary>The encoder.</summary>
    public VitConfig Encoder { get; init; } = new();

    /// <summary>Mel bins F of the input.</summary>
    public long MelBins { get; init; } = 128;

    /// <summary>Frames T of the input, always: shorter clips are padded and longer ones cut, by the front end.</summary>
    public long Frames { get; init; } = 1024;

    /// <summary>Side of a patch.</summary>
    public long PatchSize { get; init; } = 16;

    /// <summary>Step of patches along frequency; below the patch's side they overlap.</summary>
    public long FrequencyStride { get; init; } = 10;

    /// <summary>Step of patches along time.</summary>
    public long TimeStride { get; init; } = 10;

    /// <summary>Rows of patches.</summary>
    public long FrequencyPatches => (MelBins - PatchSize) / FrequencyStride + 1;

    /// <summary>Columns of patches.</summary>
    public long TimePatches => (Frames - PatchSize) / TimeStride + 1;

    /// <summary>Reads a Hugging Face config.json.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range.</exception>
    public static AstConfig FromJson(JsonObject config)
    {
        var d = new AstConfig();
        return new()
        {
            Encoder = VitConfig.FromJson(config),
            MelBins = config.Size("num_mel_bins", d.MelBins),
            Frames = config.Size("max_length", d.Frames),
            PatchSize = config.Size("patch_size", d.PatchSize),
            FrequencyStride = config.Size("frequency_stride", d.FrequencyStride),
            TimeStride = config.Size("time_stride", d.TimeStride),
        };
    }
}

/// <summary>
/// The Audio Spectrogram Transformer (Gong et al., "AST: Audio Spectrogram Transformer", 2021) as transformers' ASTModel computes it: a
/// vision transformer over overlapping patches of a log-mel spectrogram, with a class and a distillation token in front.
/// </summary>
public sealed class Ast : Module<Tensor, Tensor>
{
    /// <summary>How the files of Hugging Face name the weights; a classifier may stand beside them.</summary>
    public static WeightNames Names { get; } = new()
    {
        OptionalPrefixes = ["audio_spectrogram_transformer."],
        Renames = VitEncoder.Renames,
        Ignored = [@"^classifier\."],
    };

    private readonly AstEmbeddings embeddings;
    private readonly VitEncoder encoder;
    private readonly LayerNorm layernorm;

    /// <summary>A model with unset weights.</summary>
    public Ast(AstConfig config) : base(nameof(Ast))
    {
        Config = config;
        if (config.PatchSize > config.MelBins || config.PatchSize > config.Frames)
            throw new InvalidDataException($"config.json: 'patch_size' {config.PatchSize} exceeds the input of {config.Frames} x {config.MelBins}.");
        embeddings = new AstEmbeddings(config);
        encoder = new VitEncoder(config.Encoder);
        layernorm = new LayerNorm(config.Encoder.HiddenSize, config.Encoder.LayerNormEps);
        RegisterComponents();
    }

    /// <summary>The dimensions.</summary>
    public AstConfig Config { get; }

    /// <summary>Where the weights are; inputs are expected there.</summary>
    public Device Device => layernorm.weight.device;

    /// <summary>Loads a Hugging Face folder.</summary>
    /// <param name="folder">config.json and model.safetensors (or shards, or pytorch_model.bin).</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken, or are not an AST's.</exception>
    public static Ast Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var model = new Ast(AstConfig.FromJson(checkpoint.Config)).Placed(dtype, device).Frozen();
        WeightLoader.Load(model, checkpoint, Names);
        return model;
    }

    /// <summary>Encodes log-mel spectrograms.</summary>
    /// <param name="mel">(B, T, F), standardised, T frames by F bins exactly as configured.</param>
    /// <returns>(B, 2 + patches, D): class token, distillation token, patches by frequency and, within, by time.</returns>
    public override Tensor forward(Tensor mel) => Run(mel, null);

    /// <summary>The embeddings and the output of every block before the final norm: L+1 of (B, 2 + patches, D).</summary>
    public IReadOnlyList<Tensor> HiddenStates(Tensor mel)
    {
        var every = new List<Tensor>();
        Run(mel, every).Dispose();
        return every;
    }

    /// <summary>One vector a clip, (B, D): the mean of the class and distillation tokens of <see cref="forward"/>'s output.</summary>
    public Tensor Pool(Tensor hidden)
    {
        using var tokens = hidden.narrow(1, 0, 2);
        return tokens.mean([1]);
    }

    private Tensor Run(Tensor mel, List<Tensor>? every)
    {
        if (mel.shape is not [_, var frames, var bins] || frames != Config.Frames || bins != Config.MelBins)
        {
            throw new ArgumentException(
                $"The spectrogram has shape ({string.Join(", ", mel.shape)}); this AST takes (B, {Config.Frames}, {Config.MelBins}).", nameof(mel));
        }

        using var scope = NewDisposeScope();
        var hidden = layernorm.call(encoder.Run(embeddings.call(mel.to(layernorm.weight.dtype)), every));
        foreach (var state in every ?? [])
            state.MoveToOuterDisposeScope();
        return hidden.MoveToOuterDisposeScope();
    }
}

internal sealed class AstEmbeddings : Module<Tensor, Tensor>
{
    private readonly Parameter cls_token;           // (1, 1, D)
    private readonly Parameter distillation_token;  // (1, 1, D)
    private readonly Parameter position_embeddings; // (1, 2 + patches, D)
    private readonly VitPatches patch_embeddings;

    public AstEmbeddings(AstConfig config) : base(nameof(AstEmbeddings))
    {
        var width = config.Encoder.HiddenSize;
        cls_token = new Parameter(empty(1, 1, width));
        distillation_token = new Parameter(empty(1, 1, width));
        position_embeddings = new Parameter(empty(1, 2 + config.FrequencyPatches * config.TimePatches, width));
        patch_embeddings = new VitPatches(1, width, config.PatchSize, (config.FrequencyStride, config.TimeStride));
        RegisterComponents();
    }

    public override Tensor forward(Tensor mel)
    {
        var rows = mel.shape[0];
        using var scope = NewDisposeScope();
        var patches = patch_embeddings.call(mel.unsqueeze(1).transpose(2, 3)); // the image's rows are mel bins
        var tokens = cat([cls_token.expand(rows, -1, -1), distillation_token.expand(rows, -1, -1), patches], 1);
        return tokens.Plus(position_embeddings).MoveToOuterDisposeScope();
    }
}
