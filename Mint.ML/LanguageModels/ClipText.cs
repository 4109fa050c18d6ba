using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.LanguageModels;

/// <summary>The dimensions of CLIP's text tower; the defaults are openai/clip-vit-base-patch32's.</summary>
public sealed record ClipTextConfig
{
    /// <summary>Token ids V.</summary>
    public long VocabularySize { get; init; } = 49408;

    /// <summary>Width D.</summary>
    public long HiddenSize { get; init; } = 512;

    /// <summary>Width of the feed-forward layer.</summary>
    public long FeedForwardSize { get; init; } = 2048;

    /// <summary>Transformer blocks.</summary>
    public long Layers { get; init; } = 12;

    /// <summary>Attention heads; divides <see cref="HiddenSize"/>.</summary>
    public long Heads { get; init; } = 8;

    /// <summary>Learned positions: the longest text.</summary>
    public long Positions { get; init; } = 77;

    /// <summary>Width P of the space shared with the other tower.</summary>
    public long ProjectionSize { get; init; } = 512;

    /// <summary>Added to the variance in layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Activation of the feed-forward layer.</summary>
    public string Activation { get; init; } = "quick_gelu";

    /// <summary>The token whose state stands for the text. The value 2 of older files is wrong and means "the highest id".</summary>
    public long EosTokenId { get; init; } = 49407;

    /// <summary>Reads the config.json of a CLIP model (its <c>text_config</c>) or of a text tower alone.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range.</exception>
    public static ClipTextConfig FromJson(JsonObject config)
    {
        // transformers puts the older key's values, where it is left out its defaults too, in place of the newer's.
        if (config["text_config_dict"] is not null && config["text_config"] is not null)
        {
            var (older, newer) = (Tower(config.Section("text_config_dict")), Tower(config.Section("text_config")));
            config.Refuse("text_config_dict", older.Ended() != newer.Ended(),
                "which is not what 'text_config' says: keep the one that the model was trained with.");
        }
        string key = config["text_config"] is null && config["text_config_dict"] is not null ? "text_config_dict" : "text_config";
        return Tower(config.ContainsKey(key) ? config.Section(key) : config);
    }

    // An end token of 2 means the highest id, and then either way of writing is the same.
    private ClipTextConfig Ended() => EosTokenId == 2 ? this with { EosTokenId = VocabularySize - 1 } : this;

    private static ClipTextConfig Tower(JsonObject config)
    {
        var d = new ClipTextConfig();
        return new()
        {
            VocabularySize = config.Size("vocab_size", d.VocabularySize),
            HiddenSize = config.Size("hidden_size", d.HiddenSize),
            FeedForwardSize = config.Size("intermediate_size", d.FeedForwardSize),
            Layers = config.Layers("num_hidden_layers", d.Layers),
            Heads = config.Size("num_attention_heads", d.Heads),
            Positions = config.Size("max_position_embeddings", d.Positions),
            ProjectionSize = config.Size("projection_dim", d.ProjectionSize),
            LayerNormEps = config.Number("layer_norm_eps", d.LayerNormEps),
            Activation = config.Text("hidden_act", d.Activation),
            EosTokenId = config.Integer("eos_token_id", d.EosTokenId),
        };
    }
}

/// <summary>What CLIP's text tower gives for a batch of texts.</summary>
/// <param name="LastHiddenState">The last layer after the final norm, (B, L, D).</param>
/// <param name="Pooled">The state of each text's end token, (B, D).</param>
public sealed record ClipTextOutput(Tensor LastHiddenState, Tensor Pooled) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        LastHiddenState.Dispose();
        Pooled.Dispose();
    }
}

