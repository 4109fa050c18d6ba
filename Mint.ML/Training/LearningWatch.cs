using System.Globalization;

namespace Mint.ML.Training;

/// <summary>Compares a run's losses with what guessing gives, and says once when it does not learn, with the likely reason.</summary>
/// <remarks>
/// It looks at means of the last ten steps, at each quarter of the run. Matching stays at guessing for half of a healthy run, since its negatives are those
/// that contrast confuses: most of the losses have to stand there.
/// </remarks>
internal sealed class LearningWatch(ITraining training, TrainingOptions options, long steps)
{
    private const int LeastSteps = 20; // fewer tell nothing
    private const double Margin = 0.98; // a mean of ten steps is good to about a hundredth
    private bool said;

    /// <summary>What guessing gives, by the loss's name.</summary>
    public IReadOnlyDictionary<string, double> Guesses { get; } = training.Guesses;

    /// <summary>What there is to say after a step; null for nothing.</summary>
    public string? After(long step, LossHistory history)
    {
        if (said) return null;
        var (first, last) = (history.First, history.Last);
        string? warning = step == 1 ? Fault() : step < LeastSteps ? null : Diverged(step, first, last) ?? Stuck(step, first, last);
        said = warning is not null;
        return warning;
    }

    // What can be seen in the data is said at once.
    private string? Fault() => training.Faults.ToArray() is { Length: > 0 } faults ? $"This run cannot learn. {string.Join(" ", faults)}" : null;

    private string? Diverged(long step, IReadOnlyDictionary<string, double> first, IReadOnlyDictionary<string, double> last)
    {
        string name = training.LossNames[0];
        double bound = 2 * Math.Max(first[name], Guesses.GetValueOrDefault(name));
        return last[name] <= bound ? null
            : $"{At(step)}, the loss has risen to {Number(last[name])} from {Number(first[name])}: the run diverges. {TooHigh}";
    }

    private string? Stuck(long step, IReadOnlyDictionary<string, double> first, IReadOnlyDictionary<string, double> last)
    {
        if (!Due(step)) return null;
        string[] judged = [.. Guesses.Keys.Where(name => Guesses.Count == 1 || name != training.LossNames[0])];
        string[] stuck = [.. judged.Where(name => last[name] >= Margin * Guesses[name])];
        if (2 * stuck.Length <= judged.Length) return null;
        string losses = string.Join(", ", stuck.Select(name => $"{name} {Number(last[name])} (guessing: {Number(Guesses[name])})"));
        return $"{At(step)}, guessing would do as well: {losses}. {Reason(stuck.Length < judged.Length, first, last)}";
    }

    private string Reason(bool somethingLearns, IReadOnlyDictionary<string, double> first, IReadOnlyDictionary<string, double> last)
    {
        double moved = training.LossNames.Max(name => Math.Abs(last[name] - first[name]) / Math.Max(Math.Abs(first[name]), 1e-9));
        if (moved < 0.03)
        {
            return $"No loss has moved since the run began: the learning rate, {Rate}, is probably too low, or the warm-up too long. "
                + "Try ten times the rate.";
        }
        if (!somethingLearns) return $"The losses have moved, and none is below guessing. {TooHigh}";
        return "The other losses do fall, so the rate is not the reason. Likely ones: clips that look alike to what is trained (a narrow bridge wants a larger "
            + "InitializerRange), captions that do not belong to their clips, batches too small to hold differing clips, or too few steps so far.";
    }

    private string TooHigh => $"The learning rate, {Rate}, is probably too high. Try a tenth of it, a longer warm-up or a gradient clip.";

    // At each quarter of the run, once the rate has risen: before that little can have been learnt.
    private bool Due(long step) => step == steps
        || step % Math.Max(1, steps / 4) == 0 && training.RateAt(step, steps) <= 1.01 * training.RateAt(step / 2, steps);

    private string At(long step) => FormattableString.Invariant($"After {step} of {steps} steps");

    private string Rate => options.LearningRate.ToString("G3", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString(Math.Abs(value) < 1000 ? "F3" : "G4", CultureInfo.InvariantCulture);
}
