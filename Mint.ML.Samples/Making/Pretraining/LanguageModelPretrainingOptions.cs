using Mint.ML.Training;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>How a small T5 is trained. The defaults are those of the model that ships with the samples.</summary>
public sealed record LanguageModelPretrainingOptions
{
    /// <summary>Batches to train on.</summary>
    public int Steps { get; init; } = 1700;

    /// <summary>Pairs a step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Highest learning rate, reached after <see cref="WarmUp"/> of the steps and falling to zero: what pre-norm blocks of this size bear.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Share of the steps over which the learning rate rises.</summary>
    public double WarmUp { get; init; } = 0.05;

    /// <summary>Decay of the matrices.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>
    /// Normal noise on the input embeddings, as a share of their own deviation. A frozen model will be given embeddings that a bridge
    /// made, which are near those of words and never equal to them.
    /// </summary>
    public double InputNoise { get; init; } = 0.3;

    /// <summary>Input tokens that are kept.</summary>
    public int MaxInputTokens { get; init; } = 32;

    /// <summary>Target tokens that are kept.</summary>
    public int MaxTargetTokens { get; init; } = 30;

    /// <summary>Decides the weights drawn, the pairs and the noise.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Folder for the log and checkpoints, from which a run that was stopped goes on; null writes nothing.</summary>
    public string? RunFolder { get; init; }

    /// <summary>What the loop needs to know. A gradient longer than 1 is scaled down: at first each token's is steep.</summary>
    internal TrainingOptions Loop => new()
    {
        Epochs = 1, // as long as all steps: no pair is drawn twice
        BatchSize = BatchSize,
        LearningRate = LearningRate,
        WeightDecay = WeightDecay,
        GradientClip = 1,
        Seed = Seed,
        RunFolder = RunFolder,
    };

    /// <summary>Throws when a value makes no sense, naming all that do not.</summary>
    /// <exception cref="ArgumentException">Some value is out of range.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        foreach (var (name, value, least) in new[] { (nameof(Steps), Steps, 1), (nameof(BatchSize), BatchSize, 1), (nameof(MaxInputTokens), MaxInputTokens, 2),
            (nameof(MaxTargetTokens), MaxTargetTokens, 2) })
        {
            errors.Require(value >= least, $"{name} is {value}; expected at least {least}.");
        }

        errors.Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate is {LearningRate}; expected a number above 0.");
        errors.Require(WarmUp is >= 0 and < 1, $"WarmUp is {WarmUp}; expected at least 0 and less than 1.");
        errors.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), $"WeightDecay is {WeightDecay}; expected a number of at least 0.");
        errors.Require(InputNoise >= 0 && double.IsFinite(InputNoise), $"InputNoise is {InputNoise}; expected a number of at least 0.");
        errors.Throw();
    }
}
