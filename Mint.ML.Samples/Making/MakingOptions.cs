using Mint.ML.Training;

namespace Mint.ML.Samples.Making;

/// <summary>What every model that ships is trained with: batches, AdamW, a rate that rises and falls, a seed, a run folder. The models differ in the
/// defaults.</summary>
internal abstract record MakingOptions
{
    /// <summary>Examples a step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Highest learning rate of AdamW, reached after <see cref="WarmUp"/> of the steps and falling to zero.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Share of the steps over which the learning rate rises.</summary>
    public double WarmUp { get; init; }

    /// <summary>Decay of the matrices.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Decides the weights drawn and all that is drawn in training.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Folder for the log and checkpoints, from which a run that was stopped goes on; null writes nothing.</summary>
    public string? RunFolder { get; init; }

    /// <summary>What the loop needs to know of these.</summary>
    protected TrainingOptions Shared => new()
    {
        BatchSize = BatchSize,
        LearningRate = LearningRate,
        WeightDecay = WeightDecay,
        Seed = Seed,
        RunFolder = RunFolder,
    };

    /// <summary>Checks every value and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        Check(errors);
        errors.Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate is {LearningRate}; expected a number above 0.");
        errors.Require(WarmUp is >= 0 and < 1, $"WarmUp is {WarmUp}; expected at least 0 and less than 1.");
        errors.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), $"WeightDecay is {WeightDecay}; expected a number of at least 0.");
        errors.Throw();
    }

    /// <summary>Checks what only this model's training has, and its batch.</summary>
    protected abstract void Check(OptionErrors errors);
}
