using Microsoft.ML;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Scenarios;

/// <summary>Both stages of MINT as an ML.NET pipeline, on a manifest with Path, Caption, Instruction and Response.</summary>
internal static class TrainAPipeline
{
    public static void Run(string manifest = "train.csv", string encoder = "models/data2vec-audio-base", string languageModel = "models/flan-t5-base",
        string frames = "frames", int layers = 12, string model = "mint.zip")
    {
        #region train
        var ml = new MLContext(seed: 1) { GpuDeviceId = 0, FallbackToCpu = true };
        IDataView train = ml.Data.LoadFromAudioManifest(manifest);     // Path, Caption, Instruction, Response, ...
        string[] labels = ["dog", "cat", "rain"];

        var pipeline = ml.Transforms.LoadAudio("Audio", "Path")
            .Append(ml.Transforms.FeaturizeAudio("Features", "Audio", encoder: encoder, cache: frames))
            .Append(ml.AudioLanguage().Trainers.BridgeNet(new() { Bridge = new() { QFormer = new() { Layers = layers } } }))
            .Append(ml.AudioLanguage().Trainers.InstructionTuning("Features", "Instruction", "Response", languageModel: languageModel))
            .Append(ml.AudioLanguage().GenerateCaptions("GeneratedCaption", "Features", "Generate audio caption:"))
            .Append(ml.AudioLanguage().RankLabels("PredictedLabel", "Features", labels, "This is a sound of"));

        ITransformer mint = pipeline.Fit(train);
        ml.Model.Save(mint, train.Schema, model);
        #endregion
    }

    public static void EndOnControlC(MLContext ml)
    {
        #region cancel
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true; // the program goes on, and Fit throws an OperationCanceledException
            ml.AudioLanguage().CancelExecution();
        };
        #endregion
    }
}
