using Mint.ML.Training;

namespace Mint.ML.Samples.Making.World;

/// <summary>How a model of everyday sound learns notes, music, made sounds and two sounds at once. Rates are those of the model that ships.</summary>
internal sealed record WorldTeachingOptions : MakingOptions
{
    /// <summary>What the model that ships learnt its notes with.</summary>
    public WorldTeachingOptions() => (BatchSize, LearningRate, WarmUp, WeightDecay) = (96, 1e-3, 0.1, 0.02);

    /// <summary>Steps.</summary>
    public int Steps { get; init; } = 450;

    /// <summary>Views of each recorded note: they are few, and what is asked about are recordings.</summary>
    public int RecordedViews { get; init; } = 12;

    /// <summary>Views of each note of a soundfont.</summary>
    public int Views { get; init; } = 2;

    /// <summary>Views of each piece of music.</summary>
    public int PieceViews { get; init; } = 3;

    /// <summary>Sounds of each of <see cref="MadeSounds.Kinds"/>; 0 for none.</summary>
    public int MadeViews { get; init; } = 200;

    /// <summary>Pairs of sounds at the same time; 0 for none.</summary>
    public int Pairs { get; init; } = 3000;

    /// <summary>What the loop needs to know.</summary>
    public TrainingOptions Loop => Shared with { Epochs = 1, GradientClip = 1, CheckpointEvery = 150 };

    /// <inheritdoc/>
    protected override void Check(OptionErrors errors)
    {
        foreach (var (name, value, least) in new[] { (nameof(Steps), Steps, 1), (nameof(BatchSize), BatchSize, 2), (nameof(RecordedViews), RecordedViews, 1),
            (nameof(Views), Views, 1), (nameof(PieceViews), PieceViews, 1), (nameof(MadeViews), MadeViews, 0), (nameof(Pairs), Pairs, 0) })
        {
            errors.Require(value >= least, $"{name} is {value}; expected at least {least}.");
        }
    }
}
