using System.Diagnostics;
using System.Globalization;
using Mint.ML.Training;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>Prints a run's progress, at most a line a second: the log has every step.</summary>
/// <param name="examples">What a batch is made of.</param>
internal sealed class TrainingLines(string examples = "clips") : IProgress<TrainingProgress>
{
    private const int Named = 8; // texts that are too long; of more the number

    private readonly Stopwatch sinceLast = new();

    public void Report(TrainingProgress value)
    {
        if (!sinceLast.IsRunning && value.Guesses.Count > 0) Console.WriteLine($"guessing gives  {Values(value.Guesses)}");
        if (value.Warning is { } warning) StandardError.Report($"mint: warning: {warning}");
        if (value.Validation is { } measured) Console.WriteLine($"validation after step {measured.Step}  {Values(measured.Metrics)}");
        if (!sinceLast.IsRunning && value.CutTexts is { Count: > 0 } cut) Tell(cut);
        if (sinceLast.IsRunning && sinceLast.Elapsed.TotalSeconds < 1 && value.Step < value.Steps) return;
        sinceLast.Restart();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"step {value.Step}/{value.Steps}  {Values(value.Losses)}  rate {value.LearningRate:G3}  {value.ClipsPerSecond:F1} {examples}/s  "
                + $"{value.MemoryBytes / 1e6:F0} MB  {value.Remaining:hh\\:mm\\:ss} left"));
    }

    private static void Tell(IReadOnlyList<CutText> cut)
    {
        StandardError.Report($"{cut.Count} {(cut.Count == 1 ? "text has" : "texts have")} more tokens than --max-tokens, "
            + "and training does not read their ends:");
        foreach (var text in cut.Take(Named)) StandardError.Report($"  {text}");
        if (cut.Count > Named) StandardError.Report($"  and {cut.Count - Named} more");
    }

    private static string Values(IReadOnlyDictionary<string, double> values) =>
        string.Join("  ", values.Select(value => FormattableString.Invariant($"{value.Key} {value.Value:F3}")));
}
