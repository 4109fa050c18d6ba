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

    private static double[,] Matrix(JsonNode? node)
    {
        double[][] rows = [.. node!.AsArray().Select(Row<double>)];
        var matrix = new double[rows.Length, rows[0].Length];
        for (int i = 0; i < rows.Length; i++)
            for (int j = 0; j < rows[i].Length; j++) matrix[i, j] = rows[i][j];
        return matrix;
    }

    [TestMethod]
    public void Average_precision_and_AUC_are_scikit_learns()
    {
        foreach (var (name, item) in json["multilabel"]!.AsObject())
        {
            double[,] y = Matrix(item!["y"]);
            var labels = new bool[y.GetLength(0), y.GetLength(1)];
            for (int i = 0; i < y.GetLength(0); i++)
                for (int j = 0; j < y.GetLength(1); j++) labels[i, j] = y[i, j] > 0;
            Check(name, item, "ap_per_class", "mAP_macro_over_defined", ClassificationMetrics.MeanAveragePrecision(labels, Matrix(item["scores"])));
            Check(name, item, "auc_per_class", "auc_macro_over_defined", ClassificationMetrics.MeanRocAuc(labels, Matrix(item["scores"])));
        }

        static void Check(string name, JsonNode item, string classes, string macro, ClassScores actual)
        {
            double[] expected = [.. item[classes]!.AsArray().Select(v => v is null ? double.NaN : (double)v)];
            for (int c = 0; c < expected.Length; c++) Assert.AreEqual(expected[c], actual.Classes[c], Tolerance, $"{name}, {classes} {c}");
            Assert.AreEqual((double)item[macro]!, actual.Macro, Tolerance, $"{name}, {macro}");
        }
    }

    [TestMethod]
    public void Accuracy_and_F1_are_scikit_learns()
    {
        JsonNode item = json["multiclass"]!;
        int[] labels = Row<int>(item["y_true"]), predictions = Row<int>(item["y_pred"]);
        var f1 = ClassificationMetrics.F1(labels, predictions);
        Assert.AreEqual((double)item["accuracy"]!, ClassificationMetrics.Accuracy(labels, predictions), Tolerance);
        Assert.AreEqual((double)item["f1_macro"]!, f1.Macro, Tolerance);
        Assert.AreEqual((double)item["f1_micro"]!, f1.Micro, Tolerance);
        Assert.AreEqual((double)item["f1_weighted"]!, f1.Weighted, Tolerance);
    }

    [TestMethod]
    public void Class_scores_of_the_confusion_matrix_average_to_scikit_learns()
    {
        JsonNode item = json["multiclass"]!;
        int[] labels = Row<int>(item["y_true"]), predictions = Row<int>(item["y_pred"]);
        var matrix = new ConfusionMatrix(labels, predictions, 5); // the fifth class does not occur
        for (int label = 0; label < 5; label++)
            for (int prediction = 0; prediction < 5; prediction++)
                Assert.AreEqual(labels.Zip(predictions).Count(pair => pair == (label, prediction)), matrix[label, prediction]);
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
        Assert.Contains("item 1", Assert.ThrowsExactly<ArgumentException>(() => ClassificationMetrics.AveragePrecision([true, false], [0.5, double.NaN])).Message);

    [TestMethod]
    public void Interval_holds_the_mean_shrinks_with_more_items_and_repeats()
    {
        double[] few = [.. Enumerable.Range(0, 20).Select(i => i % 5 / 4.0)], many = [.. Enumerable.Repeat(few, 50).SelectMany(x => x)];
        Interval wide = Bootstrap.Mean(few), narrow = Bootstrap.Mean(many);
        Assert.AreEqual(0.5, wide.Value, 1e-12);
        Assert.IsTrue(wide.Low < 0.5 && 0.5 < wide.High);
        // The normal approximation: 1.96 standard errors on each side.
        Assert.AreEqual(2 * 1.96 * Math.Sqrt(0.125 / 1000), narrow.High - narrow.Low, 0.006);
        Assert.AreEqual(wide, Bootstrap.Mean(few));
        Assert.AreEqual(new Interval(3, 3, 3), Bootstrap.Mean([3]));
    }
}
