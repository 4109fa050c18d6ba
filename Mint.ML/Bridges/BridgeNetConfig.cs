using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;

namespace Mint.ML.Bridges;

/// <summary>Architecture of a <see cref="BridgeNet"/>. The defaults are MINT's: a BERT-base Q-Former with 32 queries.</summary>
public sealed record BridgeNetConfig
{
    /// <summary>The transformer between the queries, the audio and the text.</summary>
    public QFormerConfig QFormer { get; init; } = new();

    /// <summary>Number Q of learned queries: 32, as in BLIP-2 and MINT.</summary>
    public long Queries { get; init; } = 32;

    /// <summary>Width of the contrastive embeddings: 256, as in BLIP-2.</summary>
    public long EmbeddingSize { get; init; } = 256;

    /// <summary>Starting value of the learned temperature: 0.07, as in BLIP-2.</summary>
    public double Temperature { get; init; } = 0.07;

    /// <summary>Whether there are the heads of stage 1 (contrastive projections, matching, temperature); false for a checkpoint of stage 2 alone.</summary>
    public bool HasAlignmentHeads { get; init; } = true;

    /// <summary>Checks every value, the Q-Former's included, and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        foreach (var (name, size) in new[] { (nameof(Queries), Queries), (nameof(EmbeddingSize), EmbeddingSize) })
            errors.Require(size >= 1 && size <= ConfigJson.LargestSize, $"{name} is {size}; expected at least 1 and at most {ConfigJson.LargestSize}.");
        errors.Require(Temperature > 0 && double.IsFinite(Temperature),
            $"Temperature is {Temperature}; similarities are divided by it, so it must be above 0.");
        errors.Gather(QFormer.Validate);
        errors.Throw();
    }

    /// <summary>Reads a config.json as <see cref="ToJson"/> writes it, or of LAVIS (flat, or with the Q-Former under "qformer").</summary>
    public static BridgeNetConfig FromJson(JsonObject config)
    {
        var defaults = new BridgeNetConfig();
        if (config.ContainsKey("qformer")) config = config.Section("qformer");
        return defaults with
        {
            QFormer = QFormerConfig.FromJson(config),
            Queries = config.Size("query_length", config.Size("num_query_tokens", defaults.Queries)),
            EmbeddingSize = config.Size("embed_dim", defaults.EmbeddingSize),
            Temperature = config.Number("temperature", defaults.Temperature),
        };
    }

    /// <summary>The keys that <see cref="FromJson"/> reads.</summary>
    public JsonObject ToJson() => new()
    {
        ["model_type"] = "mint_bridge",
        ["vocab_size"] = QFormer.VocabularySize,
        ["hidden_size"] = QFormer.HiddenSize,
        ["num_hidden_layers"] = QFormer.Layers,
        ["num_attention_heads"] = QFormer.Heads,
        ["intermediate_size"] = QFormer.FeedForwardSize,
        ["max_position_embeddings"] = QFormer.Positions,
        ["encoder_width"] = QFormer.AudioSize,
        ["cross_attention_freq"] = QFormer.CrossAttentionFrequency,
        ["layer_norm_eps"] = QFormer.LayerNormEps,
        ["hidden_dropout_prob"] = QFormer.HiddenDropout,
        ["attention_probs_dropout_prob"] = QFormer.AttentionDropout,
        ["initializer_range"] = QFormer.InitializerRange,
        ["query_length"] = Queries,
        ["embed_dim"] = EmbeddingSize,
        ["temperature"] = Temperature,
    };
}
