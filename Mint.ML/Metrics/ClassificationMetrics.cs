namespace Mint.ML.Metrics;

/// <summary>F1 of single-label predictions, three ways.</summary>
/// <param name="Macro">Mean over the classes that occur as a label or a prediction.</param>
/// <param name="Micro">Over all predictions; equals the accuracy.</param>
/// <param name="Weighted">Mean weighted by how often a class is the label.</param>
public sealed record F1Scores(double Macro, double Micro, double Weighted);

/// <summary>A measure per class and its mean.</summary>
/// <param name="Macro">Mean over the classes where it is defined; NaN if there is none.</param>
/// <param name="Classes">One a class; NaN where the data do not define it.</param>
public sealed record ClassScores(double Macro, IReadOnlyList<double> Classes);

/// <summary>Accuracy, F1, average precision and ROC-AUC, as scikit-learn computes them.</summary>
public static class ClassificationMetrics
{
    /// <summary>Share of predictions that are the label.</summary>
    public static double Accuracy(IReadOnlyList<int> labels, IReadOnlyList<int> predictions)
    {
        CheckPairs(labels.Count, predictions.Count, "labels", "predictions");
        return labels.Zip(predictions).Count(pair => pair.First == pair.Second) / (double)labels.Count;
    }

    /// <summary>F1 = 2·TP / (2·TP + FP + FN) of every class, averaged.</summary>
    public static F1Scores F1(IReadOnlyList<int> labels, IReadOnlyList<int> predictions)
    {
        double accuracy = Accuracy(labels, predictions), macro = 0, weighted = 0;
        int[] classes = [.. labels.Union(predictions)];
        foreach (int one in classes)
        {
            int actual = labels.Count(l => l == one), predicted = predictions.Count(p => p == one), both = labels.Zip(predictions)
                .Count(p => p.First == one && p.Second == one);
            double f1 = 2.0 * both / (actual + predicted);
            (macro, weighted) = (macro + f1 / classes.Length, weighted + f1 * actual / labels.Count);
        }
        return new F1Scores(macro, accuracy, weighted);
    }

    /// <summary>Average precision of one class.</summary>
    /// <remarks>Σ (R_i − R_{i−1})·P_i over the thresholds, highest first; equal scores are one threshold, so their order does not matter. NaN without
    /// positives.</remarks>
    public static double AveragePrecision(IReadOnlyList<bool> labels, IReadOnlyList<double> scores)
    {
        double sum = 0, positives = labels.Count(label => label);
        int seen = 0, hits = 0;
        foreach (var (size, matched) in Thresholds(labels, scores))
        {
            (seen, hits) = (seen + size, hits + matched);
            sum += matched / positives * hits / seen;
        }
        return positives == 0 ? double.NaN : sum;
    }

    /// <summary>Area under the ROC curve of one class.</summary>
    /// <remarks>The share of (positive, negative) pairs in which the positive scores higher; a tie counts one half. NaN without positives or without
    /// negatives.</remarks>
    public static double RocAuc(IReadOnlyList<bool> labels, IReadOnlyList<double> scores)
    {
        double pairs = 0, positives = labels.Count(label => label), negatives = labels.Count - positives, above = 0;
        foreach (var (size, matched) in Thresholds(labels, scores))
        {
            pairs += (size - matched) * (above + matched / 2.0);
            above += matched;
        }
        return positives == 0 || negatives == 0 ? double.NaN : pairs / (positives * negatives);
    }

    /// <summary>mAP: <see cref="AveragePrecision"/> of every class.</summary>
    /// <param name="labels">(items, classes).</param>
    /// <param name="scores">(items, classes).</param>
    public static ClassScores MeanAveragePrecision(bool[,] labels, double[,] scores) => PerClass(labels, scores, AveragePrecision);

    /// <summary><see cref="RocAuc"/> of every class.</summary>
    /// <inheritdoc cref="MeanAveragePrecision"/>
    public static ClassScores MeanRocAuc(bool[,] labels, double[,] scores) => PerClass(labels, scores, RocAuc);

