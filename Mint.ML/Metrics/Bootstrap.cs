namespace Mint.ML.Metrics;

/// <summary>A value and the interval it lies in.</summary>
/// <param name="Value">The statistic of the items themselves.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public sealed record ConfidenceInterval(double Value, double Low, double High);

/// <summary>Intervals by drawing items with replacement.</summary>
/// <remarks>The percentile method: the statistic of each of the samples, sorted; the ends leave (1 − confidence) / 2 of them out on each side, with linear
/// interpolation. With one item the interval is its value.</remarks>
public static class Bootstrap
{
    /// <summary>Interval of a mean.</summary>
    /// <param name="items">One value an item.</param>
    /// <param name="seed">The same seed gives the same interval.</param>
    /// <param name="samples">Number of samples; 1,000 give the ends to about a twentieth of the interval's width.</param>
    /// <param name="confidence">Between 0 and 1.</param>
    public static ConfidenceInterval Mean(IReadOnlyList<double> items, int seed = 1, int samples = 1000, double confidence = 0.95) =>
        Statistic(items.Count, rows => rows.Average(row => items[row]), seed, samples, confidence);

    /// <summary>Interval of any statistic of some of the rows (each may be named more than once).</summary>
    /// <param name="count">Number of rows.</param>
    /// <param name="statistic">Computes it from row numbers. Samples where it is not defined (NaN) are left out.</param>
    /// <param name="seed">The same seed gives the same interval.</param>
    /// <param name="samples">Number of samples.</param>
    /// <param name="confidence">Between 0 and 1.</param>
    /// <exception cref="ArgumentException">There are no rows, or the statistic is not defined for any sample.</exception>
    public static ConfidenceInterval Statistic(int count, Func<int[], double> statistic, int seed = 1, int samples = 1000, double confidence = 0.95)
    {
        if (count <= 0) throw new ArgumentException("There are no items to draw from.", nameof(count));
        if (samples <= 0) throw new ArgumentOutOfRangeException(nameof(samples), samples, "At least one sample is needed.");
        if (confidence is not (> 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "The confidence must be between 0 and 1.");
        var random = new Random(seed);
        int[] rows = new int[count];
        var values = new List<double>(samples);
        for (int sample = 0; sample < samples; sample++)
        {
            for (int i = 0; i < count; i++) rows[i] = random.Next(count);
            double value = statistic(rows);
            if (!double.IsNaN(value)) values.Add(value);
        }
        if (values.Count == 0) throw new ArgumentException("The statistic is not defined for any sample.", nameof(statistic));
        values.Sort();
        return new ConfidenceInterval(statistic([.. Enumerable.Range(0, count)]), Quantile((1 - confidence) / 2), Quantile((1 + confidence) / 2));

        double Quantile(double q)
        {
            double position = q * (values.Count - 1);
            int below = (int)position;
            return values[below] + (position - below) * (values[Math.Min(below + 1, values.Count - 1)] - values[below]);
        }
    }
}
