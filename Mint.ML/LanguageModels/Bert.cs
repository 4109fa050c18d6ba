using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.LanguageModels;

/// <summary>Architecture of a BERT model; the defaults are those of bert-base-uncased.</summary>
public sealed record BertConfig
{
    /// <summary>Number V of token embeddings.</summary>
    public long VocabularySize { get; init; } = 30522;

    /// <summary>Width D of the hidden states.</summary>
    public long HiddenSize { get; init; } = 768;

    /// <summary>Transformer blocks.</summary>
    public long Layers { get; init; } = 12;

    /// <summary>Attention heads.</summary>
    public long Heads { get; init; } = 12;

    /// <summary>Width of the feed-forward.</summary>
    public long FeedForwardSize { get; init; } = 3072;

    /// <summary>Longest text, in tokens.</summary>
    public long Positions { get; init; } = 512;

    /// <summary>Position of the first token: 0, but the padding id + 1 in RoBERTa and CLAP's text tower, which is one.</summary>
    public long FirstPosition { get; init; }

    /// <summary>Token types (sentence A, sentence B).</summary>
    public long TokenTypes { get; init; } = 2;

    /// <summary>Epsilon of the LayerNorms.</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Whether the checkpoint has the pooler over the first token.</summary>
    public bool HasPooler { get; init; } = true;

    /// <summary>Whether the checkpoint has the masked-language-modelling head (BertForPreTraining, BertForMaskedLM).</summary>
    public bool HasLanguageHead { get; init; }

    /// <summary>Whether the checkpoint has the next-sentence head (BertForPreTraining).</summary>
    public bool HasSentenceHead { get; init; }

    /// <summary>Reads a Hugging Face config.json; keys that it leaves out keep bert-base's values.</summary>
    /// <exception cref="InvalidDataException">A value is of another kind than its key asks, or asks for a part that is not built here.</exception>
    public static BertConfig FromJson(JsonObject config)
    {
        var defaults = new BertConfig();
        config.Refuse("hidden_act", config.Text("hidden_act", "gelu") != "gelu", "expected gelu.");
        string type = config.Text("model_type", "bert");
        config.Refuse("model_type", type is not ("bert" or "roberta" or "clap_text_model"), "expected bert or roberta: others count positions or tokens "
            + "otherwise.");
        config.Refuse("is_decoder", config.Flag("is_decoder", false), "only attention to both sides is implemented.");
        config.Refuse("position_embedding_type", config.Text("position_embedding_type", "absolute") != "absolute", "expected absolute.");
        var read = new BertConfig
        {
            VocabularySize = config.Size("vocab_size", defaults.VocabularySize),
            HiddenSize = config.Size("hidden_size", defaults.HiddenSize),
            Layers = config.Layers("num_hidden_layers", defaults.Layers),
            Heads = config.Size("num_attention_heads", defaults.Heads),
            FeedForwardSize = config.Size("intermediate_size", defaults.FeedForwardSize),
            Positions = config.Size("max_position_embeddings", defaults.Positions),
            FirstPosition = type == "roberta" ? config.Integer("pad_token_id", 1) + 1 : 0,
            TokenTypes = config.Size("type_vocab_size", defaults.TokenTypes),
            LayerNormEps = config.Number("layer_norm_eps", defaults.LayerNormEps),
        };
        config.Refuse("hidden_size", read.HiddenSize % read.Heads != 0, $"expected a multiple of 'num_attention_heads' ({read.Heads}).");
        return read;
    }
}

/// <summary>BERT (Devlin et al., 2018): text to token vectors. Bridge-Net starts from it, BERTScore compares texts with it.</summary>
/// <remarks>
/// After BertModel and BertForPreTraining of Hugging Face transformers 4.32, in evaluation mode. Both spellings of the LayerNorm weights and
/// names with or without "bert." load; the heads are there when the file has them.
/// </remarks>
public sealed class Bert : Module
{
    private readonly BertEmbeddings embeddings;
    private readonly BertEncoder encoder;
    private readonly BertPooler? pooler;
    private readonly BertHeads? cls;

