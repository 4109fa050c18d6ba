using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>The dimensions of a vision transformer's encoder; the defaults are ViT-Base's.</summary>
public sealed record VitConfig
{
    /// <summary>Width D.</summary>
    public long HiddenSize { get; init; } = 768;

    /// <summary>Width of the feed-forward layer.</summary>
    public long FeedForwardSize { get; init; } = 3072;

    /// <summary>Transformer blocks.</summary>
    public long Layers { get; init; } = 12;

    /// <summary>Attention heads; divides <see cref="HiddenSize"/>.</summary>
    public long Heads { get; init; } = 12;

    /// <summary>Added to the variance in layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Activation of the feed-forward layer.</summary>
    public string Activation { get; init; } = "gelu";

    /// <summary>Whether query, key and value have biases.</summary>
    public bool ProjectionBias { get; init; } = true;

    /// <summary>Reads the keys that AST and ViT-MAE share in a Hugging Face config.json.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range.</exception>
    public static VitConfig FromJson(JsonObject config)
    {
        var d = new VitConfig();
        return new()
        {
            HiddenSize = config.Size("hidden_size", d.HiddenSize),
            FeedForwardSize = config.Size("intermediate_size", d.FeedForwardSize),
            Layers = config.Layers("num_hidden_layers", d.Layers),
            Heads = config.Size("num_attention_heads", d.Heads),
            LayerNormEps = config.Number("layer_norm_eps", d.LayerNormEps),
            Activation = config.Text("hidden_act", d.Activation),
            ProjectionBias = config.Flag("qkv_bias", d.ProjectionBias),
        };
    }
}

/// <summary>The blocks of a vision transformer (Dosovitskiy et al., 2021) as transformers' ViT, AST and ViT-MAE share them: pre-norm.</summary>
internal sealed class VitEncoder : Module
{
    /// <summary>How a block's names in the files of Hugging Face become those of <see cref="PreNormBlock"/>.</summary>
    public static IReadOnlyList<(string Pattern, string Replacement)> Renames { get; } =
    [
        (@"(layer\.\d+)\.layernorm_before\.", "$1.norm1."),
        (@"(layer\.\d+)\.attention\.", "$1.attn."),
        (@"(layer\.\d+)\.layernorm_after\.", "$1.norm2."),
        (@"(layer\.\d+)\.intermediate\.dense\.", "$1.mlp.fc1."),
        (@"(layer\.\d+)\.output\.dense\.", "$1.mlp.fc2."),
    ];

    private readonly ModuleList<PreNormBlock> layer;

    public VitEncoder(VitConfig config) : base(nameof(VitEncoder))
    {
        if (config.HiddenSize % config.Heads != 0)
        {
            throw new InvalidDataException(
                $"config.json: 'hidden_size' {config.HiddenSize} is not divisible by 'num_attention_heads' {config.Heads}.");
        }

        layer = new ModuleList<PreNormBlock>([.. Enumerable.Range(0, (int)config.Layers).Select(_ => Block())]);
        RegisterComponents();

        PreNormBlock Block() => new(config.HiddenSize, config.LayerNormEps, new VitAttention(config),
            new FeedForward(config.HiddenSize, config.FeedForwardSize, Activations.ByName(config.Activation, "hidden_act")));
    }

    /// <summary>(B, L, D) to the same; <paramref name="every"/> receives the input and each block's output.</summary>
    public Tensor Run(Tensor x, IList<Tensor>? every)
    {
        every?.Add(x.alias());
        foreach (var block in layer)
        {
            using var input = x; // each block's output goes when the next is there
            x = block.call(input);
            every?.Add(x.alias());
        }
        return x;
    }
}

internal sealed class VitAttention : Module<Tensor, Tensor>
{
    private readonly Projections attention;
    private readonly Dense output;

    public VitAttention(VitConfig config) : base(nameof(VitAttention))
    {
        attention = new Projections(config);
        output = new Dense(config.HiddenSize, config.HiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var context = attention.call(x);
        return output.call(context);
    }

    private sealed class Projections : Module<Tensor, Tensor>
    {
        private readonly Linear query;
        private readonly Linear key;
        private readonly Linear value;
        private readonly long heads;

        public Projections(VitConfig config) : base(nameof(Projections))
        {
            heads = config.Heads;
            query = new Linear(config.HiddenSize, config.HiddenSize, config.ProjectionBias);
            key = new Linear(config.HiddenSize, config.HiddenSize, config.ProjectionBias);
            value = new Linear(config.HiddenSize, config.HiddenSize, config.ProjectionBias);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var context = Attention.Attend(Split(query), Split(key), Split(value), bias: null); // (B, H, L, d)
            return Attention.MergeHeads(context).MoveToOuterDisposeScope();

            Tensor Split(Linear projection) => Attention.SplitHeads(projection.call(x), heads);
        }
    }
}

/// <summary>Cuts an image into patches: (B, C, H, W) to (B, patches, D), row by row.</summary>
internal sealed class VitPatches : Module<Tensor, Tensor>
{
    private readonly Convolution2d projection;

    public VitPatches(long channels, long width, long patch, (long Height, long Width) stride) : base(nameof(VitPatches))
    {
        projection = new Convolution2d(channels, width, (patch, patch), stride);
        RegisterComponents();
    }

    public override Tensor forward(Tensor image)
    {
        using var grid = projection.call(image);
        using var flat = grid.flatten(2);
        return flat.transpose(1, 2);
    }
}
