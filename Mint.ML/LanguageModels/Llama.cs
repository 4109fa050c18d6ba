using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.LanguageModels;

/// <summary>The dimensions of a LLaMA; the defaults are the 7B model's.</summary>
public sealed record LlamaConfig
{
    /// <summary>Token ids V.</summary>
    public long VocabularySize { get; init; } = 32000;

    /// <summary>Width D.</summary>
    public long HiddenSize { get; init; } = 4096;

    /// <summary>Width of the gated feed-forward layer.</summary>
    public long FeedForwardSize { get; init; } = 11008;

    /// <summary>Transformer blocks.</summary>
    public long Layers { get; init; } = 32;

    /// <summary>Query heads H; divides <see cref="HiddenSize"/> into even head widths.</summary>
    public long Heads { get; init; } = 32;

    /// <summary>Key and value heads G; each serves H/G consecutive query heads.</summary>
    public long KeyHeads { get; init; } = 32;

    /// <summary>Added to the mean square in norms.</summary>
    public double LayerNormEps { get; init; } = 1e-6;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RotaryBase { get; init; } = 10000;

    /// <summary>What was done to the frequencies; null for nothing.</summary>
    internal RotaryScaling? RotaryScaling { get; init; }

    /// <summary>Activation of the gate.</summary>
    public string Activation { get; init; } = "silu";

    /// <summary>Begins a text.</summary>
    public long BosTokenId { get; init; } = 1;

    /// <summary>Ends a text.</summary>
    public long EosTokenId { get; init; } = 2;

    /// <summary>All that end an answer, <see cref="EosTokenId"/> first; null where that is the only one.</summary>
    internal IReadOnlyList<int>? EndTokenIds { get; init; }

    /// <summary>Fills positions after the end; null where the model has none and the EOS is used.</summary>
    public long? PadTokenId { get; init; }

    /// <summary>Reads a Hugging Face config.json.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range, or asks for a variant that is not implemented.</exception>
    public static LlamaConfig FromJson(JsonObject config)
    {
        string type = config.Text("model_type", "llama");
        config.Refuse("model_type", type is not ("llama" or "mistral"), "expected llama, or mistral without a sliding window");
        // transformers' own default of a Mistral is a window of 4,096.
        config.Refuse("sliding_window", type == "mistral" && !(config.ContainsKey("sliding_window") && config["sliding_window"] is null),
            "expected null: only attention to the whole text is implemented");
        config.Refuse("tie_word_embeddings", config.Flag("tie_word_embeddings", false), "only an untied head is implemented");
        config.Refuse("attention_bias", config.Flag("attention_bias", false), "only projections without bias are implemented");
        var d = new LlamaConfig();
        var ends = EndTokens.Read(config, d.EosTokenId);
        var (rotaryBase, rotaryScaling) = RotaryScaling.Read(config, d.RotaryBase);
        var heads = config.Size("num_attention_heads", d.Heads);
        return new()
        {
            VocabularySize = config.Size("vocab_size", d.VocabularySize),
            HiddenSize = config.Size("hidden_size", d.HiddenSize),
            FeedForwardSize = config.Size("intermediate_size", d.FeedForwardSize),
            Layers = config.Layers("num_hidden_layers", d.Layers),
            Heads = heads,
            KeyHeads = config.Size("num_key_value_heads", heads),
            LayerNormEps = config.Number("rms_norm_eps", d.LayerNormEps),
            RotaryBase = rotaryBase,
            RotaryScaling = rotaryScaling,
            Activation = config.Text("hidden_act", d.Activation),
            BosTokenId = config.Integer("bos_token_id", d.BosTokenId),
            EosTokenId = ends[0],
            EndTokenIds = ends.Count > 1 ? ends : null,
            PadTokenId = config["pad_token_id"] is null ? null : config.Integer("pad_token_id", 0),
        };
    }
}