    /// <summary>Creates a model whose weights are unset.</summary>
    public Bert(BertConfig config) : base(nameof(Bert))
    {
        Config = config;
        embeddings = new BertEmbeddings(config);
        encoder = new BertEncoder(config);
        pooler = config.HasPooler ? new BertPooler(config.HiddenSize) : null;
        cls = config.HasLanguageHead || config.HasSentenceHead ? new BertHeads(config) : null;
        RegisterComponents();
    }

    /// <summary>Loads a Hugging Face folder. The weights are frozen.</summary>
    /// <param name="folder">Holds config.json and the weights.</param>
    /// <param name="dtype">Type of the weights in memory; null for float32.</param>
    /// <param name="device">Where they go; null for the CPU.</param>
    public static Bert Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        bool Has(string ending) => checkpoint.Names.Any(name => name.EndsWith(ending, StringComparison.Ordinal));
        var model = new Bert(BertConfig.FromJson(checkpoint.Config) with
        {
            HasPooler = Has("pooler.dense.weight"),
            HasLanguageHead = Has("cls.predictions.bias"),
            HasSentenceHead = Has("cls.seq_relationship.weight"),
        });
        WeightLoader.Load(model.Placed(dtype, device), checkpoint, Names);
        return model.Frozen();
    }

    /// <summary>How the names of published checkpoints become this model's.</summary>
    public static WeightNames Names { get; } = new()
    {
        OptionalPrefixes = ["bert.", "roberta."],
        Ignored =
        [
            @"^embeddings\.(position|token_type)_ids$",     // 0, 1, 2, ... and 0, 0, 0, ...
            @"^cls\.predictions\.decoder\.(weight|bias)$",  // tied to the token embeddings and to cls.predictions.bias
            @"^(dropout|classifier|qa_outputs)\.",
        ],
    };

    /// <summary>The architecture.</summary>
    public BertConfig Config { get; }

    /// <summary>The last hidden states, (B, L, D).</summary>
    /// <param name="ids">(B, L) int64, at most <see cref="BertConfig.Positions"/> long, less the first position.</param>
    /// <param name="mask">(B, L) bool, true where an id is a token; null when all are.</param>
    /// <param name="types">(B, L) int64 token types; null for type 0 throughout.</param>
    public Tensor Forward(Tensor ids, Tensor? mask = null, Tensor? types = null)
    {
        using var scope = NewDisposeScope();
        return ForwardHidden(ids, mask, types)[^1].MoveToOuterDisposeScope();
    }

    /// <summary>The embeddings, then the states after each block: Layers + 1 tensors (B, L, D).</summary>
    /// <inheritdoc cref="Forward"/>
    public IReadOnlyList<Tensor> ForwardHidden(Tensor ids, Tensor? mask = null, Tensor? types = null)
    {
        using var scope = NewDisposeScope();
        List<Tensor> hidden = [embeddings.Embed(ids, types)];
        var bias = Attention.Bias(mask, hidden[0].dtype);
        foreach (var layer in encoder.layer) hidden.Add(layer.forward(hidden[^1], bias));
        return [.. hidden.Select(states => states.MoveToOuterDisposeScope())];
    }

    /// <summary>The pooled first token: (B, L, D) last hidden states to (B, D).</summary>
    /// <exception cref="InvalidOperationException">The checkpoint has no pooler.</exception>
    public Tensor Pool(Tensor hidden) => (pooler ?? throw Without("pooler")).forward(hidden);

    /// <summary>Masked-language-modelling logits: (B, L, D) to (B, L, V).</summary>
    /// <exception cref="InvalidOperationException">The checkpoint has no such head.</exception>
    public Tensor PredictTokens(Tensor hidden) => (cls?.predictions ?? throw Without("language-modelling head"))
        .Predict(hidden, embeddings.word_embeddings.weight);

    /// <summary>Next-sentence logits of the pooled first token: (B, D) to (B, 2).</summary>
    /// <exception cref="InvalidOperationException">The checkpoint has no such head.</exception>
    public Tensor PredictNextSentence(Tensor pooled) => (cls?.seq_relationship ?? throw Without("next-sentence head")).forward(pooled);

    private static InvalidOperationException Without(string part) => new($"This BERT checkpoint has no {part}.");

    private sealed class BertEmbeddings : Module
    {
        public readonly Embedding word_embeddings;
        private readonly Embedding position_embeddings;
        private readonly Embedding token_type_embeddings;
        [ComponentName(Name = "LayerNorm")] private readonly LayerNorm norm;
        private readonly long first;

        public BertEmbeddings(BertConfig config) : base(nameof(BertEmbeddings))
        {
            first = config.FirstPosition;
            word_embeddings = new Embedding(config.VocabularySize, config.HiddenSize);
            position_embeddings = new Embedding(config.Positions, config.HiddenSize);
            token_type_embeddings = new Embedding(config.TokenTypes, config.HiddenSize);
            norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
            RegisterComponents();
        }

        public Tensor Embed(Tensor ids, Tensor? types)
        {
            long length = ids.shape[1], most = position_embeddings.weight.shape[0] - first;
            if (length > most) throw new ArgumentException($"The texts are {length} tokens long; this model has {most} positions.", nameof(ids));
            using var scope = NewDisposeScope();
            var type = types is null ? token_type_embeddings.weight.narrow(0, 0, 1) : token_type_embeddings.forward(types);
            return norm.forward(word_embeddings.forward(ids).Plus(position_embeddings.weight.narrow(0, first, length)).Plus(type)).MoveToOuterDisposeScope();
        }
    }

    private sealed class BertEncoder : Module
    {
        public readonly ModuleList<BertLayer> layer;

        public BertEncoder(BertConfig config) : base(nameof(BertEncoder))
        {
            layer = new ModuleList<BertLayer>([.. Enumerable.Range(0, (int)config.Layers).Select(_ => new BertLayer(config))]);
            RegisterComponents();
        }
    }

    private sealed class BertLayer : Module<Tensor, Tensor?, Tensor>
    {
        private readonly BertAttention attention;
        private readonly BertIntermediate intermediate;
        private readonly BertOutput output;

        public BertLayer(BertConfig config) : base(nameof(BertLayer))
        {
            attention = new BertAttention(config.HiddenSize, config.HiddenSize, config.Heads, config.LayerNormEps);
            intermediate = new BertIntermediate(config.HiddenSize, config.FeedForwardSize);
            output = new BertOutput(config.FeedForwardSize, config.HiddenSize, config.LayerNormEps);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x, Tensor? bias)
        {
            using var scope = NewDisposeScope();
            var q = Attention.SplitHeads(attention.self.Queries(x), attention.self.Heads); // (B, H, L, d)
            var k = Attention.SplitHeads(attention.self.key.forward(x), attention.self.Heads);
            var v = Attention.SplitHeads(attention.self.value.forward(x), attention.self.Heads);
            x = attention.output.Add(Attention.MergeHeads(Attention.Attend(q, k, v, bias)), x);
            return output.Add(intermediate.forward(x), x).MoveToOuterDisposeScope();
        }
    }

    private sealed class BertPooler : Module<Tensor, Tensor>
    {
        private readonly Linear dense;

        public BertPooler(long width) : base(nameof(BertPooler))
        {
            dense = new Linear(width, width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor hidden)
        {
            using var scope = NewDisposeScope();
            return dense.forward(hidden.select(1, 0)).tanh().MoveToOuterDisposeScope();
        }
    }

    private sealed class BertHeads : Module
    {
        public readonly BertLanguageHead? predictions;
        public readonly Linear? seq_relationship;

        public BertHeads(BertConfig config) : base(nameof(BertHeads))
        {
            predictions = config.HasLanguageHead ? new BertLanguageHead(config.HiddenSize, config.VocabularySize, config.LayerNormEps) : null;
            seq_relationship = config.HasSentenceHead ? new Linear(config.HiddenSize, 2) : null;
            RegisterComponents();
        }
    }
}
