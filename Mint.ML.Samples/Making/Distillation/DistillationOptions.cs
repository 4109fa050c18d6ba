using Mint.ML.Encoders;
using Mint.ML.Training;

namespace Mint.ML.Samples.Making.Distillation;

/// <summary>How the small encoder is trained on a teacher's answers. The defaults are those of the model that ships.</summary>
internal sealed record DistillationOptions : MakingOptions
{
    /// <summary>What the model that ships was made with.</summary>
    public DistillationOptions() => (BatchSize, LearningRate, WarmUp, WeightDecay) = (128, 3e-3, 0.02, 0.02);

    /// <summary>
    /// Width of the student's layers over the teacher's. Half costs a quarter of the teacher's time, and learns as much in an hour of two cores as wider ones
    /// do in several.
    /// </summary>
    public double Width { get; init; } = 0.5;

    /// <summary>Shards of the pool, each of <see cref="PatchPool.ShardSize"/> patches that the teacher has answered for.</summary>
    public int Shards { get; init; } = 64;

    /// <summary>Passes over the pool: an answer is worth several looks, and costs as much as one.</summary>
    public int Epochs { get; init; } = 8;

    /// <summary>Run folder whose newest checkpoint the student begins with, of the same width; null draws it.</summary>
    public string? Start { get; init; }

    /// <summary>Steps from one measure of held-out sources to the next.</summary>
    public int ValidateEvery { get; init; } = 512;

    /// <summary>What the loop needs to know.</summary>
    public TrainingOptions Loop => Shared with
    {
        Epochs = Epochs,
        GradientClip = 5,
        ValidateEvery = ValidateEvery,
        CheckpointEvery = 128,
    };

    /// <summary>The student's dimensions: widths are multiples of 8, which vector units like.</summary>
    public YamNetConfig Student(YamNetConfig teacher) =>
        teacher with { Widths = [.. teacher.Widths.Select(width => Math.Max(8, (long)(width * Width) / 8 * 8))] };

    /// <inheritdoc/>
    protected override void Check(OptionErrors errors)
    {
        errors.Require(Width is > 0 and <= 2, $"Width is {Width}; expected above 0 and at most 2.");
        errors.Require(Shards is >= 1 and <= 100_000, $"Shards is {Shards}; expected 1 to 100000.");
        errors.Require(Epochs >= 1, $"Epochs is {Epochs}; expected at least 1.");
        errors.Require(BatchSize is >= 2 and <= PatchPool.ShardSize, $"BatchSize is {BatchSize}; expected 2 to {PatchPool.ShardSize}, a shard's patches.");
        errors.Require(ValidateEvery >= 1, $"ValidateEvery is {ValidateEvery}; expected at least 1.");
    }
}
