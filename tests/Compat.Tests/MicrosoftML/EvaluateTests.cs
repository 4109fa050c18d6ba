using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Compat.Tests.MicrosoftML;

[TestClass]
public class EvaluateTests
{
    private sealed class Scored
    {
        [KeyType(3)] public uint Label { get; set; }
        [KeyType(3)] public uint PredictedLabel { get; set; }
        [VectorType(3)] public float[] Score { get; set; } = [];
    }

    private static readonly MLContext Ml = new(seed: 1);

    [TestMethod]
    public void Multiclass_metrics_equal_a_hand_count()
    {
        Scored[] rows =
        [
            new() { Label = 1, PredictedLabel = 1, Score = [0.7f, 0.2f, 0.1f] },
            new() { Label = 1, PredictedLabel = 2, Score = [0.4f, 0.5f, 0.1f] },
            new() { Label = 1, PredictedLabel = 1, Score = [0.6f, 0.3f, 0.1f] },
            new() { Label = 2, PredictedLabel = 3, Score = [0.3f, 0.2f, 0.5f] },
            new() { Label = 0, PredictedLabel = 1, Score = [1, 0, 0] },       // no label: not counted
        ];
        var metrics = Ml.MulticlassClassification.Evaluate(Ml.Data.LoadFromEnumerable(rows), topKPredictionCount: 2);
        Assert.AreEqual(2 / 4.0, metrics.MicroAccuracy, 1e-12);
        Assert.AreEqual((2 / 3.0 + 0) / 2, metrics.MacroAccuracy, 1e-12);
        Assert.AreEqual(3 / 4.0, metrics.TopKAccuracy, 1e-12);
        double loss = -(Math.Log(0.7) + Math.Log(0.4) + Math.Log(0.6) + Math.Log(0.2)) / 4;
        Assert.AreEqual(loss, metrics.LogLoss, 1e-6);
        double prior = -(0.75 * Math.Log(0.75) + 0.25 * Math.Log(0.25));
        Assert.AreEqual((prior - loss) / prior, metrics.LogLossReduction, 1e-6);
        Assert.AreEqual(-Math.Log(0.2), metrics.PerClassLogLoss[1], 1e-6);
        Assert.AreEqual(3, metrics.ConfusionMatrix.NumberOfClasses);
        Assert.AreEqual(2 / 3.0, metrics.ConfusionMatrix.PerClassRecall[0], 1e-12);
        Assert.AreEqual(1, metrics.ConfusionMatrix.PerClassPrecision[0], 1e-12);
    }

    private sealed class Ranked
    {
        public float Label { get; set; }
        [KeyType(9)] public uint GroupId { get; set; }
        public float Score { get; set; }
    }

    [TestMethod]
    public void Ranking_gains_equal_a_hand_count()
    {
        Ranked[] rows =
        [
            new() { GroupId = 1, Label = 0, Score = 3 }, new() { GroupId = 1, Label = 2, Score = 2 }, new() { GroupId = 1, Label = 1, Score = 1 },
            new() { GroupId = 2, Label = 1, Score = 5 }, new() { GroupId = 2, Label = 0, Score = 4 },
        ];
        var metrics = Ml.Ranking.Evaluate(Ml.Data.LoadFromEnumerable(rows));
        Assert.HasCount(10, metrics.NormalizedDiscountedCumulativeGains);
        // Gains are 0, 3, 7 for labels 0, 1, 2. First group: 0, 7, 3 against 7, 3, 0; the second is perfect.
        Assert.AreEqual((0 + 1) / 2.0, metrics.NormalizedDiscountedCumulativeGains[0], 1e-9);
        double got = 7 / Math.Log(3) + 3 / Math.Log(4), best = 7 / Math.Log(2) + 3 / Math.Log(3);
        Assert.AreEqual((got / best + 1) / 2, metrics.NormalizedDiscountedCumulativeGains[2], 1e-9);
    }

    [TestMethod]
    public void A_score_column_that_is_no_vector_is_named()
    {
        var data = Ml.Data.LoadFromEnumerable(new[] { new { Label = 0f, Score = 1f, PredictedLabel = 0f } });
        var error = Assert.Throws<Exception>(() => Ml.MulticlassClassification.Evaluate(data));
        StringAssert.Contains(error.Message, "Score");
    }

    [TestMethod]
    public void The_context_logs_what_a_channel_says_and_falls_back_to_nothing_by_itself()
    {
        var ml = new MLContext(seed: 1);
        Assert.IsFalse(ml.FallbackToCpu);
        Assert.IsNull(ml.GpuDeviceId);
        var messages = new List<LoggingEventArgs>();
        ml.Log += (_, e) => messages.Add(e);
        using (var channel = ((IHostEnvironment)ml).Register("Part").Start("Work"))
            channel.Info(MessageSensitivity.None, "step {0} of {1}", 2, 5);
        var info = messages.Single(m => m.Kind == ChannelMessageKind.Info);
        Assert.AreEqual("step 2 of 5", info.RawMessage);
        StringAssert.Contains(info.Source, "Work");
        StringAssert.Contains(info.Message, "Kind=Info");
    }

    [TestMethod]
    public void Hosts_draw_the_same_numbers_for_the_same_seed_and_others_for_other_hosts()
    {
        static double[] Draw(int seed)
        {
            IHostEnvironment env = new MLContext(seed);
            return [env.Register("a").Rand.NextDouble(), env.Register("b").Rand.NextDouble()];
        }
        CollectionAssert.AreEqual(Draw(1), Draw(1));
        CollectionAssert.AreNotEqual(Draw(1), Draw(2));
        Assert.AreNotEqual(Draw(1)[0], Draw(1)[1]);
    }
}