/// <summary>
/// LLaMA (Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", 2023; LLaMA 2 with grouped heads) as transformers'
/// LlamaForCausalLM computes it: rotary positions in the half-split convention, RMS norm, a SiLU-gated feed-forward, no biases.
/// </summary>
public sealed class Llama : CausalLanguageModel
{
    /// <summary>How the files of Hugging Face name the weights; old ones hold the rotary frequencies too.</summary>
    public static WeightNames Names { get; } = new()
    {
        OptionalPrefixes = ["model."],
        Ignored = [@"\.rotary_emb\.inv_freq$"],
    };

    private readonly Embedding embed_tokens;
    private readonly ModuleList<LlamaBlock> layers;
    private readonly RmsNorm norm;
    private readonly Linear lm_head;

    /// <summary>A model with unset weights.</summary>
    public Llama(LlamaConfig config) : base(nameof(Llama))
    {
        Config = config;
        if (config.HiddenSize % (2 * config.Heads) != 0)
        {
            throw new InvalidDataException(
                $"config.json: 'hidden_size' {config.HiddenSize} is not divisible into 'num_attention_heads' {config.Heads} heads of even width.");
        }

        if (config.Heads % config.KeyHeads != 0)
        {
            throw new InvalidDataException(
                $"config.json: 'num_attention_heads' {config.Heads} is not divisible by 'num_key_value_heads' {config.KeyHeads}.");
        }

        embed_tokens = new Embedding(config.VocabularySize, config.HiddenSize);
        layers = new ModuleList<LlamaBlock>([.. Enumerable.Range(0, (int)config.Layers).Select(layer => new LlamaBlock(config, layer))]);
        norm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
        lm_head = new Linear(config.HiddenSize, config.VocabularySize, bias: false);
        RegisterComponents();
    }

    /// <summary>The dimensions.</summary>
    public LlamaConfig Config { get; }

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
    public override int PadTokenId => (int)(Config.PadTokenId ?? Config.EosTokenId);

    private protected override Embedding Tokens => embed_tokens;

    private protected override int LayerCount => layers.Count;

    private protected override long HeadsPerKey => Config.Heads / Config.KeyHeads;

