using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.LanguageModels;

/// <summary>Architecture of a T5 model; the defaults are those of t5-small, as in Hugging Face's T5Config.</summary>
public sealed record T5Config
{
    /// <summary>Number V of token embeddings and logits.</summary>
    public long VocabularySize { get; init; } = 32128;

    /// <summary>Width D of the hidden states.</summary>
    public long HiddenSize { get; init; } = 512;

    /// <summary>Width d of one head; Heads x d may differ from D.</summary>
    public long HeadSize { get; init; } = 64;

    /// <summary>Width of the feed-forward.</summary>
    public long FeedForwardSize { get; init; } = 2048;

    /// <summary>Blocks of the encoder.</summary>
    public long EncoderLayers { get; init; } = 6;

    /// <summary>Blocks of the decoder.</summary>
    public long DecoderLayers { get; init; } = 6;

    /// <summary>Attention heads H.</summary>
    public long Heads { get; init; } = 8;

    /// <summary>Buckets of relative positions.</summary>
    public long RelativeBuckets { get; init; } = 32;

    /// <summary>Distance from which on all positions share the last bucket.</summary>
    public long RelativeMaxDistance { get; init; } = 128;

    /// <summary>Epsilon of the root-mean-square norms.</summary>
    public double LayerNormEps { get; init; } = 1e-6;

    /// <summary>"relu" (v1), "gated-gelu" (v1.1, Flan) or "gated-silu"; gated-gelu means the tanh form of GELU, unless config.json's dense_act_fn
    /// names another function.</summary>
    public string FeedForward { get; init; } = "relu";

    /// <summary>The function, where config.json names it apart ("dense_act_fn"); null as <see cref="FeedForward"/> says.</summary>
    internal string? Activation { get; init; }

    /// <summary>Replaces the gate's function by the erf form of GELU, as LAVIS does after loading (it moves logits by about 1e-3).</summary>
    public bool LavisGelu { get; init; }

    /// <summary>Tied models (v1) use the token embeddings as output layer, on states scaled by D^-0.5.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Whether the states are scaled, where config.json says it apart from the tying, as transformers 5 does; null where tied models are.</summary>
    internal bool? ScaleOutputs { get; init; }

    /// <summary>Fed before the first answer token.</summary>
    public int StartTokenId { get; init; }

    /// <summary>Ends a sequence.</summary>
    public int EosTokenId { get; init; } = 1;

    /// <summary>All that end an answer, <see cref="EosTokenId"/> first; null where that is the only one.</summary>
    internal IReadOnlyList<int>? EndTokenIds { get; init; }

    /// <summary>Fills the positions after the end.</summary>
    public int PadTokenId { get; init; }

    /// <summary>Reads a Hugging Face config.json; keys that it leaves out keep T5Config's defaults.</summary>
    /// <exception cref="InvalidDataException">A value is of another kind than its key asks.</exception>
    public static T5Config FromJson(JsonObject config)
    {
        var defaults = new T5Config();
        var ends = EndTokens.Read(config, defaults.EosTokenId);
        long layers = config.Layers("num_layers", defaults.EncoderLayers);
        var read = new T5Config
        {
            VocabularySize = config.Size("vocab_size", defaults.VocabularySize),
            HiddenSize = config.Size("d_model", defaults.HiddenSize),
            HeadSize = config.Size("d_kv", defaults.HeadSize),
            FeedForwardSize = config.Size("d_ff", defaults.FeedForwardSize),
            EncoderLayers = layers,
            DecoderLayers = config.Layers("num_decoder_layers", layers),
            Heads = config.Size("num_heads", defaults.Heads),
            RelativeBuckets = config.Size("relative_attention_num_buckets", defaults.RelativeBuckets),
            RelativeMaxDistance = config.Size("relative_attention_max_distance", defaults.RelativeMaxDistance),
            LayerNormEps = config.Number("layer_norm_epsilon", defaults.LayerNormEps),
            FeedForward = config.Text("feed_forward_proj", defaults.FeedForward),
            Activation = config["dense_act_fn"] is null ? null : config.Text("dense_act_fn", ""),
            TieWordEmbeddings = config.Flag("tie_word_embeddings", defaults.TieWordEmbeddings),
            ScaleOutputs = config["scale_decoder_outputs"] is null ? null : config.Flag("scale_decoder_outputs", false),
            StartTokenId = (int)config.Integer("decoder_start_token_id", defaults.StartTokenId),
            EosTokenId = ends[0],
            EndTokenIds = ends.Count > 1 ? ends : null,
            PadTokenId = (int)config.Integer("pad_token_id", defaults.PadTokenId),
        };
        config.Refuse("is_gated_act", config.Flag("is_gated_act", read.IsGated) != read.IsGated, $"but 'feed_forward_proj' is {read.FeedForward}.");
        _ = read.Gate; // an unknown function is an error of the file, not of the first use
        return read;
    }

    internal bool IsGated => FeedForward.StartsWith("gated-", StringComparison.Ordinal);

