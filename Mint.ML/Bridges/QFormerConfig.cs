using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;

namespace Mint.ML.Bridges;

/// <summary>Architecture of a Q-Former; the defaults are those of MINT and BLIP-2: BERT-base with 32 queries.</summary>
public sealed record QFormerConfig
{
    /// <summary>Number V of token embeddings: BERT's 30,522 and [DEC], which begins a text to be generated.</summary>
    public long VocabularySize { get; init; } = 30523;

    /// <summary>Width D of queries and text.</summary>
    public long HiddenSize { get; init; } = 768;

    /// <summary>Transformer blocks.</summary>
    public long Layers { get; init; } = 12;

    /// <summary>Attention heads H.</summary>
    public long Heads { get; init; } = 12;

    /// <summary>Width of the feed-forwards.</summary>
    public long FeedForwardSize { get; init; } = 3072;

    /// <summary>Longest text, in tokens.</summary>
    public long Positions { get; init; } = 512;

    /// <summary>Width E of the audio encoder's frames.</summary>
    public long AudioSize { get; init; } = 768;

    /// <summary>Blocks 0, f, 2f, ... let the queries attend to the audio.</summary>
    public long CrossAttentionFrequency { get; init; } = 2;

    /// <summary>Epsilon of the LayerNorms.</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Probability of dropping an element of embeddings and of each branch, in training; BERT's value.</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Probability of dropping an attention weight, in training; BERT's value.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Standard deviation of weights drawn at random.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether there are token embeddings and the text's feed-forward. BLIP-2's Hugging Face checkpoints keep the queries' parts only.</summary>
    public bool HasText { get; init; } = true;

    /// <summary>Whether there is the head that predicts tokens, which grounded generation needs.</summary>
    public bool HasLanguageHead { get; init; } = true;

    /// <summary>Checks every value and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        foreach (var (name, size) in new[]
        {
            (nameof(VocabularySize), VocabularySize), (nameof(HiddenSize), HiddenSize), (nameof(Layers), Layers), (nameof(Heads), Heads),
                (nameof(FeedForwardSize), FeedForwardSize),
            (nameof(Positions), Positions), (nameof(AudioSize), AudioSize), (nameof(CrossAttentionFrequency), CrossAttentionFrequency),
        })
        {
            long most = name == nameof(Layers) ? ConfigJson.MostLayers : ConfigJson.LargestSize;
            errors.Require(size >= 1 && size <= most, $"{name} is {size}; expected at least 1 and at most {most}.");
        }

        errors.Require(Heads < 1 || HiddenSize % Heads == 0, $"HiddenSize is {HiddenSize}, which {Heads} Heads cannot share; expected a multiple of Heads.");
        errors.Require(LayerNormEps > 0 && double.IsFinite(LayerNormEps), $"LayerNormEps is {LayerNormEps}; expected a number above 0.");
        foreach (var (name, share) in new[] { (nameof(HiddenDropout), HiddenDropout), (nameof(AttentionDropout), AttentionDropout) })
            errors.Require(share is >= 0 and < 1, $"{name} is {share}; expected at least 0 and less than 1.");
        errors.Require(InitializerRange > 0 && double.IsFinite(InitializerRange), $"InitializerRange is {InitializerRange}; expected a number above 0.");
        errors.Throw();
    }

    /// <summary>Reads a config.json of BLIP-2, InstructBLIP (whole model or Q-Former alone) or LAVIS; absent keys keep BLIP-2's values.</summary>
    /// <exception cref="InvalidDataException">A value is of another kind than its key asks, or asks for a part that is not built here.</exception>
    public static QFormerConfig FromJson(JsonObject config)
    {
        if (config.ContainsKey("qformer_config")) config = config.Section("qformer_config");
        var defaults = new QFormerConfig();
        config.Refuse("hidden_act", config.Text("hidden_act", "gelu") != "gelu", "expected gelu.");
        config.Refuse("position_embedding_type", config.Text("position_embedding_type", "absolute") != "absolute", "expected absolute.");
        var read = new QFormerConfig
        {
            VocabularySize = config.Size("vocab_size", 30522),
            HiddenSize = config.Size("hidden_size", defaults.HiddenSize),
            Layers = config.Layers("num_hidden_layers", defaults.Layers),
            Heads = config.Size("num_attention_heads", defaults.Heads),
            FeedForwardSize = config.Size("intermediate_size", defaults.FeedForwardSize),
            Positions = config.Size("max_position_embeddings", defaults.Positions),
            AudioSize = config.Size("encoder_hidden_size", config.Size("encoder_width", 1408)),
            CrossAttentionFrequency = config.Size("cross_attention_frequency", config.Size("cross_attention_freq", defaults.CrossAttentionFrequency)),
            LayerNormEps = config.Number("layer_norm_eps", defaults.LayerNormEps),
            HiddenDropout = config.Number("hidden_dropout_prob", defaults.HiddenDropout),
            AttentionDropout = config.Number("attention_probs_dropout_prob", defaults.AttentionDropout),
            InitializerRange = config.Number("initializer_range", defaults.InitializerRange),
        };
        config.Refuse("hidden_size", read.HiddenSize % read.Heads != 0, $"expected a multiple of 'num_attention_heads' ({read.Heads}).");
        return read;
    }

    internal bool AttendsToAudio(long layer) => layer % CrossAttentionFrequency == 0;
}
