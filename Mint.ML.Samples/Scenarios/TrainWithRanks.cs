using Microsoft.ML;
using Mint.ML.Distributed;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Scenarios;

/// <summary>A bridge that all processes of an <c>mpirun</c> train together, each on its part of every batch.</summary>
internal static class TrainWithRanks
{
    public static void Run(string manifest = "train.csv", string encoder = "models/data2vec-audio-base", string frames = "frames", string run = "runs/ranks",
        string zip = "bridge.zip", int layers = 12, int batch = 16, int epochs = 10, int every = 500, double dropout = 0.1)
    {
        #region ranks
        Ranks ranks = Ranks.Present;                                  // joins those that mpirun started; alone without it
        var ml = new MLContext(seed: 1) { GpuDeviceId = ranks.LocalRank, FallbackToCpu = true };
        IDataView train = ml.Data.LoadFromAudioManifest(manifest);    // Path, Caption; every rank reads all rows and trains on its part

        var pipeline = ml.Transforms.LoadAudio("Audio", "Path")
            .Append(ml.Transforms.FeaturizeAudio("Features", "Audio", encoder: encoder, cache: frames))
            .Append(ml.AudioLanguage().Trainers.BridgeNet(new()
            {
                Bridge = new() { QFormer = new() { Layers = layers, HiddenDropout = dropout, AttentionDropout = dropout } },
                // A batch is a rank's: a step takes ranks.Count times as many clips.
                Training = new() { Ranks = ranks.Count, BatchSize = batch, Epochs = epochs, RunFolder = run, CheckpointEvery = every },
            }));

        ITransformer model = pipeline.Fit(train);                     // the same on every rank
        if (ranks.IsFirst) ml.Model.Save(model, train.Schema, zip);
        #endregion
    }
}
