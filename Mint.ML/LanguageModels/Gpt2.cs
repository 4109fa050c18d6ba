using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.LanguageModels;

/// <summary>The dimensions of a GPT-2; the defaults are the 124M model's.</summary>
public sealed record Gpt2Config
{
    /// <summary>Token ids V.</summary>
    public long VocabularySize { get; init; } = 50257;

    /// <summary>Learned positions: the longest sequence.</summary>
    public long Positions { get; init; } = 1024;

    /// <summary>Width D.</summary>
    public long HiddenSize { get; init; } = 768;

    /// <summary>Transformer blocks.</summary>
    public long Layers { get; init; } = 12;

    /// <summary>Attention heads; divides <see cref="HiddenSize"/>.</summary>
    public long Heads { get; init; } = 12;

    /// <summary>Width of the feed-forward layer; 4 D in every published model.</summary>
    public long FeedForwardSize { get; init; } = 3072;

    /// <summary>Added to the variance in layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Activation of the feed-forward layer.</summary>
    public string Activation { get; init; } = "gelu_new";

    /// <summary>Begins a text, and ends it.</summary>
    public long BosTokenId { get; init; } = 50256;

    /// <summary>Ends a text.</summary>
    public long EosTokenId { get; init; } = 50256;

    /// <summary>All that end an answer, <see cref="EosTokenId"/> first; null where that is the only one.</summary>
    internal IReadOnlyList<int>? EndTokenIds { get; init; }

    /// <summary>Reads a Hugging Face config.json.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range, or asks for a variant that is not GPT-2.</exception>
    public static Gpt2Config FromJson(JsonObject config)
    {
        config.Refuse("scale_attn_weights", !config.Flag("scale_attn_weights", true), "only scaled attention is implemented");
        config.Refuse("scale_attn_by_inverse_layer_idx", config.Flag("scale_attn_by_inverse_layer_idx", false), "which is not implemented");
        config.Refuse("tie_word_embeddings", !config.Flag("tie_word_embeddings", true), "only a head that is tied to the token embeddings is implemented");
        var d = new Gpt2Config();
        var ends = EndTokens.Read(config, d.EosTokenId);
        var hidden = config.Size("n_embd", d.HiddenSize);
        return new()
        {
            VocabularySize = config.Size("vocab_size", d.VocabularySize),
            Positions = config.Size("n_positions", d.Positions),
            HiddenSize = hidden,
            Layers = config.Layers("n_layer", d.Layers),
            Heads = config.Size("n_head", d.Heads),
            FeedForwardSize = config.Size("n_inner", 4 * hidden),
            LayerNormEps = config.Number("layer_norm_epsilon", d.LayerNormEps),
            Activation = config.Text("activation_function", d.Activation),
            BosTokenId = config.Integer("bos_token_id", d.BosTokenId),
            EosTokenId = ends[0],
            EndTokenIds = ends.Count > 1 ? ends : null,
        };
    }
}

/// <summary>
/// GPT-2 (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019) as transformers' GPT2LMHeadModel computes it:
/// learned positions, pre-norm blocks, tanh GELU, the vocabulary projection tied to the token embeddings.
/// </summary>
public sealed class Gpt2 : CausalLanguageModel
{
    /// <summary>How the files of Hugging Face name the weights; they may hold causal masks and the tied head too.</summary>
    public static WeightNames Names { get; } = new()
    {
        OptionalPrefixes = ["transformer."],
        Ignored = [@"^h\.\d+\.attn\.(masked_)?bias$", @"^lm_head\.weight$"],
    };

    [ComponentName(Name = "wte")] private readonly Embedding tokens;
    [ComponentName(Name = "wpe")] private readonly Embedding positions;
    [ComponentName(Name = "h")] private readonly ModuleList<Gpt2Block> blocks;
    [ComponentName(Name = "ln_f")] private readonly LayerNorm norm;

    /// <summary>A model with unset weights.</summary>
    public Gpt2(Gpt2Config config) : base(nameof(Gpt2))
    {
        Config = config;
        if (config.HiddenSize % config.Heads != 0)
            throw new InvalidDataException($"config.json: 'n_embd' {config.HiddenSize} is not divisible by 'n_head' {config.Heads}.");
        tokens = new Embedding(config.VocabularySize, config.HiddenSize);
        positions = new Embedding(config.Positions, config.HiddenSize);
        blocks = new ModuleList<Gpt2Block>([.. Enumerable.Range(0, (int)config.Layers).Select(layer => new Gpt2Block(config, layer))]);
        norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    /// <summary>The dimensions.</summary>
    public Gpt2Config Config { get; }

    /// <inheritdoc/>
    public override int HiddenSize => (int)Config.HiddenSize;

    /// <inheritdoc/>
    public override int VocabularySize => (int)Config.VocabularySize;

    /// <inheritdoc/>
    public override int StartTokenId => (int)Config.BosTokenId;

    /// <inheritdoc/>
    public override int EosTokenId => (int)Config.EosTokenId;

    /// <inheritdoc/>
    public override IReadOnlyList<int> EndTokenIds => Config.EndTokenIds ?? [EosTokenId];

    /// <inheritdoc/>
    public override int PadTokenId => EosTokenId;

    private protected override Embedding Tokens => tokens;

    private protected override int LayerCount => blocks.Count;

    private protected override long HeadsPerKey => 1;

    /// <summary>Loads a Hugging Face folder.</summary>
    /// <param name="folder">config.json and model.safetensors (or shards, or pytorch_model.bin).</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken, or are not a GPT-2's.</exception>
    public static Gpt2 Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var config = Gpt2Config.FromJson(EndTokens.Config(checkpoint));
        foreach (string prefix in (string[])["", "transformer."])
        {
            TiedEmbeddings.Check(checkpoint, prefix + "wte.weight", ["lm_head.weight"],
                "only a tied head is implemented; remove the tensor if the model was trained with one.");
        }
        var model = new Gpt2(config).Placed(dtype, device).Frozen().Narrowed();
        WeightLoader.Load(model, checkpoint, Names);
        return model;
    }

