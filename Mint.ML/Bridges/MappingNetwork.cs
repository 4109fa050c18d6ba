using Mint.ML.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Bridges;

/// <summary>The dimensions of a <see cref="MappingNetwork"/>; the defaults are Pengi's.</summary>
public sealed record MappingNetworkConfig
{
    /// <summary>Width of the embedding to map.</summary>
    public long InputSize { get; init; } = 1024;

    /// <summary>Width D of the language model.</summary>
    public long HiddenSize { get; init; } = 768;

    /// <summary>Tokens of the prefix P.</summary>
    public long PrefixLength { get; init; } = 40;

    /// <summary>Tokens that the embedding is spread over on the way in.</summary>
    public long InputLength { get; init; } = 40;

    /// <summary>Transformer layers.</summary>
    public long Layers { get; init; } = 8;

    /// <summary>Attention heads; divides <see cref="HiddenSize"/>.</summary>
    public long Heads { get; init; } = 8;

    /// <summary>Feed-forward width over D.</summary>
    public double MlpRatio { get; init; } = 2;
}

/// <summary>
/// The mapping network of ClipCap (Mokady et al., "ClipCap: CLIP Prefix for Image Captioning", 2021), which Pengi uses twice: one
/// embedding becomes a prefix of a language model. Learned constants attend to the embedding and come out as the prefix.
/// </summary>
internal sealed class MappingNetwork : Module<Tensor, Tensor>
{
    private readonly Linear? linear; // none where vectors of D come in
    private readonly Parameter prefix_const; // (P, D)
    private readonly MappingTransformer transformer;
    private readonly long inputLength;

    /// <summary>A network with unset weights.</summary>
    /// <param name="config">The dimensions.</param>
    /// <param name="readsVectors">Whether it is given vectors of the language model's width instead of one embedding.</param>
    /// <exception cref="InvalidDataException">The heads do not divide the width.</exception>
    public MappingNetwork(MappingNetworkConfig config, bool readsVectors = false) : base(nameof(MappingNetwork))
    {
        if (config.HiddenSize % config.Heads != 0)
            throw new InvalidDataException($"A mapping network of width {config.HiddenSize} cannot have {config.Heads} attention heads.");
        inputLength = config.InputLength;
        linear = readsVectors ? null : new Linear(config.InputSize, config.InputLength * config.HiddenSize);
        prefix_const = new Parameter(empty(config.PrefixLength, config.HiddenSize));
        transformer = new MappingTransformer(config);
        RegisterComponents();
    }

    /// <summary>(B, inputs), or (B, L, D) of one that reads vectors, to a prefix, (B, P, D).</summary>
    public override Tensor forward(Tensor input)
    {
        var rows = input.shape[0];
        using var scope = NewDisposeScope();
        var spread = linear is null ? input : linear.call(input).view(rows, inputLength, -1);
        var tokens = cat([spread, prefix_const.unsqueeze(0).expand(rows, -1, -1)], 1);
        return transformer.call(tokens).narrow(1, spread.shape[1], prefix_const.shape[0]).MoveToOuterDisposeScope();
    }
}

internal sealed class MappingTransformer : Module<Tensor, Tensor>
{
    private readonly ModuleList<PreNormBlock> layers;

    public MappingTransformer(MappingNetworkConfig config) : base(nameof(MappingTransformer))
    {
        layers = new ModuleList<PreNormBlock>([.. Enumerable.Range(0, (int)config.Layers).Select(_ => Block())]);
        RegisterComponents();

        PreNormBlock Block() => new(config.HiddenSize, 1e-5, new MappingAttention(config),
            new FeedForward(config.HiddenSize, (long)(config.HiddenSize * config.MlpRatio), x => functional.relu(x)));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        foreach (var layer in layers)
            x = layer.call(x);
        return x.MoveToOuterDisposeScope();
    }
}

internal sealed class MappingAttention : Module<Tensor, Tensor>
{
    private readonly Linear to_queries;
    private readonly Linear to_keys_values;
    private readonly Linear project;
    private readonly long heads;

    public MappingAttention(MappingNetworkConfig config) : base(nameof(MappingAttention))
    {
        heads = config.Heads;
        to_queries = new Linear(config.HiddenSize, config.HiddenSize, bias: false);
        to_keys_values = new Linear(config.HiddenSize, 2 * config.HiddenSize, bias: false);
        project = new Linear(config.HiddenSize, config.HiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var query = Attention.SplitHeads(to_queries.call(x), heads); // (B, H, L, d)
        var keysValues = Attention.SplitHeads(to_keys_values.call(x), heads, parts: 2);
        return project.call(Attention.MergeHeads(Attention.Attend(query, keysValues[0], keysValues[1], bias: null))).MoveToOuterDisposeScope();
    }
}