    internal Func<Tensor, Tensor> Gate => FeedForward switch
    {
        "gated-gelu" when LavisGelu => Activations.ByName("gelu", "feed_forward_proj"),
        _ when Activation is not null => Activations.ByName(Activation, "dense_act_fn"),
        "gated-gelu" => Activations.ByName("gelu_new", "feed_forward_proj"),
        _ => Activations.ByName(IsGated ? FeedForward["gated-".Length..] : FeedForward, "feed_forward_proj"),
    };
}

/// <summary>T5 (Raffel et al., 2020), MINT's frozen language model in its Flan version: encoder and decoder with relative positions.</summary>
/// <remarks>
/// After T5ForConditionalGeneration of Hugging Face transformers 4.32: v1 (relu, tied), v1.1 and Flan (gated GELU, untied). Relative
/// position biases stand in block 0 of each stack and serve all its blocks; cross-attention has none, and no attention is scaled.
/// </remarks>
public sealed class T5 : Module, ILanguageModel
{
    private readonly T5Config config;
    private readonly Embedding shared;
    private readonly T5Stack encoder;
    private readonly T5Stack decoder;
    private readonly Linear? lm_head;

    /// <summary>Creates a model whose weights are unset.</summary>
    public T5(T5Config config) : base(nameof(T5))
    {
        this.config = config;
        shared = new Embedding(config.VocabularySize, config.HiddenSize);
        encoder = new T5Stack(config, isDecoder: false);
        decoder = new T5Stack(config, isDecoder: true);
        lm_head = config.TieWordEmbeddings ? null : new Linear(config.HiddenSize, config.VocabularySize, bias: false);
        RegisterComponents();
    }

