using Mint.ML.Bridges;
using Mint.ML.Samples.Making.Distillation;
using Mint.ML.Training;

namespace Mint.ML.Samples.Making.World;

/// <summary>How the model of everyday sound that ships is trained. The defaults are its own.</summary>
internal sealed record WorldOptions : MakingOptions
{
    /// <summary>What the model that ships was made with.</summary>
    public WorldOptions() => (BatchSize, LearningRate, WarmUp, WeightDecay) = (128, 2e-3, 0.05, 0.02);

    /// <summary>Shards of the pool of mixtures that are heard, of 2,048 patches each.</summary>
    public int Shards { get; init; } = 60;

    /// <summary>Patches of a shard.</summary>
    public int ShardSize { get; init; } = PatchPool.ShardSize;

    /// <summary>Longer mixtures, of 1 to 6 s, that the teacher answers for besides.</summary>
    public int Scenes { get; init; } = 6000;

    /// <summary>Steps of stage 1.</summary>
    public int Steps { get; init; } = 3000;

    /// <summary>Texts that the vocabulary is of, beside the names of sounds.</summary>
    public int Texts { get; init; } = 8000;

    /// <summary>Run folder of a stage 1 whose newest checkpoint this one begins with, or a mint.zip with whose bridge; null begins with MiniLM's words
    /// alone.</summary>
    public string? Start { get; init; }

    /// <summary>Share of the scenes that are notes.</summary>
    public double Notes { get; init; } = 0.13;

    /// <summary>Most pieces of the bridge's vocabulary.</summary>
    public int VocabularySize { get; init; } = 8000;

    /// <summary>What stage 1's loop needs to know.</summary>
    public TrainingOptions Loop => Shared with { Epochs = 1, GradientClip = 1, CheckpointEvery = 500, ValidateEvery = 500 };

    /// <summary>The paper's bridge at a size that ships: words of every day, and eight queries.</summary>
    public static BridgeNetConfig Bridge(long vocabulary, long frameWidth) => new()
    {
        Queries = 8,
        EmbeddingSize = 128,
        QFormer = new QFormerConfig
        {
            VocabularySize = vocabulary,
            AudioSize = frameWidth,
            HiddenSize = 192,
            Layers = 2,
            CrossAttentionFrequency = 1,
            Heads = 4,
            FeedForwardSize = 512,
            Positions = 64,
            HiddenDropout = 0, // no scene is drawn twice
            AttentionDropout = 0,
            InitializerRange = 0.06, // as the demo's: BERT's 0.02 is for rows of 768
        },
    };

    /// <inheritdoc/>
    protected override void Check(OptionErrors errors)
    {
        foreach (var (name, value, least) in new[] { (nameof(Shards), Shards, 1), (nameof(ShardSize), ShardSize, 2), (nameof(Scenes), Scenes, 1),
            (nameof(Steps), Steps, 1), (nameof(BatchSize), BatchSize, 4), (nameof(VocabularySize), VocabularySize, 200), (nameof(Texts), Texts, 1) })
        {
            errors.Require(value >= least, $"{name} is {value}; expected at least {least}.");
        }
        errors.Require(Start is null || Path.Exists(Start), $"Start is {Start}, and there is no such run folder or model file.");
        errors.Require(Notes is >= 0 and < 0.5, $"Notes is {Notes}; expected at least 0 and less than 0.5.");
    }
}
