using System.Text.Json.Nodes;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>log.jsonl of a run folder as curves.</summary>
internal sealed class TrainingLog
{
    // A log has a handful; a damaged one shall not fill the page.
    private const int MostCurves = 60;

    private static readonly HashSet<string> NotDrawn = ["step", "steps", "epoch", "secondsLeft"];

    private readonly List<Curve> losses = [], others = [], validation = [];

    /// <summary>Reads a log.</summary>
    /// <param name="path">log.jsonl.</param>
    /// <param name="notes">Receives what could not be read.</param>
    public TrainingLog(string path, List<string> notes)
    {
        string? warning = null; // the first: a run that goes on says it again
        foreach (var line in JsonLines.Read(path, notes))
        {
            if (JsonLines.Number(line["step"]) is not double number || number < 0 || number > long.MaxValue / 2) continue;
            long step = (long)number;
            if (line["validation"] is JsonObject validated)
            {
                Take(validation, step, validated);
                continue;
            }
            Step = step;
            Steps = (long?)JsonLines.Number(line["steps"]) ?? Steps;
            Epoch = JsonLines.Number(line["epoch"]) ?? Epoch;
            SecondsLeft = JsonLines.Number(line["secondsLeft"]);
            if (line["losses"] is JsonObject named) Take(losses, step, named);
            foreach (var (name, node) in line["guesses"] as JsonObject ?? [])
                if (losses.Find(curve => curve.Name == name) is { } loss) loss.Guess = JsonLines.Number(node);
            if (JsonLines.Text(line["warning"]) is { } said) warning ??= said;
            Take(others, step, line);
        }
        if (warning is not null) notes.Add(warning);
        int gaps = losses.Sum(curve => curve.Gaps);
        if (gaps > 0) notes.Add(FormattableString.Invariant($"{gaps} losses were no finite numbers; the curves have gaps there."));
    }

    public long Step { get; private set; }

    public long? Steps { get; private set; }

    public double? Epoch { get; private set; }

    public double? SecondsLeft { get; private set; }

    /// <summary>Each loss.</summary>
    public IReadOnlyList<Curve> Losses => losses;

    /// <summary>Learning rate, clips a second, memory and whatever else a step tells as a number.</summary>
    public IReadOnlyList<Curve> Others => others;

    public IReadOnlyList<Curve> Validation => validation;

    private static void Take(List<Curve> curves, long step, JsonObject line)
    {
        foreach (var (name, node) in line)
        {
            if (NotDrawn.Contains(name) || node is JsonObject or JsonArray) continue;
            var curve = curves.Find(one => one.Name == name);
            double? value = JsonLines.Number(node);
            if (curve is null)
            {
                // Text is no curve; where there is one, it is a gap: so a loss that is not a number is written.
                if (value is null || curves.Count == MostCurves) continue;
                curves.Add(curve = new Curve(name));
            }
            curve.Add(step, value);
        }
    }
}
