using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Training;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Both stages as estimators.</summary>
[TestClass]
public sealed class PipelineTrainingTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    [TestMethod]
    public void Training_with_one_seed_gives_one_model()
    {
        var again = Clips.Pipeline(new MLContext(seed: 1)).Fit(Clips.Data);
        CollectionAssert.AreEqual(EightClips.Answers(Ml, Clips.Model, Clips.Data).Select(a => a.ToString()).ToArray(),
            EightClips.Answers(Ml, again, Clips.Data).Select(a => a.ToString()).ToArray());
    }

    [TestMethod]
    public void Both_stages_say_what_they_did()
    {
        var (stage1, stage2) = (Clips.Model.OfType<BridgeNetTransformer>().Single().Training!, Clips.Model.OfType<InstructionTunedTransformer>()
            .Single().Training!);
        Assert.AreEqual(4, stage1.Steps); // 8 clips by 4, twice
        Assert.AreEqual(4, stage2.Steps);
        CollectionAssert.AreEquivalent(new[] { "total", "contrastive", "matching", "generation" }, stage1.LastLosses.Keys.ToArray());
        CollectionAssert.AreEquivalent(new[] { "total" }, stage2.LastLosses.Keys.ToArray());
        // Four steps are fewer than the ten that either end averages, so both are the mean of all.
        foreach (var (name, loss) in stage1.FirstLosses.Concat(stage2.FirstLosses.Select(pair => new KeyValuePair<string, double>("stage 2", pair.Value))))
            Assert.AreEqual(name == "stage 2" ? stage2.LastLosses["total"] : stage1.LastLosses[name], loss, 1e-12, name);
        Assert.AreEqual(stage1.LastLosses["contrastive"] + stage1.LastLosses["matching"] + stage1.LastLosses["generation"], stage1.LastLosses["total"], 1e-4);
        // Hardly trained, each part is near what knows nothing has: a batch of 4, a pair or none, a vocabulary of 80; stage 2's language model has its own.
        Assert.AreEqual(Math.Log(4), stage1.LastLosses["contrastive"], 0.7);
        Assert.AreEqual(Math.Log(2), stage1.LastLosses["matching"], 0.4);
        Assert.AreEqual(Math.Log(80), stage1.LastLosses["generation"], 1);
        Assert.AreEqual(Math.Log(Clips.Model.OfType<InstructionTunedTransformer>().Single().Model.Value.Model.LanguageModel.VocabularySize),
            stage2.LastLosses["total"], 1.5);
    }

    [TestMethod]
    public void Held_out_rows_are_measured_during_training_in_both_stages()
    {
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        var (train, heldOut) = (Ml.Data.TakeRows(features, 3), Ml.Data.SkipRows(features, 3));
        var training = EightClips.Training with { BestBy = "loss" };
        var trainers = Ml.AudioLanguage().Trainers;
        var options = new BridgeNetTrainer.Options { Bridge = EightClips.Bridge, Training = training, VocabularySize = 80, Seed = 5, ValidationSet = heldOut };
        var stage1 = trainers.BridgeNet(options).Fit(train);
        Assert.HasCount(2, stage1.Training!.Validations); // after each epoch
        Assert.AreEqual(stage1.Training.Validations.Min(validation => validation.Metrics["loss"]), stage1.Training.Best!.Metrics["loss"]);
        // The model has the best weights: it finds the held-out clips as it did when they were validated.
        var found = Ml.AudioLanguage().EvaluateRetrieval(stage1.Transform(heldOut));
        Assert.AreEqual(5, found.Count);
        Assert.AreEqual(found.TextToAudio.R1, stage1.Training.Best.Metrics["r1"], 1e-12);
        Assert.AreEqual(1, stage1.Training.Best.Metrics["r5"], "one of five is among five");
        options.ValidationSet = null;
        var handedOver = trainers.BridgeNet(options).Fit(train, heldOut);
        CollectionAssert.AreEquivalent(stage1.Training.Best.Metrics.ToArray(), handedOver.Training!.Best!.Metrics.ToArray());
        var tuning = new InstructionTuner.Options { LanguageModel = Clips.LanguageModel, Bridge = stage1, Training = training, Seed = 5 };
        var stage2 = trainers.InstructionTuning(tuning).Fit(train, heldOut);
        Assert.HasCount(2, stage2.Training!.Validations);
        // A share of the held-out answers' tokens, an end of text after each; and a loss that other rows have not.
        int tokens = heldOut.GetColumn<string>("Response")
            .Sum(response => stage2.Model.Value.Model.Tokenizer.Encode(response, addSpecialTokens: false).Length + 1);
        double right = stage2.Training.Best!.Metrics["accuracy"] * tokens;
        Assert.AreEqual(Math.Round(right), right, 1e-4);
        Assert.AreNotEqual(trainers.InstructionTuning(tuning).Fit(train, train).Training!.Best!.Metrics["loss"], stage2.Training.Best.Metrics["loss"], 1e-6);
    }

    [TestMethod]
    public void Cancelled_training_gives_a_model_that_answers()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        var model = Clips.Pipeline(new MLContext(seed: 1), cancel: cancel.Token).Fit(Clips.Data);
        Assert.IsTrue(model.OfType<BridgeNetTransformer>().Single().Training!.Cancelled);
        Assert.HasCount(8, EightClips.Answers(Ml, model, Clips.Data));
    }

    [TestMethod]
    public void Trainings_on_two_threads_give_the_weights_that_each_gives_alone()
    {
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        float[][] alone = [Weights(Train(features, 5)), Weights(Train(features, 6))], beside = new float[2][];
        CollectionAssert.AreNotEqual(alone[0], alone[1]);
        using var together = new Barrier(2);
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(i => new Thread(() =>
        {
            together.SignalAndWait();
            beside[i] = Weights(Train(features, 5 + i));
        }))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        for (int i = 0; i < 2; i++) CollectionAssert.AreEqual(alone[i], beside[i]);
    }

    [TestMethod]
    public void A_training_within_another_disturbs_neither()
    {
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        float[]? inner = null;
        float[] outer = Weights(Train(features, 5, new Told(() => inner ??= Task.Run(() => Weights(Train(features, 6))).Result)));
        CollectionAssert.AreEqual(Weights(Train(features, 5)), outer);
        CollectionAssert.AreEqual(Weights(Train(features, 6)), inner);
    }

    [TestMethod]
    public void A_training_that_is_cancelled_while_it_waits_for_another_ends()
    {
        var features = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data);
        bool ended = false;
        Train(features, 5, new Told(() =>
        {
            if (ended) return;
            using var stop = new CancellationTokenSource();
            var waiting = new Thread(() =>
            {
                Assert.ThrowsExactly<OperationCanceledException>(() => Train(features, 6, cancel: stop.Token));
                ended = true;
            });
            waiting.UnsafeStart(); // not within this one
            stop.Cancel();
            waiting.Join();
        }));
        Assert.IsTrue(ended);
        Assert.AreEqual(8, Train(features, 5).Training!.Steps, "the next one gets its turn");
    }

    private static BridgeNetTransformer Train(IDataView features, int seed, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default) =>
        new MLContext(1).AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
        {
            Bridge = EightClips.Bridge,
            Training = EightClips.Training with { Epochs = 4 },
            VocabularySize = 80,
            Seed = seed,
            Progress = progress,
            Cancellation = cancel
        }).Fit(features);

    private static float[] Weights(BridgeNetTransformer trained) =>
        [.. trained.Bridge.Value.Bridge.state_dict().OrderBy(weight => weight.Key, StringComparer.Ordinal)
            .SelectMany(weight => weight.Value.data<float>().ToArray())];

    private sealed class Told(Action told) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => told();
    }
}
