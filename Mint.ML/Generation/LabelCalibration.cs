namespace Mint.ML.Generation;

/// <summary>Makes probabilities of labels mean what they say, on clips that were not trained on.</summary>
/// <remarks>
/// One label true: temperature scaling (Guo et al., "On calibration of modern neural networks", 2017), one factor for all scores. Several: Platt's slope and
/// offset ("Probabilistic outputs for support vector machines", 1999). Neither changes the order of labels.
/// Where a clip has several right labels ("dog", "puppy"), no one of them is owed all: the slope is then the one by which the answer, the likeliest label, is
/// right as often as it says.
/// Targets are a little short of certain, as Platt's: n right clips are no proof that the next is right, and a factor without end would claim it.
/// </remarks>
public static class LabelCalibration
{
    private const double Least = -9, Most = 9; // logarithm of the slope
    private const int Halvings = 60;

    /// <summary>Fits slope (and, where several labels are true, offset) by maximum likelihood.</summary>
    /// <param name="scores">The labels' scores of each clip, before any slope: <see cref="RankingResult.Scores"/>. A constant added to a clip's scores changes
    /// nothing where one label is true.</param>
    /// <param name="right">The places of each clip's right labels. Where one label is true, any of several is a right answer; a clip without one is left
    /// out.</param>
    /// <param name="options">How labels are ranked.</param>
    /// <returns>The options with the fitted <see cref="RankingOptions.Slope"/>, <see cref="RankingOptions.FittedLabels"/> and <see
    /// cref="RankingOptions.Offset"/>.</returns>
    /// <exception cref="ArgumentException">There is nothing to fit to, or the lists differ in length.</exception>
    public static RankingOptions Fit(IReadOnlyList<double[]> scores, IReadOnlyList<IReadOnlyList<int>> right, RankingOptions options)
    {
        if (scores.Count != right.Count) throw new ArgumentException($"There are {scores.Count} rows of scores and {right.Count} of right labels.");
        if (options.MultiLabel) return Platt(scores, right, options);
        var known = scores.Zip(right).Where(clip => clip.Second.Count > 0).Select(clip => (Scores: clip.First, Right: clip.Second)).ToList();
        if (known.Count == 0) throw new ArgumentException("No clip has one of the labels: there is nothing to fit to.");
        double spread = 1.0 / (known.Count + 2);
        double fitted = known.Any(clip => clip.Right.Count > 1) ? OfAnswers(known, spread)
            : Root(slope => known.Sum(clip => Slope(clip.Scores, clip.Right[0], slope, spread)));
        return options with { Slope = fitted, FittedLabels = known[0].Scores.Length };
    }

    /// <summary>The probability below which no label is given, on clips that were not trained on.</summary>
    /// <param name="confidences">The probability of each answer that could be given.</param>
    /// <param name="right">Whether it would be right.</param>
    /// <param name="answerable">How many right answers there are, given or not: what recall is of.</param>
    /// <param name="precision">The lowest threshold whose answers are right in this share, or the most precise one where none is; null takes the best
    /// F1.</param>
    /// <returns>Halfway between the last answer that is given and the first that is not; 0 gives all.</returns>
    public static double Threshold(IReadOnlyList<double> confidences, IReadOnlyList<bool> right, int answerable, double? precision = null)
    {
        if (confidences.Count != right.Count || confidences.Count == 0)
            throw new ArgumentException($"There are {confidences.Count} confidences and {right.Count} answers.");
        var order = confidences.Zip(right).OrderByDescending(answer => answer.First).ToList();
        double best = double.NegativeInfinity, threshold = 0;
        int hits = 0;
        for (int given = 1; given <= order.Count; given++)
        {
            if (order[given - 1].Second) hits++;
            if (given < order.Count && order[given].First == order[given - 1].First) continue; // equals are given together
            double share = (double)hits / given;
            double worth = precision is { } least ? share >= least ? 1 + given : share : 2.0 * hits / (given + answerable);
            if (worth <= best) continue;
            (best, threshold) = (worth, given == order.Count ? 0 : (order[given - 1].First + order[given].First) / 2);
        }
        return threshold;
    }

    // The derivative of a clip's cross-entropy by the slope: the mean score under the probabilities less that under the targets.
    private static double Slope(double[] scores, int right, double slope, double spread)
    {
        double highest = scores.Max(), total = 0, mean = 0;
        foreach (double score in scores)
        {
            double weight = Math.Exp(slope * (score - highest));
            (total, mean) = (total + weight, mean + weight * (score - highest));
        }
        return mean / total - ((1 - spread) * scores[right] + spread * scores.Average() - highest);
    }

    // The slope by which "the likeliest label is a right one" is likeliest: that is not convex, so that a grid is searched, then a finer one.
    private static double OfAnswers(List<(double[] Scores, IReadOnlyList<int> Right)> clips, double spread)
    {
        var answers = clips.Select(clip => (clip.Scores, Hit: clip.Right.Contains(Array.IndexOf(clip.Scores, clip.Scores.Max())))).ToList();
        double best = 0;
        for (double step = 0.25; step > 1e-5; step /= 5)
        {
            double around = best, reach = step == 0.25 ? Most : 5 * step;
            best = Enumerable.Range(-(int)(reach / step), 2 * (int)(reach / step) + 1).Select(i => around + i * step).MinBy(Loss);
        }
        return Math.Exp(best);

        double Loss(double logarithm) => answers.Sum(answer =>
        {
            double highest = answer.Scores.Max(), slope = Math.Exp(logarithm);
            double sure = 1 / answer.Scores.Sum(score => Math.Exp(slope * (score - highest))), hit = answer.Hit ? 1 - spread : spread;
            return -hit * Math.Log(sure) - (1 - hit) * Math.Log(Math.Max(1 - sure, double.Epsilon));
        });
    }

    // The cross-entropy is convex in the slope: its derivative rises, and is halved in upon.
    private static double Root(Func<double, double> rising)
    {
        double low = Least, high = Most;
        for (int i = 0; i < Halvings; i++)
        {
            double middle = (low + high) / 2;
            if (rising(Math.Exp(middle)) > 0) high = middle;
            else low = middle;
        }
        return Math.Exp((low + high) / 2);
    }

    private static RankingOptions Platt(IReadOnlyList<double[]> scores, IReadOnlyList<IReadOnlyList<int>> right, RankingOptions options)
    {
        var pairs = scores.Zip(right).SelectMany(clip => clip.First.Select((score, label) => (Score: score, True: clip.Second.Contains(label)))).ToList();
        double positive = pairs.Count(pair => pair.True), negative = pairs.Count - positive;
        if (positive == 0 || negative == 0) throw new ArgumentException("Every label is true of every clip, or none of any: there is nothing to fit to.");
        var (yes, no) = ((positive + 1) / (positive + 2), 1 / (negative + 2));
        // For each slope the best offset, by halving as well: both derivatives rise.
        double slope = Root(factor => Derivative(factor, Offset(factor), score => score));
        return options with { Slope = slope, Offset = Offset(slope) };

        double Offset(double factor)
        {
            double reach = 40 + factor * pairs.Max(pair => Math.Abs(pair.Score)), low = -reach, high = reach;
            for (int i = 0; i < Halvings; i++)
            {
                double middle = (low + high) / 2;
                if (Derivative(factor, middle, _ => 1) > 0) high = middle;
                else low = middle;
            }
            return (low + high) / 2;
        }

        double Derivative(double factor, double offset, Func<double, double> by) =>
            pairs.Sum(pair => by(pair.Score) * (1 / (1 + Math.Exp(-(factor * pair.Score + offset))) - (pair.True ? yes : no)));
    }
}
