using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Transforms;
using Mint.ML.Transforms.Experiments;

namespace Mint.ML.Samples.Scenarios;

/// <summary>A search for the options of stage 1 that tell the families of the notes best. The same command goes on with what was stopped or killed.</summary>
internal static class Experiment
{
    public static void Run(string manifest = "Mint.ML.Samples/data/notes/manifest-train.csv", string models = "Mint.ML.Samples/models",
        string folder = "runs/experiment", int trials = 8, int epochs = 12)
    {
        #region experiment
        var ml = new MLContext(seed: 1);
        ml.Log += (_, message) => { if (message.RawMessage.StartsWith("trial ")) Console.WriteLine(message.RawMessage); };
        ml.AudioLanguage().FrozenModels = new(models); // where a saved model finds its encoder again
        IDataView notes = ml.Data.LoadFromAudioManifest(manifest);
        string[] families = [.. notes.GetColumn<string>("Family").Distinct().Order()];

        var space = new SearchSpace();
        var rate = space.AddUniformDouble("LearningRate", 3e-4, 1e-2, logBase: true);
        var queries = space.AddChoice("Queries", 4, 8, 16);
        var generation = space.AddChoice("Generation", 0.0, 1.0); // the weight of a loss: off, on
        var instruction = space.AddChoice("Instruction", "This is a sound of", "a note of");
        var passes = space.AddChoice("Epochs", epochs); // fixed, but it decides: the identity has it

        var experiment = ml.AudioLanguage().CreateExperiment()
            .SetPipeline(space, (ml, trial) => ml.Transforms.LoadAudio("Audio", "Path")
                .Append(ml.Transforms.FeaturizeAudio("Features", "Audio", Path.Combine(models, "encoder"), cache: Path.Combine(folder, "frames")))
                .Append(ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
                {
                    Bridge = new()
                    {
                        Queries = trial.Get(queries),
                        EmbeddingSize = 64,
                        QFormer = new() { HiddenSize = 128, Layers = 2, Heads = 4, FeedForwardSize = 256, InitializerRange = 0.08 },
                    },
                    Objective = new() { GenerationWeight = trial.Get(generation) },
                    Training = new() { LearningRate = trial.Get(rate), Epochs = trial.Scale(trial.Get(passes)) },
                }))
                .Append(ml.AudioLanguage().RankLabels("PredictedLabel", "Features", families, trial.Get(instruction))))
            .SetDataset(ml.Data.TrainTestSplit(notes, testFraction: 0.3, seed: 1))
            .SetRankingMetric(labelColumnName: "Family")
            .SetMaxModelToExplore(trials)
            .SetCheckpoint(folder); // goes on after a kill

        TrialResult best = experiment.Run();
        foreach (var trial in experiment.Trials) Console.WriteLine($"{trial.Metric:F3}  {trial.TrialSettings}{(trial == best ? "  (best)" : "")}");
        ml.Model.Save(best.Model, notes.Schema, Path.Combine(folder, "best.zip"));
        #endregion
    }
}
