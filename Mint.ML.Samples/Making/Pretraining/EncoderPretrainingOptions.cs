using Mint.ML.Training;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>How a small data2vec-audio encoder is trained. The defaults are those of the model that ships with the samples.</summary>
internal sealed record EncoderPretrainingOptions : MakingOptions
{
    /// <summary>What the model that ships was made with: as high a rate as post-norm blocks of this size bear, after a long rise.</summary>
    public EncoderPretrainingOptions() => (LearningRate, WarmUp, WeightDecay) = (1e-3, 0.1, 0.05);

    /// <summary>Passes over the clips.</summary>
    public int Epochs { get; init; } = 12;

    /// <summary>Smoothing of the labels: soundfonts disagree about what an instrument sounds like.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>Strength of random equalisation, in the features' deviations. 0.05 did better on held-out soundfonts than 0.15 and 0.3.</summary>
    public double Equalisation { get; init; } = 0.05;

    /// <summary>
    /// How two clips are mixed: their shares are drawn from a Beta distribution with this for both of its parameters. Small values leave most clips
    /// nearly alone. What lies between two notes is no note of a training soundfont, and so keeps the encoder from learning those by heart.
    /// </summary>
    public double MixUp { get; init; } = 0.4;

    /// <summary>What the loop needs to know. A gradient longer than 1 is scaled down: the first steps of post-norm blocks are steep.</summary>
    public TrainingOptions Loop => Shared with
    {
        Epochs = Epochs,
        GradientClip = 1,
    };

    /// <inheritdoc/>
    protected override void Check(OptionErrors errors)
    {
        errors.Require(Epochs >= 1, $"Epochs is {Epochs}; expected at least 1.");
        errors.Require(BatchSize >= 1, $"BatchSize is {BatchSize}; expected at least 1.");
        errors.Require(LabelSmoothing is >= 0 and < 1, $"LabelSmoothing is {LabelSmoothing}; expected at least 0 and less than 1.");
        errors.Require(Equalisation >= 0 && double.IsFinite(Equalisation), $"Equalisation is {Equalisation}; expected a number of at least 0.");
        errors.Require(MixUp > 0 && double.IsFinite(MixUp), $"MixUp is {MixUp}; expected a number above 0.");
    }
}
