using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Training;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>The options of the commands that train. A new property of these records needs one line here, and every such command and recipe has it.</summary>
internal static class TrainingArguments
{
    /// <summary>How a stage is trained.</summary>
    public static OptionSet<TrainingOptions> Training(TrainingOptions defaults) => new(defaults)
    {
        { "--epochs", "Passes over the data", o => o.Epochs, (o, value) => o with { Epochs = value } },
        { "--batch-size", "Clips that go through the model together", o => o.BatchSize, (o, value) => o with { BatchSize = value } },
        { "--accumulation-steps", "Batches whose gradients are averaged for one step; in stage 1 this is no larger contrast", o => o.AccumulationSteps,
            (o, value) => o with { AccumulationSteps = value } },
        { "--learning-rate", "Highest learning rate", o => o.LearningRate, (o, value) => o with { LearningRate = value } },
        { "--warm-up-steps", "Steps in which the rate rises (default: 2000, or a tenth of all where that is less)", o => o.WarmUpSteps,
            (o, value) => o with { WarmUpSteps = value } },
        { "--schedule", "How the rate falls", o => o.Schedule, (o, value) => o with { Schedule = value } },
        { "--weight-decay", "AdamW's decay of matrices; 0 makes it plain Adam", o => o.WeightDecay, (o, value) => o with { WeightDecay = value } },
        { "--gradient-clip", "Longest norm of the gradient (default: any)", o => o.GradientClip, (o, value) => o with { GradientClip = value } },
        { "--precision", "Type of the matrix products; weights, softmax, norms and losses are float32 in either", o => o.Precision,
            (o, value) => o with { Precision = value } },
        { "--activation-checkpointing", "Compute the bridge's blocks again for the gradient: less memory, a fifth more time", o => o.ActivationCheckpointing,
            (o, value) => o with { ActivationCheckpointing = value } },
        { "--max-tokens", "Most tokens of a caption, an instruction or a response", o => o.MaxTokens, (o, value) => o with { MaxTokens = value } },
        { "--max-frames", "Most frames of a clip that training hears at once, as a window drawn anew every epoch (default: all)", o => o.MaxFrames,
            (o, value) => o with { MaxFrames = value } },
        { "--mixed-lengths", "Batches of clips of any length instead of like ones: for data in which the length tells the kind", o => o.MixedLengths,
            (o, value) => o with { MixedLengths = value } },
        { "--validate-every", "Steps from one validation to the next (default: an epoch)", o => o.ValidateEvery,
            (o, value) => o with { ValidateEvery = value } },
        { "--best-by", "Validation metric whose best weights are kept and are the model's in the end: loss, in stage 1 r1, r5 or r10, in stage 2 accuracy "
            + "(default: the last weights)", o => o.BestBy, (o, value) => o with { BestBy = value } },
        { "--patience", "Validations without a better one after which the run stops (default: never)", o => o.Patience,
            (o, value) => o with { Patience = value } },
        { "--seed", "Decides weights drawn, order, negatives, windows and dropout", o => o.Seed, (o, value) => o with { Seed = value } },
        { "--checkpoint-every", "Steps from one checkpoint to the next", o => o.CheckpointEvery, (o, value) => o with { CheckpointEvery = value } },
        { "--checkpoints-kept", "Newest checkpoints that are kept", o => o.CheckpointsKept, (o, value) => o with { CheckpointsKept = value } },
    };

    /// <summary>Checks what is said about validation, before anything is read.</summary>
    /// <param name="options">How the stage is trained.</param>
    /// <param name="validates">Whether there is held-out data.</param>
    /// <param name="metrics">What is measured on it.</param>
    /// <exception cref="ArgumentException">There is nothing to validate with, or no such metric.</exception>
    public static void CheckValidation(TrainingOptions options, bool validates, IReadOnlyList<string> metrics)
    {
        var errors = new OptionErrors();
        errors.Require(validates || options.BestBy is null, $"BestBy is '{options.BestBy}'; without --validation there are no metrics.");
        errors.Require(validates || options.ValidateEvery is null, $"ValidateEvery is {options.ValidateEvery}; without --validation nothing is validated.");
        errors.Require(!validates || options.BestBy is not { } metric || metrics.Contains(metric),
            $"BestBy is '{options.BestBy}'; this run measures {string.Join(", ", metrics)}.");
        errors.Throw();
    }

    /// <summary>Stage 1's losses.</summary>
    public static OptionSet<AlignmentOptions> Objective() => new(new AlignmentOptions())
    {
        { "--contrastive-weight", "Weight of the contrastive loss (ALC); 0 leaves it out", o => o.ContrastiveWeight,
            (o, value) => o with { ContrastiveWeight = value } },
        { "--matching-weight", "Weight of the matching loss (ALM); 0 leaves it out", o => o.MatchingWeight, (o, value) => o with { MatchingWeight = value } },
        { "--generation-weight", "Weight of the generation loss (ATG); 0 leaves it out", o => o.GenerationWeight,
            (o, value) => o with { GenerationWeight = value } },
        { "--contrastive-batch", "Clips contrasted with each other, a multiple of --batch-size, in a batch's memory by GradCache (default: a batch)",
            o => o.ContrastiveBatch, (o, value) => o with { ContrastiveBatch = value } },
        { "--contrastive-smoothing", "Label smoothing of the contrastive loss", o => o.ContrastiveSmoothing,
            (o, value) => o with { ContrastiveSmoothing = value } },
        { "--generation-smoothing", "Label smoothing of the generation loss", o => o.GenerationSmoothing,
            (o, value) => o with { GenerationSmoothing = value } },
        { "--hard-negatives", "Whether matching's negatives are drawn by their similarity, or all alike", o => o.HardNegatives,
            (o, value) => o with { HardNegatives = value } },
        { "--detach-gathered", "Whether the other side of a similarity gives no gradient, as in LAVIS", o => o.DetachGathered,
            (o, value) => o with { DetachGathered = value } },
    };

    /// <summary>A new bridge, its Q-Former's width and what follows from that apart (<see cref="BridgeArguments"/>).</summary>
    public static OptionSet<BridgeNetConfig> Bridge() => new(new BridgeNetConfig())
    {
        { "--layers", "Blocks of a bridge from nothing", o => o.QFormer.Layers, (o, value) => o with { QFormer = o.QFormer with { Layers = value } } },
        { "--cross-attention-frequency", "One block in so many listens to the audio", o => o.QFormer.CrossAttentionFrequency,
            (o, value) => o with { QFormer = o.QFormer with { CrossAttentionFrequency = value } } },
        { "--queries", "Queries of a new bridge", o => o.Queries, (o, value) => o with { Queries = value } },
        { "--embedding-size", "Width of the contrastive embeddings", o => o.EmbeddingSize, (o, value) => o with { EmbeddingSize = value } },
        { "--temperature", "What similarities are divided by at the start", o => o.Temperature, (o, value) => o with { Temperature = value } },
        { "--initializer-range", "Deviation of weights drawn; 0.02 is for a width of 768, a narrow bridge wants more", o => o.QFormer.InitializerRange,
            (o, value) => o with { QFormer = o.QFormer with { InitializerRange = value } } },
        { "--hidden-dropout", "Share of elements dropped in training", o => o.QFormer.HiddenDropout,
            (o, value) => o with { QFormer = o.QFormer with { HiddenDropout = value } } },
        { "--attention-dropout", "Share of attention weights dropped in training", o => o.QFormer.AttentionDropout,
            (o, value) => o with { QFormer = o.QFormer with { AttentionDropout = value } } },
    };
}
