using System.Text.Json.Nodes;
using Mint.ML.Metrics;

namespace Mint.ML.Tests.Metrics;

/// <summary>Against scikit-learn (tests/fixtures/metrics/classification.json).</summary>
[TestClass]
public sealed class ClassificationMetricsTests
{
    private const double Tolerance = 1e-9;
    private static readonly JsonNode json = JsonNode.Parse(File.ReadAllText(Fixtures.Path("metrics", "classification.json")))!;

    private static T[] Row<T>(JsonNode? node) => [.. node!.AsArray().Select(v => v!.GetValue<T>())];

    [TestMethod]
    public void The_calibration_error_is_that_of_bins_filled_by_hand()
    {
        // Of ten bins: one of 0.2 (wrong), two of 0.75 (one right), three of 0.95 and 1 (two right).
        bool[] right = [false, true, false, true, true, false];
        double[] confidences = [0.2, 0.75, 0.75, 0.95, 1, 0.95];
        double expected = (0.2 + Math.Abs(1 - 1.5) + Math.Abs(2 - 2.9)) / 6;
        Assert.AreEqual(expected, ClassificationMetrics.ExpectedCalibrationError(right, confidences, bins: 10), 1e-12);
        // Bins are closed above: 0.2 with ten bins is in the second, with what is just below, not with what is above.
        Assert.AreEqual(0, ClassificationMetrics.ExpectedCalibrationError([true, false], [0.5, 0.5]), 1e-12);
        Assert.AreEqual(1, ClassificationMetrics.ExpectedCalibrationError([true, false], [0, 1]), 1e-12);
        Assert.ThrowsExactly<ArgumentException>(() => ClassificationMetrics.ExpectedCalibrationError([true], [1.01]));
        Assert.ThrowsExactly<ArgumentException>(() => ClassificationMetrics.ExpectedCalibrationError([true], [double.NaN]));
    }

    [TestMethod]
    public void Class_scores_of_the_confusion_matrix_average_to_scikit_learns()
    {
        JsonNode item = json["multiclass"]!;
        int[] labels = Row<int>(item["y_true"]), predictions = Row<int>(item["y_pred"]);
        var matrix = new ConfusionMatrix(labels, predictions, 5); // the fifth class does not occur
        for (int label = 0; label < 5; label++)
        {
            for (int prediction = 0; prediction < 5; prediction++)
                Assert.AreEqual(labels.Zip(predictions).Count(pair => pair == (label, prediction)), matrix[label, prediction]);
        }

        Assert.AreEqual((double)item["f1_macro"]!, matrix.Classes.Take(4).Average(one => one.F1), Tolerance);
        Assert.AreEqual((double)item["f1_weighted"]!, matrix.Classes.Take(4).Sum(one => one.F1 * one.Support) / labels.Length, Tolerance);
        Assert.AreEqual((double)item["accuracy"]!, matrix.Classes.Take(4).Sum(one => one.Recall * one.Support) / labels.Length, Tolerance);
        // By hand: of the three that were taken for 2, two are.
        Assert.AreEqual(new ClassReport(2, 3, 2 / 3.0, 1, 0.8), matrix.Classes[2]);
        Assert.AreEqual(new ClassReport(0, 0, double.NaN, double.NaN, double.NaN), matrix.Classes[4]);
        Assert.Contains("Item 0", Assert.ThrowsExactly<ArgumentException>(() => new ConfusionMatrix([5], [0], 5)).Message);
    }

    [TestMethod]
    public void Scores_that_are_not_numbers_are_named() =>
        Assert.Contains("item 1",
            Assert.ThrowsExactly<ArgumentException>(() => ClassificationMetrics.AveragePrecision([true, false], [0.5, double.NaN])).Message);

    [TestMethod]
    public void Interval_holds_the_mean_shrinks_with_more_items_and_repeats()
    {
        double[] few = [.. Enumerable.Range(0, 20).Select(i => i % 5 / 4.0)], many = [.. Enumerable.Repeat(few, 50).SelectMany(x => x)];
        ConfidenceInterval wide = Bootstrap.Mean(few), narrow = Bootstrap.Mean(many);
        Assert.AreEqual(0.5, wide.Value, 1e-12);
        Assert.IsTrue(wide.Low < 0.5 && 0.5 < wide.High);
        // The normal approximation: 1.96 standard errors on each side.
        Assert.AreEqual(2 * 1.96 * Math.Sqrt(0.125 / 1000), narrow.High - narrow.Low, 0.006);
        Assert.AreEqual(wide, Bootstrap.Mean(few));
        Assert.AreEqual(new ConfidenceInterval(3, 3, 3), Bootstrap.Mean([3]));
    }
}
