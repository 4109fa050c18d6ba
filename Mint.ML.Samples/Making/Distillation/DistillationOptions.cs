using Mint.ML.Encoders;
using Mint.ML.Training;

namespace Mint.ML.Samples.Making.Distillation;

/// <summary>How the small encoder is trained on a teacher's answers. The defaults are those of the model that ships.</summary>
internal sealed record DistillationOptions
{
    /// <summary>
    /// Width of the student's layers over the teacher's. Half costs a quarter of the teacher's time, and learns as much in an hour of two cores as wider ones
    /// do in several.
    /// </summary>
    public double Width { get; init; } = 0.5;

    /// <summary>Shards of the pool, each of <see cref="PatchPool.ShardSize"/> patches that the teacher has answered for.</summary>
    public int Shards { get; init; } = 64;

    /// <summary>Passes over the pool: an answer is worth several looks, and costs as much as one.</summary>
    public int Epochs { get; init; } = 8;

    /// <summary>Patches a step.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Highest learning rate of AdamW.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Decay of the matrices.</summary>
    public double WeightDecay { get; init; } = 0.02;

    /// <summary>Share of the steps over which the rate rises.</summary>
    public double WarmUp { get; init; } = 0.02;

    /// <summary>Decides the weights drawn, the mixtures and the order.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Run folder whose newest checkpoint the student begins with, of the same width; null draws it.</summary>
    public string? Start { get; init; }

    /// <summary>Folder for the log and checkpoints, from which a run that was stopped goes on; null writes nothing.</summary>
    public string? RunFolder { get; init; }

    /// <summary>Steps from one measure of held-out sources to the next.</summary>
    public int ValidateEvery { get; init; } = 512;

    /// <summary>What the loop needs to know.</summary>
    public TrainingOptions Loop => new()
    {
        Epochs = Epochs,
        BatchSize = BatchSize,
        LearningRate = LearningRate,
        WeightDecay = WeightDecay,
        GradientClip = 5,
        Seed = Seed,
        RunFolder = RunFolder,
        ValidateEvery = ValidateEvery,
        CheckpointEvery = 128,
    };

    /// <summary>The student's dimensions: widths are multiples of 8, which vector units like.</summary>
    public YamNetConfig Student(YamNetConfig teacher) =>
        teacher with { Widths = [.. teacher.Widths.Select(width => Math.Max(8, (long)(width * Width) / 8 * 8))] };

    /// <summary>Checks every value and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        errors.Require(Width is > 0 and <= 2, $"Width is {Width}; expected above 0 and at most 2.");
        errors.Require(Shards is >= 1 and <= 100_000, $"Shards is {Shards}; expected 1 to 100000.");
        errors.Require(Epochs >= 1, $"Epochs is {Epochs}; expected at least 1.");
        errors.Require(BatchSize is >= 2 and <= PatchPool.ShardSize, $"BatchSize is {BatchSize}; expected 2 to {PatchPool.ShardSize}, a shard's patches.");
        errors.Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate is {LearningRate}; expected a number above 0.");
        errors.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), $"WeightDecay is {WeightDecay}; expected a number of at least 0.");
        errors.Require(WarmUp is >= 0 and < 1, $"WarmUp is {WarmUp}; expected at least 0 and less than 1.");
        errors.Require(ValidateEvery >= 1, $"ValidateEvery is {ValidateEvery}; expected at least 1.");
        errors.Throw();
    }
}
