using Mint.ML.Training;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>How a small data2vec-audio encoder is trained. The defaults are those of the model that ships with the samples.</summary>
public sealed record EncoderPretrainingOptions
{
    /// <summary>Passes over the clips.</summary>
    public int Epochs { get; init; } = 12;

    /// <summary>Clips a step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Highest learning rate, reached after <see cref="WarmUp"/> of the steps and falling to zero: what post-norm blocks of this size bear.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Share of the steps over which the learning rate rises.</summary>
    public double WarmUp { get; init; } = 0.1;

    /// <summary>Decay of the matrices.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Smoothing of the labels: soundfonts disagree about what an instrument sounds like.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>Strength of random equalisation, in the features' deviations. 0.05 did better on held-out soundfonts than 0.15 and 0.3.</summary>
    public double Equalisation { get; init; } = 0.05;

    /// <summary>
    /// How two clips are mixed: their shares are drawn from a Beta distribution with this for both of its parameters. Small values leave most clips
    /// nearly alone. What lies between two notes is no note of a training soundfont, and so keeps the encoder from learning those by heart.
    /// </summary>
    public double MixUp { get; init; } = 0.4;

    /// <summary>Decides the weights drawn, the order and the augmentation.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Folder for the log and checkpoints, from which a run that was stopped goes on; null writes nothing.</summary>
    public string? RunFolder { get; init; }

    /// <summary>What the loop needs to know. A gradient longer than 1 is scaled down: the first steps of post-norm blocks are steep.</summary>
    internal TrainingOptions Loop => new()
    {
        Epochs = Epochs,
        BatchSize = BatchSize,
        LearningRate = LearningRate,
        WeightDecay = WeightDecay,
        GradientClip = 1,
        Seed = Seed,
        RunFolder = RunFolder,
    };

    /// <summary>Checks every value and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        errors.Require(Epochs >= 1, $"Epochs is {Epochs}; expected at least 1.");
        errors.Require(BatchSize >= 1, $"BatchSize is {BatchSize}; expected at least 1.");
        errors.Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate is {LearningRate}; expected a number above 0.");
        errors.Require(WarmUp is >= 0 and < 1, $"WarmUp is {WarmUp}; expected at least 0 and less than 1.");
        errors.Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), $"WeightDecay is {WeightDecay}; expected a number of at least 0.");
        errors.Require(LabelSmoothing is >= 0 and < 1, $"LabelSmoothing is {LabelSmoothing}; expected at least 0 and less than 1.");
        errors.Require(Equalisation >= 0 && double.IsFinite(Equalisation), $"Equalisation is {Equalisation}; expected a number of at least 0.");
        errors.Require(MixUp > 0 && double.IsFinite(MixUp), $"MixUp is {MixUp}; expected a number above 0.");
        errors.Throw();
    }
}
