using System.Globalization;
using System.Text.Json.Nodes;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>A number that changed over the steps of a run.</summary>
internal sealed class Curve(string name)
{
    /// <summary>Points of a drawn curve: more than a screen is wide would only weigh.</summary>
    public const int MostPoints = 800;

    private readonly List<long> steps = [];
    private readonly List<double?> values = [];

    public string Name => name;

    public int Count => steps.Count;

    /// <summary>What guessing gives: a line is drawn there.</summary>
    public double? Guess { get; set; }

    public IEnumerable<double> Values => values.OfType<double>();

    /// <summary>Steps whose value was no finite number.</summary>
    public int Gaps => values.Count(value => value is null);

    /// <summary>A run that was resumed takes some steps again: the later ones count.</summary>
    public void Add(long step, double? value)
    {
        while (steps.Count > 0 && steps[^1] >= step)
        {
            steps.RemoveAt(steps.Count - 1);
            values.RemoveAt(values.Count - 1);
        }
        steps.Add(step);
        values.Add(value);
    }

    /// <summary>
    /// { name, step, low, high, mean, guess }: as many steps to a point as keep the points within <see cref="MostPoints"/>; low and high are the least
    /// and the greatest of them, so that no spike is lost. The mean is an exponential one (without the pull of its start) at the last of them,
    /// or theirs alone; it is left out where it would be the value itself.
    /// </summary>
    /// <param name="span">Steps that the exponential mean is over, about; 0 for none.</param>
    public JsonObject ToJson(int span)
    {
        int each = (Count + MostPoints - 1) / MostPoints;
        var (x, low, high, means) = (new JsonArray(), new JsonArray(), new JsonArray(), new JsonArray());
        double keep = 1 - 2.0 / (Math.Max(span, 1) + 1), mean = 0, weight = 0;
        for (int start = 0; start < Count; start += each)
        {
            int end = Math.Min(start + each, Count);
            for (int i = start; i < end; i++)
                if (values[i] is double value) (mean, weight) = (keep * mean + (1 - keep) * value, keep * weight + (1 - keep));
            double[] held = [.. values.GetRange(start, end - start).OfType<double>()];
            x.Add(steps[end - 1]);
            low.Add(held.Length == 0 ? null : Short(held.Min()));
            high.Add(held.Length == 0 ? null : Short(held.Max()));
            double? shown = span > 1 ? weight == 0 ? null : mean / weight : held.Length == 0 ? null : held.Average();
            means.Add(shown is double drawn ? Short(drawn) : null);
        }
        var json = new JsonObject { ["name"] = name, ["step"] = x, ["low"] = low, ["high"] = high };
        if (span > 1 || each > 1) json["mean"] = means;
        if (Guess is { } guess) json["guess"] = Short(guess);
        return json;
    }

    /// <summary>Six digits are more than can be seen.</summary>
    public static double Short(double value) => double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
