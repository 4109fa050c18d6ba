using Microsoft.ML;
using Microsoft.ML.Data;

namespace Compat.Tests.MicrosoftML;

[TestClass]
public class TextLoaderTests
{
    private sealed class Line
    {
        [LoadColumn(0)] public string Name { get; set; } = "";
        [LoadColumn(1, 2)] public float[] Values { get; set; } = [];
        [LoadColumn(3)] public bool Kept { get; set; }
    }

    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    public void Delimited_text_is_read_by_position_with_quotes_and_missing_numbers()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "name,a,b,kept\n\"one, \"\"two\"\"\",1,2.5,true\nthree,x,-4,0\n");
            var data = Ml.Data.LoadFromTextFile<Line>(path, separatorChar: ',', hasHeader: true, allowQuoting: true);
            var rows = Ml.Data.CreateEnumerable<Line>(data, reuseRowObject: false).ToList();
            Assert.HasCount(2, rows);
            Assert.AreEqual("one, \"two\"", rows[0].Name);
            CollectionAssert.AreEqual(new[] { 1f, 2.5f }, rows[0].Values);
            Assert.IsTrue(rows[0].Kept && !rows[1].Kept);
            Assert.IsTrue(float.IsNaN(rows[1].Values[0]));
            Assert.AreEqual(2, ((VectorDataViewType)data.Schema["Values"].Type).Size);
            var named = Ml.Data.LoadFromTextFile(path, [new("First", DataKind.String, 0), new("Last", DataKind.Single, 2)], ',', hasHeader: true, allowQuoting: true);
            CollectionAssert.AreEqual(new[] { 2.5f, -4f }, named.GetColumn<float>("Last").ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void A_file_that_is_not_there_is_named()
    {
        var error = Assert.Throws<Exception>(() => Ml.Data.LoadFromTextFile<Line>("no such file.csv"));
        StringAssert.Contains(error.Message, "no such file.csv");
    }

    private sealed class Binary { public bool Label { get; set; } public bool PredictedLabel { get; set; } public float Score { get; set; } }

    [TestMethod]
    public void Binary_metrics_equal_a_hand_count()
    {
        var rows = new (bool, float)[] { (true, 3), (false, 2), (true, 1), (false, -1), (false, -2) }
            .Select(r => new Binary { Label = r.Item1, Score = r.Item2, PredictedLabel = r.Item2 > 0 });
        var metrics = Ml.BinaryClassification.EvaluateNonCalibrated(Ml.Data.LoadFromEnumerable(rows));
        Assert.AreEqual(4 / 5.0, metrics.Accuracy, 1e-12);
        Assert.AreEqual(2 / 3.0, metrics.PositivePrecision, 1e-12);
        Assert.AreEqual(1, metrics.PositiveRecall, 1e-12);
        Assert.AreEqual(0.8, metrics.F1Score, 1e-12);
        // Of the six pairs of a positive and a negative, five are in order.
        Assert.AreEqual(5 / 6.0, metrics.AreaUnderRocCurve, 1e-12);
    }
}
