using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>The short form of `./mint bench growth`: what is held after many predictions is what was held after a few.</summary>
[TestClass]
public sealed class GrowthTests
{
    private const int Predictions = 240, MostBytes = 64; // a prediction: less than any object that would be kept for it

    private static EightClips Clips => EightClips.Shared;

    private sealed class Sound
    {
        public string Path { get; set; } = "";
    }

    private sealed class Answer
    {
        public uint PredictedLabel { get; set; }
        public float[] Score { get; set; } = [];
        public string GeneratedCaption { get; set; } = "";
    }

    [TestMethod]
    public void Predictions_of_an_engine_leave_nothing_behind()
    {
        string[] paths = [.. Clips.Data.GetColumn<string>("Path")];
        using var engine = Clips.Ml.Model.CreatePredictionEngine<Sound, Answer>(Clips.Model, new PredictionEngineOptions { OwnsTransformer = false });
        LeavesNothing(count =>
        {
            for (int i = 0; i < count; i++) engine.Predict(new Sound { Path = paths[i % paths.Length] });
        });
    }

    [TestMethod]
    public void Rows_of_a_transformed_view_leave_nothing_behind()
    {
        string[] paths = [.. Clips.Data.GetColumn<string>("Path")];
        LeavesNothing(count =>
        {
            var view = Clips.Ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Sound { Path = paths[i % paths.Length] }));
            foreach (var answer in Clips.Ml.Data.CreateEnumerable<Answer>(Clips.Model.Transform(view), reuseRowObject: false))
                Assert.AreNotEqual(0u, answer.PredictedLabel);
        });
    }

    private static void LeavesNothing(Action<int> predict)
    {
        predict(Predictions / 4); // what is made once
        var (bytes, tensors) = Held();
        predict(Predictions);
        var (bytesAfter, tensorsAfter) = Held();
        Assert.AreEqual(tensors, tensorsAfter, "tensors");
        Assert.IsLessThan(MostBytes * Predictions, bytesAfter - bytes, "bytes");

        static (long Bytes, long Tensors) Held()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return (GC.GetTotalMemory(forceFullCollection: true), Tensor.TotalCount);
        }
    }
}
