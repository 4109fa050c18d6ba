using Mint.ML.Checkpoints;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Bridges;

public sealed partial class QFormer
{
    /// <summary>How the names of LAVIS and of Hugging Face's BLIP-2 and InstructBLIP become this model's, which are LAVIS's without "bert.".</summary>
    public static WeightNames Names { get; } = new()
    {
        OptionalPrefixes = ["Qformer.bert.", "Qformer.", "bert.", "qformer."],
        Renames =
        [
            (@"^(embeddings\.)?layernorm\.", "embeddings.LayerNorm."),
            (@"attention\.attention\.", "attention.self."),
        ],
        Ignored =
        [
            @"^embeddings\.position_ids$",                   // 0, 1, 2, ...
            @"^cls\.predictions\.decoder\.(weight|bias)$",   // tied to the token embeddings and to cls.predictions.bias
            // The rest of a whole BLIP-2 or InstructBLIP checkpoint.
            @"^(query_tokens|temp)$",
            @"^(vision_model|visual_encoder|ln_vision|vision_proj|text_proj|itm_head|language_model|language_projection|t5_model|t5_proj|llm_model|llm_proj)\.",
        ],
    };

    /// <summary>Loads the Q-Former of a folder. The weights can be trained.</summary>
    /// <param name="folder">Holds config.json and the weights, of the Q-Former alone or of a whole BLIP-2 or InstructBLIP model.</param>
    /// <param name="dtype">Type of the weights in memory; null for float32.</param>
    /// <param name="device">Where they go; null for the CPU.</param>
    public static QFormer Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        bool Has(string ending) => checkpoint.Names.Any(name => name.EndsWith(ending, StringComparison.Ordinal));
        var model = new QFormer(QFormerConfig.FromJson(checkpoint.Config) with
        {
            HasText = Has("embeddings.word_embeddings.weight"),
            HasLanguageHead = Has("cls.predictions.bias"),
        });
        WeightLoader.Load(model.Placed(dtype, device), checkpoint, Names);
        return model;
    }

    /// <summary>Draws all weights as BERT does: normal of <see cref="QFormerConfig.InitializerRange"/>, biases zero, LayerNorms the identity.</summary>
    /// <param name="seed">The same seed gives the same weights, whatever was drawn before.</param>
    public void Initialize(long seed)
    {
        using var grad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (name, parameter) in named_parameters()) Draw(name, parameter, generator);
    }

    /// <summary>Starts from BERT, as BLIP-2 does: the queries' feed-forward is a copy of the text's, cross-attention is drawn at random.</summary>
    /// <param name="bert">Of the same width and depth. Tokens that it lacks ([DEC]) and a head that it lacks are drawn at random.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    /// <exception cref="ArgumentException">A weight of <paramref name="bert"/> has another shape.</exception>
    public void InitializeFrom(Bert bert, long seed)
    {
        Initialize(seed);
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var source = bert.state_dict();
        foreach (var (name, parameter) in named_parameters())
        {
            if (!source.TryGetValue(name.Replace("_query.", "."), out var weight)) continue;
            bool byToken = name is "embeddings.word_embeddings.weight" or "cls.predictions.bias";
            long rows = byToken ? Math.Min(weight.shape[0], parameter.shape[0]) : parameter.shape[0];
            if (!weight.shape[1..].SequenceEqual(parameter.shape[1..]) || !byToken && weight.shape[0] != rows)
            {
                throw new ArgumentException($"{name} is ({string.Join(", ", weight.shape)}) in BERT and ({string.Join(", ", parameter.shape)}) here.",
                    nameof(bert));
            }

            parameter.narrow(0, 0, rows).copy_(weight.narrow(0, 0, rows));
        }
    }

    private void Draw(string name, Tensor parameter, Generator generator)
    {
        using var scope = NewDisposeScope();
        if (name.EndsWith("bias", StringComparison.Ordinal)) parameter.zero_();
        else if (name.Contains("LayerNorm", StringComparison.Ordinal)) parameter.Fill_(1);
        // Drawn on the CPU, so that a seed gives the same weights on every device.
        else parameter.copy_(empty(parameter.shape, dtype: ScalarType.Float32).normal_(0, Config.InitializerRange, generator));
    }
}
