namespace Mint.ML.Training;

/// <summary>Where a run stands after a step.</summary>
/// <param name="Step">Steps done, resumed ones included.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Epoch">Passes over the data done, in fractions.</param>
/// <param name="Losses">The step's losses by name; "total" is their weighted sum.</param>
/// <param name="LearningRate">The step's learning rate.</param>
/// <param name="ClipsPerSecond">Mean since this process began the run.</param>
/// <param name="Remaining">Time left at that rate.</param>
public sealed record TrainingProgress(
    long Step, long Steps, double Epoch, IReadOnlyDictionary<string, double> Losses, double LearningRate, double ClipsPerSecond, TimeSpan Remaining)
{
    /// <summary>Resident memory of the process after the step, in bytes; a GPU's own memory is not in it.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Clips of the step of which a window was heard, being longer than <see cref="TrainingOptions.MaxFrames"/>.</summary>
    public int Cropped { get; init; }

    /// <summary>What guessing gives, by the loss's name; of losses of which it is not known there is none.</summary>
    public IReadOnlyDictionary<string, double> Guesses { get; init; } = new Dictionary<string, double>();

    /// <summary>That the run does not learn, the likely reason and what to try; said once, null at every other step.</summary>
    public string? Warning { get; init; }

    /// <summary>Texts of the run, held-out ones included, of which the end is not read.</summary>
    public IReadOnlyList<CutText> CutTexts { get; init; } = [];

    /// <summary>What the weights of this step are worth on held-out data; null when they were not measured.</summary>
    public ValidationResult? Validation { get; init; }
}

/// <summary>How a run ended.</summary>
/// <param name="Steps">Steps done, resumed ones included.</param>
/// <param name="Cancelled">Whether it was stopped before its last step.</param>
/// <param name="FirstLosses">Mean losses of the first ten steps, or of all where there are fewer; empty when none was done.</param>
/// <param name="LastLosses">Mean losses of the last ten steps.</param>
public sealed record TrainingResult(
    long Steps, bool Cancelled, IReadOnlyDictionary<string, double> FirstLosses, IReadOnlyDictionary<string, double> LastLosses)
{
    /// <summary>All validations, resumed ones included; empty without held-out data.</summary>
    public IReadOnlyList<ValidationResult> Validations { get; init; } = [];

    /// <summary>The best of them, whose weights the model now has; null without <see cref="TrainingOptions.BestBy"/>, where it has those of the last
    /// step.</summary>
    public ValidationResult? Best { get; init; }

    /// <summary>Whether the run ended because <see cref="TrainingOptions.Patience"/> was exhausted.</summary>
    public bool StoppedEarly { get; init; }

    /// <summary>That the run did not learn, as <see cref="TrainingProgress.Warning"/>; null where it did, or where a process before this one said so.</summary>
    public string? Warning { get; init; }

    /// <summary>Examples whose clip is longer than <see cref="TrainingOptions.MaxFrames"/>: each epoch heard a window of it.</summary>
    public int Cropped { get; init; }

    /// <summary>Texts, held-out ones included, of which the end was not read.</summary>
    public IReadOnlyList<CutText> CutTexts { get; init; } = [];
}

/// <summary>A text whose end training does not read, since it has more tokens than <see cref="TrainingOptions.MaxTokens"/>.</summary>
/// <param name="Place">The clip that it is about, or the first of several: its row or file, where that is known.</param>
/// <param name="Text">All of it.</param>
/// <param name="UnreadTokens">Tokens of its end.</param>
public sealed record CutText(string Place, string Text, int UnreadTokens)
{
    /// <summary>Place, length and the text's beginning, in a line.</summary>
    public override string ToString() =>
        $"{Place}: {UnreadTokens} {(UnreadTokens == 1 ? "token" : "tokens")} too long, '{(Text.Length > 40 ? Text[..40] + "..." : Text)}'";
}

/// <summary>A loss was not a finite number. The model has the weights of the step before.</summary>
public sealed class NonFiniteLossException(long step, IReadOnlyList<string> clips, string message) : ArithmeticException(message)
{
    /// <summary>The step that failed, from 1.</summary>
    public long Step => step;

    /// <summary>The clips of its batch.</summary>
    public IReadOnlyList<string> Clips => clips;
}
