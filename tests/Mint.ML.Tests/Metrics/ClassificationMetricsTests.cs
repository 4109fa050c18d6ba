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
    public void What_chance_adds_to_the_calibration_error_is_counted_and_taken_off()
    {
        // Two answers at one half: none, one or both right, with an error of a half, 0, a half.
        Assert.AreEqual(0.25, ClassificationMetrics.CalibrationErrorByChance([0.5, 0.5]), 0.02);
        // By hand, of ten bins: two of 0.75 (one right) and three near 1 (two right); the one of 0.2 tells no variance.
        bool[] right = [false, true, false, true, true, false];
        double[] confidences = [0.2, 0.75, 0.75, 0.95, 1, 0.95];
        double first = 0.25 * 0.25 - 0.5 / 2, mean = (0.05 + 0 - 0.95) / 3;
        double second = mean * mean - (Math.Pow(0.05 - mean, 2) + Math.Pow(mean, 2) + Math.Pow(-0.95 - mean, 2)) / 2 / 3;
        double expected = Math.Sqrt(Math.Max(0, (2 * first + 3 * second) / 6));
        Assert.AreEqual(expected, ClassificationMetrics.DebiasedCalibrationError(right, confidences, bins: 10), 1e-12);
        // Of many sets of forty answers that are drawn as they say the mean square is none; of ones that say a tenth too much it is a hundredth.
        double Square(double too)
        {
            var chance = new Random(5);
            return Enumerable.Range(0, 4000).Average(_ =>
            {
                double[] sure = [.. Enumerable.Range(0, 40).Select(i => 0.55 + 0.02 * (i % 10))];
                bool[] hits = [.. sure.Select(probability => chance.NextDouble() < probability - too)];
                return Math.Pow(ClassificationMetrics.DebiasedCalibrationError(hits, sure, bins: 1), 2);
            });
        }
        Assert.AreEqual(0.01, Square(0.1), 0.003);
        Assert.IsLessThan(0.004, Square(0)); // below 0 is told as 0: a little is left of its spread
        Assert.ThrowsExactly<ArgumentException>(() => ClassificationMetrics.DebiasedCalibrationError([true], [0.5, 0.5]));
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