/// <summary>
/// The text tower of CLIP (Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", 2021) as transformers'
/// CLIPTextModel and CLIPTextModelWithProjection compute it: pre-norm blocks, causal attention, pooled at the end token.
/// </summary>
public sealed class ClipText : Module<Tensor, Tensor?, ClipTextOutput>
{
    /// <summary>How the files of Hugging Face name the weights; a whole CLIP's vision tower may stand beside them.</summary>
    public static WeightNames Names { get; } = new()
    {
        OptionalPrefixes = ["text_model."],
        Ignored = [@"^vision_model\.", @"^visual_projection\.", @"^logit_scale$", @"embeddings\.position_ids$"],
    };

    private readonly ClipTextEmbeddings embeddings;
    private readonly ClipTextEncoder encoder;
    private readonly LayerNorm final_layer_norm;
    private readonly Linear? text_projection;

    /// <summary>A tower with unset weights.</summary>
    /// <param name="config">The dimensions.</param>
    /// <param name="projection">Whether it has the projection into the space shared with the other tower.</param>
    public ClipText(ClipTextConfig config, bool projection) : base(nameof(ClipText))
    {
        Config = config;
        if (config.HiddenSize % config.Heads != 0)
        {
            throw new InvalidDataException(
                $"config.json: 'hidden_size' {config.HiddenSize} is not divisible by 'num_attention_heads' {config.Heads}.");
        }

        embeddings = new ClipTextEmbeddings(config);
        encoder = new ClipTextEncoder(config);
        final_layer_norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        text_projection = projection ? new Linear(config.HiddenSize, config.ProjectionSize, bias: false) : null;
        RegisterComponents();
    }

    /// <summary>The dimensions.</summary>
    public ClipTextConfig Config { get; }

    /// <summary>Loads a Hugging Face folder: a CLIP, a text tower, or a text tower with its projection.</summary>
    /// <param name="folder">config.json and model.safetensors (or shards, or pytorch_model.bin).</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken, or are not a CLIP's.</exception>
    public static ClipText Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var projection = checkpoint.Contains("text_projection.weight");
        var model = new ClipText(ClipTextConfig.FromJson(checkpoint.Config), projection).Placed(dtype, device).Frozen();
        WeightLoader.Load(model, checkpoint, Names);
        return model;
    }

    /// <summary>Encodes a batch of texts.</summary>
    /// <param name="ids">(B, L) int64 token ids.</param>
    /// <param name="mask">(B, L) bool, true where the id is a token; null when all are. Padding on the right changes nothing either way.</param>
    public override ClipTextOutput forward(Tensor ids, Tensor? mask) => Run(ids, mask, null);

    /// <summary>The output of every layer as transformers lists them, before the final norm: L+1 of (B, L, D), embeddings first.</summary>
    public IReadOnlyList<Tensor> HiddenStates(Tensor ids, Tensor? mask)
    {
        var every = new List<Tensor>();
        Run(ids, mask, every).Dispose();
        return every;
    }

    /// <summary>Pooled states (B, D) to the shared space, (B, P), not normalised.</summary>
    /// <exception cref="InvalidOperationException">The checkpoint has no projection.</exception>
    public Tensor Project(Tensor pooled) => text_projection?.call(pooled)
        ?? throw new InvalidOperationException("This CLIP text tower was loaded from a checkpoint without text_projection.weight.");

    private ClipTextOutput Run(Tensor ids, Tensor? mask, List<Tensor>? every)
    {
        var (rows, length) = (ids.shape[0], ids.shape[1]);
        if (length > Config.Positions)
            throw new ArgumentException($"A text is {length} tokens long; this CLIP has {Config.Positions} positions.", nameof(ids));
        using var scope = NewDisposeScope();
        var x = embeddings.call(ids); // (B, L, D)
        var allowed = ones([length, length], dtype: ScalarType.Bool, device: ids.device).tril();
        if (mask is not null)
            allowed = allowed.logical_and(mask.view(rows, 1, 1, length));
        var bias = zeros(allowed.shape, dtype: x.dtype, device: x.device).FillWhere_(allowed.logical_not(), finfo(x.dtype).min);
        var hidden = final_layer_norm.call(encoder.Run(x, bias, every));
        foreach (var state in every ?? [])
            state.MoveToOuterDisposeScope();
        var end = Config.EosTokenId == 2 ? ids.argmax(1) : ids.EqualTo(Config.EosTokenId).to(ScalarType.Int32).argmax(1); // (B)
        var pooled = hidden.gather(1, end.view(-1, 1, 1).expand(-1, 1, hidden.shape[2])).squeeze(1);
        return new ClipTextOutput(hidden.MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope());
    }
}

