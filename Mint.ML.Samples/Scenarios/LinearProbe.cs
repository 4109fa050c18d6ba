using Microsoft.ML;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Scenarios;

/// <summary>A linear probe: logistic regression on what a frozen encoder hears, as one ML.NET chain.</summary>
internal static class LinearProbe
{
    public static void Run(string trainManifest = "train.csv", string testManifest = "test.csv", string encoder = "models/encoder",
        string labelColumn = "Family", string probeFile = "probe.zip")
    {
        #region probe
        var ml = new MLContext(seed: 1);
        IDataView train = ml.Data.LoadFromAudioManifest(trainManifest), test = ml.Data.LoadFromAudioManifest(testManifest);

        var probe = ml.Transforms.LoadAudio("Audio", "Path")
            .Append(ml.Transforms.FeaturizeAudio("Features", "Audio", encoder, pooling: AudioPooling.Mean)) // a clip is one vector
            .Append(ml.Transforms.Conversion.MapValueToKey("Label", labelColumn))
            .AppendCacheCheckpoint(ml)                                                                      // SDCA reads its data many times
            .Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy())
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

        ITransformer model = probe.Fit(train);
        var metrics = ml.MulticlassClassification.Evaluate(model.Transform(test));
        Console.WriteLine($"accuracy {metrics.MicroAccuracy:F3}, mean over classes {metrics.MacroAccuracy:F3}, log loss {metrics.LogLoss:F3}");
        ml.Model.Save(model, train.Schema, probeFile);
        #endregion
    }
}
