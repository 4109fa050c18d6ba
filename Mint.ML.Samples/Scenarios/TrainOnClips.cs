using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Bridges;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Scenarios;

/// <summary>A small bridge trained on the clips that ship, saved, loaded and asked for a label: from nothing to an answer in a minute.</summary>
internal static class TrainOnClips
{
    public static void Run(string manifest = "clips/manifest.csv", string sound = "clips/guit_harmonics.ogg", string encoder = "models/encoder",
        string models = "models", string zip = "hear.zip", int epochs = 4)
    {
        #region clips
        var ml = new MLContext(seed: 1);
        IDataView clips = ml.Data.LoadFromAudioManifest(manifest);    // Path, Label, Caption

        // A small bridge between the frozen encoder's frames and text; its defaults are the paper's, which take a GPU.
        var small = new BridgeNetConfig
        {
            Queries = 8,
            EmbeddingSize = 64,
            QFormer = new() { HiddenSize = 128, Layers = 2, CrossAttentionFrequency = 1, Heads = 4, FeedForwardSize = 256, Positions = 64 },
        };
        var pipeline = ml.Transforms.LoadAudio("Audio", "Path")
            .Append(ml.Transforms.FeaturizeAudio("Features", "Audio", encoder: encoder))
            .Append(ml.AudioLanguage().Trainers.BridgeNet(new() { Bridge = small, Training = new() { Epochs = epochs, BatchSize = 8, LearningRate = 2e-3 } }))
            .Append(ml.AudioLanguage().RankLabels("PredictedLabel", "Features", ["guitar", "drum", "water"]))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        ml.Model.Save(pipeline.Fit(clips), clips.Schema, zip);

        // Any program loads it by the file and the frozen models beside it.
        ITransformer model = ml.AudioLanguage().LoadModel(zip, out _, new([models]));
        IDataView heard = model.Transform(ml.Data.LoadFromEnumerable([new { Path = sound }]));
        string label = heard.GetColumn<string>("PredictedLabel").Single();
        Console.WriteLine($"{label}: {string.Join(", ", heard.GetColumn<float[]>("Score").Single())}");
        #endregion
    }
}