    /// <summary>Loads a Hugging Face folder.</summary>
    /// <param name="folder">config.json and model.safetensors (or shards, or pytorch_model.bin).</param>
    /// <param name="dtype">Type of the weights: bfloat16 keeps a bfloat16 file as it is; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken, or are not a LLaMA's.</exception>
    public static Llama Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var model = new Llama(LlamaConfig.FromJson(EndTokens.Config(checkpoint))).Placed(dtype, device).Frozen().Narrowed().Decoding();
        WeightLoader.Load(model, checkpoint, Names);
        return model;
    }

    /// <inheritdoc/>
    public override Tensor Project(Tensor hidden) => lm_head.call(hidden);

    private protected override Tensor RunLayers(Tensor embeddings, ICausalAttention attention, IList<Tensor>? every)
    {
        using var scope = NewDisposeScope();
        var rotary = new Rotary(attention.Positions, Config.HiddenSize / Config.Heads, Config.RotaryBase, Config.RotaryScaling, embeddings.dtype);
        var x = embeddings.alias(); // (B, T, D)
        foreach (var layer in layers)
        {
            every?.Add(x.alias().MoveToOuterDisposeScope());
            using var input = x; // each layer's output goes when the next is there
            x = layer.call(input, rotary, attention);
        }
        x = norm.call(x);
        every?.Add(x.alias().MoveToOuterDisposeScope());
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>Rotates pairs of a head's channels by an angle that grows with the position: channel i is paired with i + d/2.</summary>
internal sealed class Rotary
{
    private readonly Tensor cosine; // (B, 1, T, d/2)
    private readonly Tensor sine;

    public Rotary(Tensor positions, long width, double @base, RotaryScaling? scaling, ScalarType dtype)
    {
        // In float32, step by step as the original: at position 2000 a rounding of the frequency is a visible angle.
        var exponents = Indices(width / 2, ScalarType.Float32, positions.device).Times(2).Over(width);
        var frequencies = FilledLike(exponents, @base).pow(exponents).reciprocal();
        if (scaling is not null) frequencies = scaling.Apply(frequencies);
        var angles = positions.to(ScalarType.Float32).unsqueeze(-1).mul(frequencies).unsqueeze(1);
        (cosine, sine) = (angles.cos().to(dtype), angles.sin().to(dtype));
    }

    /// <summary>(B, H, T, d) to the same.</summary>
    public Tensor Apply(Tensor x)
    {
        var half = x.shape[3] / 2;
        var (first, second) = (x.narrow(3, 0, half), x.narrow(3, half, half));
        return cat([first * cosine - second * sine, (second * cosine).Plus(first * sine)], -1);
    }
}

internal sealed class LlamaBlock : Module<Tensor, Rotary, ICausalAttention, Tensor>
{
    [ComponentName(Name = "input_layernorm")] private readonly RmsNorm attentionNorm;
    [ComponentName(Name = "self_attn")] private readonly LlamaAttention attention;
    [ComponentName(Name = "post_attention_layernorm")] private readonly RmsNorm feedForwardNorm;
    [ComponentName(Name = "mlp")] private readonly LlamaFeedForward feedForward;

    public LlamaBlock(LlamaConfig config, int layer) : base(nameof(LlamaBlock))
    {
        attentionNorm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
        attention = new LlamaAttention(config, layer);
        feedForwardNorm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
        feedForward = new LlamaFeedForward(config);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Rotary rotary, ICausalAttention attend)
    {
        using var scope = NewDisposeScope();
        x = x.Plus(attention.call(attentionNorm.call(x), rotary, attend));
        return x.Plus(feedForward.call(feedForwardNorm.call(x))).MoveToOuterDisposeScope();
    }
}

internal sealed class LlamaAttention : Module<Tensor, Rotary, ICausalAttention, Tensor>
{
    private readonly Linear q_proj;
    private readonly Linear k_proj;
    private readonly Linear v_proj;
    private readonly Linear o_proj;
    private readonly int layer;
    private readonly long heads;
    private readonly long keyHeads;

    public LlamaAttention(LlamaConfig config, int layer) : base(nameof(LlamaAttention))
    {
        (this.layer, heads, keyHeads) = (layer, config.Heads, config.KeyHeads);
        var keyWidth = config.HiddenSize / heads * keyHeads;
        q_proj = new Linear(config.HiddenSize, config.HiddenSize, bias: false);
        k_proj = new Linear(config.HiddenSize, keyWidth, bias: false);
        v_proj = new Linear(config.HiddenSize, keyWidth, bias: false);
        o_proj = new Linear(config.HiddenSize, config.HiddenSize, bias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Rotary rotary, ICausalAttention attend)
    {
        using var scope = NewDisposeScope();
        var query = rotary.Apply(Attention.SplitHeads(q_proj.call(x), heads));
        var key = rotary.Apply(Attention.SplitHeads(k_proj.call(x), keyHeads));
        var value = Attention.SplitHeads(v_proj.call(x), keyHeads);
        return o_proj.call(attend.Attend(layer, query, key, value)).MoveToOuterDisposeScope();
    }
}

internal sealed class LlamaFeedForward : Module<Tensor, Tensor>
{
    private readonly Linear gate_proj;
    private readonly Linear up_proj;
    private readonly Linear down_proj;
    private readonly Func<Tensor, Tensor> activation;

    public LlamaFeedForward(LlamaConfig config) : base(nameof(LlamaFeedForward))
    {
        gate_proj = new Linear(config.HiddenSize, config.FeedForwardSize, bias: false);
        up_proj = new Linear(config.HiddenSize, config.FeedForwardSize, bias: false);
        down_proj = new Linear(config.FeedForwardSize, config.HiddenSize, bias: false);
        activation = Activations.ByName(config.Activation, "hidden_act");
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return down_proj.call(activation(gate_proj.call(x)) * up_proj.call(x)).MoveToOuterDisposeScope();
    }
}