    /// <summary>Loads a Hugging Face folder. The weights are frozen; gradients still reach the prompt's embeddings.</summary>
    /// <param name="folder">Holds config.json and the weights.</param>
    /// <param name="dtype">Type of the weights in memory; null for float32.</param>
    /// <param name="device">Where they go; null for the CPU.</param>
    /// <param name="lavisGelu">See <see cref="T5Config.LavisGelu"/>; false computes what Hugging Face does.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken, or ask for a variant that is not implemented.</exception>
    public static T5 Load(string folder, ScalarType? dtype = null, Device? device = null, bool lavisGelu = false)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var config = T5Config.FromJson(EndTokens.Config(checkpoint));
        TiedEmbeddings.Check(checkpoint, "shared.weight", ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"],
            "only embeddings that both stacks share are implemented.");
        if (config.TieWordEmbeddings)
        {
            TiedEmbeddings.Check(checkpoint, "shared.weight", ["lm_head.weight"], "set 'tie_word_embeddings' to false in config.json if the model was trained "
                + "with a head of its own (and 'scale_decoder_outputs' to true if it scales what the head gets), or else remove the tensor.");
        }
        var model = new T5(config with { LavisGelu = lavisGelu });
        WeightLoader.Load(model.Placed(dtype, device).Frozen().Narrowed(), checkpoint, Names(model.config));
        model.decoder.Decoding();
        model.lm_head?.Decoding();
        return model;
    }

    /// <summary>How the names of published checkpoints become this model's.</summary>
    /// <remarks>Older files repeat the tied embeddings under each stack, and hold a bias in cross-attention that no version ever used.</remarks>
    public static WeightNames Names(T5Config config) => new()
    {
        Ignored =
        [
            @"^(encoder|decoder)\.embed_tokens\.weight$",
            @"EncDecAttention\.relative_attention_bias\.weight$",
            .. config.TieWordEmbeddings ? (string[])[@"^lm_head\.weight$"] : [],
        ],
    };

    /// <summary>The architecture.</summary>
    public T5Config Config => config;

    /// <inheritdoc/>
    public int HiddenSize => (int)config.HiddenSize;

    /// <inheritdoc/>
    public int VocabularySize => (int)config.VocabularySize;

    /// <inheritdoc/>
    public bool IsEncoderDecoder => true;

    /// <inheritdoc/>
    public int StartTokenId => config.StartTokenId;

    /// <inheritdoc/>
    public int EosTokenId => config.EosTokenId;

    /// <inheritdoc/>
    public IReadOnlyList<int> EndTokenIds => config.EndTokenIds ?? [EosTokenId];

    /// <inheritdoc/>
    public int PadTokenId => config.PadTokenId;

    /// <inheritdoc/>
    public Device Device => shared.weight.device;

    /// <inheritdoc/>
    public Tensor Embed(Tensor ids) => shared.forward(ids);

    /// <summary>The encoder's states.</summary>
    /// <param name="prompt">Input embeddings, (B, P, D).</param>
    /// <param name="promptMask">(B, P) bool, true where the prompt is real; null when all of it is.</param>
    /// <returns>(B, P, D).</returns>
    public Tensor Encode(Tensor prompt, Tensor? promptMask) => EncodeHidden(prompt, promptMask, keepAll: false)[^1];

    /// <summary>As <see cref="Encode"/>, with the input of every block before the last one's normalised output.</summary>
    public IReadOnlyList<Tensor> EncodeHidden(Tensor prompt, Tensor? promptMask) => EncodeHidden(prompt, promptMask, keepAll: true);

    private List<Tensor> EncodeHidden(Tensor prompt, Tensor? promptMask, bool keepAll)
    {
        using var scope = NewDisposeScope();
        long length = prompt.shape[1];
        var bias = encoder.PositionBias(length, length); // (1, H, P, P)
        if (Attention.Bias(promptMask, prompt.dtype) is { } padding) bias = bias.Plus(padding); // (B, H, P, P)
        return [.. encoder.Run(prompt, (layer, x) => layer.SelfAttend(x, bias), null, keepAll).Select(x => x.MoveToOuterDisposeScope())];
    }

    /// <summary>The decoder's states of given tokens.</summary>
    /// <param name="ids">(B, T) int64, beginning with <see cref="StartTokenId"/>.</param>
    /// <param name="encoded">What <see cref="Encode"/> returned, (B, P, D).</param>
    /// <param name="promptMask">(B, P) bool, or null.</param>
    /// <returns>(B, T, D).</returns>
    public Tensor Decode(Tensor ids, Tensor encoded, Tensor? promptMask) => DecodeHidden(ids, encoded, promptMask, keepAll: false)[^1];

    /// <summary>As <see cref="Decode"/>, with the input of every block before the last one's normalised output.</summary>
    public IReadOnlyList<Tensor> DecodeHidden(Tensor ids, Tensor encoded, Tensor? promptMask) =>
        DecodeHidden(ids, encoded, promptMask, keepAll: true);

    private List<Tensor> DecodeHidden(Tensor ids, Tensor encoded, Tensor? promptMask, bool keepAll)
    {
        using var scope = NewDisposeScope();
        long length = ids.shape[1];
        var future = ones([length, length], dtype: ScalarType.Bool, device: encoded.device).triu(1);
        var bias = decoder.PositionBias(length, length).FillWhere(future, Attention.Lowest(encoded.dtype)); // (1, H, T, T)
        var padding = Attention.Bias(promptMask, encoded.dtype);
        var hidden = decoder.Run(shared.forward(ids),
            (layer, x) => layer.SelfAttend(x, bias),
            (layer, x) => layer.CrossAttend(x, layer.CrossKeys(encoded), padding), keepAll);
        return [.. hidden.Select(x => x.MoveToOuterDisposeScope())];
    }

    /// <summary>Logits of decoder states: (..., D) to (..., V).</summary>
    public Tensor Predict(Tensor decoded)
    {
        using var scaled = config.ScaleOutputs ?? config.TieWordEmbeddings ? decoded.Times(Math.Pow(config.HiddenSize, -0.5)) : decoded.alias();
        return lm_head is null ? shared.Logits(scaled) : lm_head.forward(scaled);
    }

    /// <inheritdoc/>
    public Tensor Logits(Tensor prompt, Tensor promptMask, Tensor targets)
    {
        using var scope = NewDisposeScope();
        var encoded = Encode(prompt, promptMask);
        return Predict(Decode(ShiftRight(targets), encoded, promptMask)).MoveToOuterDisposeScope();
    }

    /// <summary>What a stack adds to the scores of its self-attention before any mask: (1, H, queries, keys).</summary>
    internal Tensor PositionBias(bool isDecoder, long queries, long keys) => (isDecoder ? decoder : encoder).PositionBias(queries, keys);

    /// <summary>Decoder inputs of targets: the start token, then all targets but the last; -100 becomes padding.</summary>
    internal Tensor ShiftRight(Tensor targets)
    {
        using var scope = NewDisposeScope();
        var start = Filled([targets.shape[0], 1], config.StartTokenId, device: targets.device);
        var shifted = cat([start, targets.narrow(1, 0, targets.shape[1] - 1)], 1); // (B, T)
        return shifted.FillWhere_(shifted.EqualTo(-100), config.PadTokenId).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Begin(Tensor prompt, Tensor promptMask, out DecodingState state)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var encoded = Encode(prompt, promptMask);
        var begun = new T5State(decoder, encoded, Attention.Bias(promptMask, encoded.dtype));
        state = begun;
        var start = Filled([encoded.shape[0]], config.StartTokenId, device: encoded.device);
        return Next(begun, start).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor Next(DecodingState state, Tensor ids)
    {
        var caches = (T5State)state;
        if (ids.shape is not [var rows] || rows != caches.Rows)
            throw new ArgumentException($"Ids should be ({caches.Rows}), one a row; they are ({string.Join(", ", ids.shape)}).", nameof(ids));
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var x = shared.forward(ids).view(caches.Prompts, -1, config.HiddenSize); // (B, K, D): a prompt's rows side by side
        caches.Advance();
        x = decoder.Run(x, caches.SelfAttend, caches.CrossAttend, keepAll: false)[^1];
        return Predict(x.view(caches.Rows, config.HiddenSize)).MoveToOuterDisposeScope(); // (R, V)
    }
}