    /// <summary>Expected calibration error: how far confidence is from the share that is right, in bins of equal width, weighed by what is in them.</summary>
    /// <remarks>Guo et al. (2017): Σ n_b / n · |right_b − confidence_b|. It is 0 where of the answers given with 70 % seven in ten are right, and so
    /// on.</remarks>
    /// <param name="right">Whether each answer is right.</param>
    /// <param name="confidences">The probability that it was given with, from 0 to 1.</param>
    /// <param name="bins">Bins of (0, 1]; 15 as in the paper.</param>
    public static double ExpectedCalibrationError(IReadOnlyList<bool> right, IReadOnlyList<double> confidences, int bins = 15)
    {
        CheckPairs(right.Count, confidences.Count, "answers", "confidences");
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        double[] errors = new double[bins]; // right less confidence, summed
        for (int i = 0; i < right.Count; i++) errors[Bin(confidences, i, bins)] += (right[i] ? 1 : 0) - confidences[i];
        return errors.Sum(Math.Abs) / right.Count;
    }

    /// <summary>The calibration error that so few answers show by chance where every probability is exactly right: the mean of a thousand draws.</summary>
    /// <param name="confidences">The probability that each answer was given with, from 0 to 1.</param>
    /// <param name="bins">As of <see cref="ExpectedCalibrationError"/>.</param>
    public static double CalibrationErrorByChance(IReadOnlyList<double> confidences, int bins = 15)
    {
        var chance = new Random(1);
        return Enumerable.Range(0, 1000).Average(_ =>
            ExpectedCalibrationError([.. confidences.Select(probability => chance.NextDouble() < probability)], confidences, bins));
    }

    /// <summary>The calibration error without what chance adds to it: the root of the mean square of (right − confidence) of a bin, of which the variance that
    /// so few answers have is taken off. At most 0 is told as 0.</summary>
    /// <remarks>Kumar et al., "Verified uncertainty calibration", 2019. A bin of one answer tells nothing of its variance, and is left out. A root mean square
    /// is never less than the mean that <see cref="ExpectedCalibrationError"/> is.</remarks>
    /// <inheritdoc cref="ExpectedCalibrationError"/>
    public static double DebiasedCalibrationError(IReadOnlyList<bool> right, IReadOnlyList<double> confidences, int bins = 15)
    {
        CheckPairs(right.Count, confidences.Count, "answers", "confidences");
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        double sum = 0;
        foreach (var bin in Enumerable.Range(0, right.Count).GroupBy(i => Bin(confidences, i, bins), i => (right[i] ? 1 : 0) - confidences[i])
            .Where(bin => bin.Count() > 1))
        {
            double mean = bin.Average(), variance = bin.Sum(error => (error - mean) * (error - mean)) / (bin.Count() - 1);
            sum += bin.Count() * (mean * mean - variance / bin.Count());
        }
        return Math.Sqrt(Math.Max(0, sum / right.Count));
    }

    private static int Bin(IReadOnlyList<double> confidences, int item, int bins) => confidences[item] is >= 0 and <= 1 and var confidence
        ? Math.Clamp((int)Math.Ceiling(confidence * bins) - 1, 0, bins - 1)
        : throw new ArgumentException($"The confidence of item {item} is {confidences[item]}; it is from 0 to 1.");

    private static ClassScores PerClass(bool[,] labels, double[,] scores, Func<IReadOnlyList<bool>, IReadOnlyList<double>, double> measure)
    {
        int items = labels.GetLength(0), classes = labels.GetLength(1);
        if (items != scores.GetLength(0) || classes != scores.GetLength(1))
            throw new ArgumentException($"The labels are ({items}, {classes}), the scores ({scores.GetLength(0)}, {scores.GetLength(1)}).");
        double[] values = [.. Enumerable.Range(0, classes).Select(c => measure(
            [.. Enumerable.Range(0, items).Select(i => labels[i, c])], [.. Enumerable.Range(0, items).Select(i => scores[i, c])]))];
        return new ClassScores(values.Where(value => !double.IsNaN(value)).DefaultIfEmpty(double.NaN).Average(), values);
    }

    // Groups of equal scores, highest first: how many items, how many of them positive.
    private static List<(int Size, int Positives)> Thresholds(IReadOnlyList<bool> labels, IReadOnlyList<double> scores)
    {
        CheckPairs(labels.Count, scores.Count, "labels", "scores");
        for (int i = 0; i < scores.Count; i++)
            if (double.IsNaN(scores[i])) throw new ArgumentException($"The score of item {i} is not a number.");
        return [.. scores.Zip(labels).GroupBy(pair => pair.First, pair => pair.Second).OrderByDescending(group => group.Key)
            .Select(group => (group.Count(), group.Count(label => label)))];
    }

    private static void CheckPairs(int first, int second, string one, string other)
    {
        if (first != second) throw new ArgumentException($"There are {first} {one} and {second} {other}.");
        if (first == 0) throw new ArgumentException($"There are no {one}.");
    }
}