internal sealed class ClipTextEmbeddings : Module<Tensor, Tensor>
{
    private readonly Embedding token_embedding;
    private readonly Embedding position_embedding;

    public ClipTextEmbeddings(ClipTextConfig config) : base(nameof(ClipTextEmbeddings))
    {
        token_embedding = new Embedding(config.VocabularySize, config.HiddenSize);
        position_embedding = new Embedding(config.Positions, config.HiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor ids)
    {
        using var positions = position_embedding.weight.narrow(0, 0, ids.shape[1]); // (L, D)
        using var tokens = token_embedding.call(ids);
        return tokens.Plus(positions);
    }
}

internal sealed class ClipTextEncoder : Module
{
    private readonly ModuleList<ClipTextBlock> layers;

    public ClipTextEncoder(ClipTextConfig config) : base(nameof(ClipTextEncoder))
    {
        layers = new ModuleList<ClipTextBlock>([.. Enumerable.Range(0, (int)config.Layers).Select(_ => new ClipTextBlock(config))]);
        RegisterComponents();
    }

    public Tensor Run(Tensor x, Tensor bias, List<Tensor>? every)
    {
        every?.Add(x.alias());
        foreach (var layer in layers)
        {
            using var input = x; // each layer's output goes when the next is there
            x = layer.call(input, bias);
            every?.Add(x.alias());
        }
        return x;
    }
}

internal sealed class ClipTextBlock : Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "layer_norm1")] private readonly LayerNorm attentionNorm;
    [ComponentName(Name = "self_attn")] private readonly ClipTextAttention attention;
    [ComponentName(Name = "layer_norm2")] private readonly LayerNorm feedForwardNorm;
    [ComponentName(Name = "mlp")] private readonly FeedForward feedForward;

    public ClipTextBlock(ClipTextConfig config) : base(nameof(ClipTextBlock))
    {
        attentionNorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        attention = new ClipTextAttention(config);
        feedForwardNorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        feedForward = new FeedForward(config.HiddenSize, config.FeedForwardSize, Activations.ByName(config.Activation, "hidden_act"));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor bias)
    {
        using var scope = NewDisposeScope();
        x = x.Plus(attention.call(attentionNorm.call(x), bias));
        return x.Plus(feedForward.call(feedForwardNorm.call(x))).MoveToOuterDisposeScope();
    }
}

internal sealed class ClipTextAttention : Module<Tensor, Tensor, Tensor>
{
    private readonly Linear q_proj;
    private readonly Linear k_proj;
    private readonly Linear v_proj;
    private readonly Linear out_proj;
    private readonly long heads;

    public ClipTextAttention(ClipTextConfig config) : base(nameof(ClipTextAttention))
    {
        heads = config.Heads;
        q_proj = new Linear(config.HiddenSize, config.HiddenSize);
        k_proj = new Linear(config.HiddenSize, config.HiddenSize);
        v_proj = new Linear(config.HiddenSize, config.HiddenSize);
        out_proj = new Linear(config.HiddenSize, config.HiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor bias)
    {
        using var scope = NewDisposeScope();
        var context = Attention.Attend(Split(q_proj), Split(k_proj), Split(v_proj), bias); // (B, H, L, d)
        return out_proj.call(Attention.MergeHeads(context)).MoveToOuterDisposeScope();

        Tensor Split(Linear projection) => Attention.SplitHeads(projection.call(x), heads);
    }
}
