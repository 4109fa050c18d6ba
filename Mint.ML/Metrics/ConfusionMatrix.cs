namespace Mint.ML.Metrics;

/// <summary>How well one class is told from the others.</summary>
/// <param name="Support">Items whose label it is.</param>
/// <param name="Predicted">Items that were taken for it.</param>
/// <param name="Precision">Share of those taken for it that are; NaN where none was.</param>
/// <param name="Recall">Share of its items that were taken for it; NaN where it has none.</param>
/// <param name="F1">2·both / (support + predicted), as <see cref="ClassificationMetrics.F1"/> has it; NaN where the class does not occur.</param>
public sealed record ClassReport(int Support, int Predicted, double Precision, double Recall, double F1);

/// <summary>How often items of each class were taken for each class.</summary>
public sealed class ConfusionMatrix
{
    private readonly int[,] counts;

    /// <summary>Counts pairs.</summary>
    /// <param name="labels">Class of each item, from 0.</param>
    /// <param name="predictions">What each was taken for.</param>
    /// <param name="classes">Number of classes.</param>
    /// <exception cref="ArgumentException">The lists differ in length, or a number is no class.</exception>
    public ConfusionMatrix(IReadOnlyList<int> labels, IReadOnlyList<int> predictions, int classes)
    {
        if (labels.Count != predictions.Count) throw new ArgumentException($"There are {labels.Count} labels and {predictions.Count} predictions.");
        counts = new int[classes, classes];
        for (int i = 0; i < labels.Count; i++)
        {
            if (labels[i] < 0 || labels[i] >= classes || predictions[i] < 0 || predictions[i] >= classes)
                throw new ArgumentException($"Item {i} is of class {labels[i]} and was taken for {predictions[i]}; classes are 0 to {classes - 1}.");
            counts[labels[i], predictions[i]]++;
        }
        int[] all = [.. Enumerable.Range(0, classes)];
        Classes = [.. all.Select(c =>
        {
            int support = all.Sum(other => counts[c, other]), predicted = all.Sum(other => counts[other, c]);
            double both = counts[c, c]; // 0/0 is NaN, as documented
            return new ClassReport(support, predicted, both / predicted, both / support, 2 * both / (support + predicted));
        })];
    }

    /// <summary>Items of a class that were taken for a class.</summary>
    public int this[int label, int prediction] => counts[label, prediction];

    /// <summary>One a class.</summary>
    public IReadOnlyList<ClassReport> Classes { get; }
}