    /// <inheritdoc/>
    public override Tensor Project(Tensor hidden) => tokens.Logits(hidden);

    private protected override Tensor RunLayers(Tensor embeddings, ICausalAttention attention, IList<Tensor>? every)
    {
        using var scope = NewDisposeScope();
        if (attention.LongestPosition >= Config.Positions && attention.Positions.max().item<long>() is var last && last >= Config.Positions)
        {
            throw new InvalidOperationException(
                $"The sequence is {last + 1} tokens long; this GPT-2 has {Config.Positions} positions (config.json: n_positions).");
        }

        var x = embeddings.Plus(positions.call(attention.Positions)); // (B, T, D)
        foreach (var block in blocks)
        {
            every?.Add(x.alias().MoveToOuterDisposeScope());
            using var input = x; // each layer's output goes when the next is there
            x = block.call(input, attention);
        }
        x = norm.call(x);
        every?.Add(x.alias().MoveToOuterDisposeScope());
        return x.MoveToOuterDisposeScope();
    }
}

internal sealed class Gpt2Block : Module<Tensor, ICausalAttention, Tensor>
{
    [ComponentName(Name = "ln_1")] private readonly LayerNorm attentionNorm;
    [ComponentName(Name = "attn")] private readonly Gpt2Attention attention;
    [ComponentName(Name = "ln_2")] private readonly LayerNorm feedForwardNorm;
    [ComponentName(Name = "mlp")] private readonly Gpt2FeedForward feedForward;

    public Gpt2Block(Gpt2Config config, int layer) : base(nameof(Gpt2Block))
    {
        attentionNorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        attention = new Gpt2Attention(config, layer);
        feedForwardNorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        feedForward = new Gpt2FeedForward(config);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, ICausalAttention attend)
    {
        using var scope = NewDisposeScope();
        x = x.Plus(attention.call(attentionNorm.call(x), attend));
        return x.Plus(feedForward.call(feedForwardNorm.call(x))).MoveToOuterDisposeScope();
    }
}

internal sealed class Gpt2Attention : Module<Tensor, ICausalAttention, Tensor>
{
    private readonly Conv1D c_attn;
    private readonly Conv1D c_proj;
    private readonly int layer;
    private readonly long heads;

    public Gpt2Attention(Gpt2Config config, int layer) : base(nameof(Gpt2Attention))
    {
        c_attn = new Conv1D(config.HiddenSize, 3 * config.HiddenSize);
        c_proj = new Conv1D(config.HiddenSize, config.HiddenSize);
        (this.layer, heads) = (layer, config.Heads);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, ICausalAttention attend)
    {
        using var scope = NewDisposeScope();
        var qkv = Attention.SplitHeads(c_attn.call(x), heads, parts: 3); // (B, H, T, d) each
        return c_proj.call(attend.Attend(layer, qkv[0], qkv[1], qkv[2])).MoveToOuterDisposeScope();
    }
}

internal sealed class Gpt2FeedForward : Module<Tensor, Tensor>
{
    private readonly Conv1D c_fc;
    private readonly Conv1D c_proj;
    private readonly Func<Tensor, Tensor> activation;

    public Gpt2FeedForward(Gpt2Config config) : base(nameof(Gpt2FeedForward))
    {
        c_fc = new Conv1D(config.HiddenSize, config.FeedForwardSize);
        c_proj = new Conv1D(config.FeedForwardSize, config.HiddenSize);
        activation = Activations.ByName(config.Activation, "activation_function");
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var inner = c_fc.call(x);
        using var active = activation(inner);
        return c_proj.call(active);
    }
}

/// <summary>y = x W + b with the weight as GPT-2 stores it, (inputs, outputs).</summary>
internal sealed class Conv1D : Module<Tensor, Tensor>
{
    internal readonly Parameter weight;
    private readonly Parameter bias;

    public Conv1D(long inputs, long outputs) : base(nameof(Conv1D))
    {
        weight = new Parameter(empty(inputs, outputs));
        bias = new Parameter(empty(outputs));
        RegisterComponents();
    }

    /// <summary>Serves the products of decoding.</summary>
    internal IFrozenProduct Packed { get; set; } = new PackedWeight(inputsFirst: true);

    public override Tensor forward(Tensor x)
    {
        if (Packed.Product(x, weight, bias) is { } product) return product;
        using var transposed = weight.t();
        return DenseProduct.Of(x, transposed, bias);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Packed.Dispose();
        base.Dispose(disposing);
    }
}
