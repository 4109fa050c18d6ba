using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Training;
using Mint.ML.Transforms.Experiments;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Experiments;

[TestClass]
public sealed class ExperimentTests
{
    private readonly MLContext ml = new(seed: 1);

    private static EightClips Clips => EightClips.Shared;

    [TestMethod]
    public void A_failed_trial_does_not_end_the_search_and_its_reason_is_kept()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 2, 3, 4);
        var notes = new Notes();
        var experiment = SumExperiment.Create(ml, space, trial => trial.Get(a) == 4 ? throw new ArithmeticException("it burst") : trial.Get(a))
            .SetEvaluateMetric("mean", view => SumExperiment.Mean(view) is 2 ? double.NaN : SumExperiment.Mean(view))
            .SetGridSearchTuner().SetMonitor(notes);
        var best = experiment.Run();
        Assert.AreEqual(3, best.TrialSettings.Get(a));
        string?[] reasons = [.. experiment.Trials.Select(trial => trial.Failure)];
        CollectionAssert.AreEqual((string?[])[null, "NotFiniteNumberException: mean is NaN.", null, "ArithmeticException: it burst"], reasons);
        Assert.IsTrue(double.IsNaN(experiment.Trials[1].Metric));
        CollectionAssert.AreEqual((string[])
        [
            "running 1", "completed 1", "best 1", "running 2", "failed 2 mean is NaN.", "running 3", "completed 3", "best 3", "running 4", "failed 4 it burst",
        ], notes.Lines);
    }

    [TestMethod]
    public void Where_all_trials_fail_the_error_says_why()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 2, 3);
        var experiment = SumExperiment.Create(ml, space, trial => throw new ArithmeticException(trial.Get(a) == 2 ? "it sank" : "it burst"))
            .SetGridSearchTuner();
        Assert.AreEqual("All 3 trials failed. Trial 1, 3: ArithmeticException: it burst Trial 2: ArithmeticException: it sank",
            Assert.ThrowsExactly<InvalidOperationException>(() => experiment.Run()).Message);
        Assert.HasCount(3, experiment.Trials);
    }

    [TestMethod]
    public void What_is_not_set_is_told_at_once()
    {
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => ml.AudioLanguage().CreateExperiment().Run()).Message;
        foreach (string call in new[] { "SetPipeline", "SetDataset", "SetEvaluateMetric" }) Assert.Contains(call, message);
    }

    [TestMethod]
    public void Only_the_best_model_lives()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 2, 3, 1, 4, 0);
        var models = new List<Spy.Model>();
        var best = ml.AudioLanguage().CreateExperiment().SetPipeline(space, (ml, trial) => new Spy(ml, trial.Get(a)))
            .SetDataset(SumExperiment.Rows(ml), SumExperiment.Rows(ml)).SetEvaluateMetric("mean", SumExperiment.Mean).SetGridSearchTuner()
            .SetMonitor(new Models(models)).Run();
        CollectionAssert.AreEqual((int[])[1, 1, 1, 0, 1], models.Select(model => model.Disposed).ToArray());
        Assert.AreSame(models[3], best.Model);
    }

    private sealed class Models(List<Spy.Model> models) : IMonitor
    {
        public void ReportCompletedTrial(TrialResult result)
        {
            var model = (Spy.Model)result.Model!;
            Assert.AreEqual(0, model.Disposed, "it can be used while the monitor is told");
            models.Add(model);
        }
    }

    [TestMethod]
    public void Folds_are_averaged_and_the_best_model_is_trained_on_all_rows()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 2);
        var data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 30).Select(i => new SumExperiment.Row { X = i, Group = $"{i % 6}" }).ToList());
        var fitted = new List<float[]>();
        var experiment = ml.AudioLanguage().CreateExperiment(seed: 4)
            .SetPipeline(space, (ml, trial) => new Spy(ml, trial.Get(a), view => fitted.Add([.. view.GetColumn<float>("X")])))
            .SetDataset(data, fold: 3, samplingKeyColumnName: "Group").SetEvaluateMetric("mean", SumExperiment.Mean).SetGridSearchTuner();
        var best = experiment.Run();
        float[][] held = [.. ml.Data.CrossValidationSplit(data, 3, "Group", seed: 4).Select(fold => fold.TestSet.GetColumn<float>("X").ToArray())];
        Assert.AreEqual(held.Average(fold => fold.Average()), experiment.Trials[0].Metric, 1e-4);
        Assert.AreEqual(2 * held.Average(fold => fold.Average()), best.Metric, 1e-4);
        for (int i = 0; i < 3; i++) CollectionAssert.AreEquivalent(Enumerable.Range(0, 30).Select(x => (float)x).Except(held[i]).ToArray(), fitted[i]);
        Assert.HasCount(8, fitted); // three folds and all rows, twice
        Assert.HasCount(30, fitted[3]);
        Assert.HasCount(30, fitted[7]);
        Assert.AreEqual(0, ((Spy.Model)best.Model!).Disposed);
    }

    [TestMethod]
    public void Cancelling_before_a_trial_is_completed_throws_and_later_gives_the_best_so_far()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 2, 3, 4);
        foreach (int at in new[] { 1, 3 })
        {
            using var source = new CancellationTokenSource();
            var experiment = SumExperiment.Create(ml, space, trial =>
            {
                if (trial.TrialId == at) source.Cancel();
                return trial.Get(a);
            }).SetGridSearchTuner();
            if (at == 1) Assert.Throws<OperationCanceledException>(() => experiment.Run(source.Token));
            else Assert.AreEqual(2, experiment.Run(source.Token).TrialSettings.Get(a));
            Assert.HasCount(at - 1, experiment.Trials);
        }
    }

    [TestMethod]
    public async Task Cancelling_ends_a_training_within_a_step_without_an_option_of_the_step()
    {
        var space = new SearchSpace();
        space.AddChoice("Epochs", 100_000);
        using var source = new CancellationTokenSource();
        var first = new TaskCompletionSource();
        long last = 0;
        var running = ml.AudioLanguage().CreateExperiment()
            .SetPipeline(space, (ml, _) => Clips.Featurize(ml).AppendCacheCheckpoint(ml).Append(Stage1(ml, 100_000, new Steps(step =>
            {
                last = step;
                first.TrySetResult();
            }))))
            .SetDataset(Clips.Data, Clips.Data).SetRetrievalMetric().RunAsync(source.Token);
        await first.Task;
        source.Cancel();
        await Assert.ThrowsAsync<OperationCanceledException>(() => running);
        Assert.IsLessThan(100_000, last); // two steps an epoch
    }

    [TestMethod]
    public void A_cancelled_context_ends_a_training()
    {
        var own = new MLContext(seed: 1);
        var chain = Clips.Featurize(own).AppendCacheCheckpoint(own).Append(Stage1(own, 100_000, new Steps(_ => own.AudioLanguage().CancelExecution())));
        Assert.Throws<OperationCanceledException>(() => chain.Fit(Clips.Data));
    }

    [TestMethod]
    public void When_the_time_is_over_the_trial_under_way_is_given_up()
    {
        var space = new SearchSpace();
        space.AddUniformDouble("a", 0, 1);
        var experiment = SumExperiment.Create(ml, space, trial =>
        {
            trial.CancellationToken.WaitHandle.WaitOne();
            return 1;
        }).SetTrainingTimeInSeconds(0.2);
        Assert.Contains("0.2 s was over before a trial was completed", Assert.ThrowsExactly<TimeoutException>(() => experiment.Run()).Message);
        Assert.IsEmpty(experiment.Trials);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => experiment.SetTrainingTimeInSeconds(double.NaN));
    }

    [TestMethod]
    public void The_metrics_are_those_of_the_catalog()
    {
        var space = new SearchSpace();
        space.AddChoice("Seed", 5);
        IDataView answered = Clips.Model.Transform(Clips.Data);
        var captions = Clips.Ml.AudioLanguage().EvaluateCaptions(answered);
        foreach (var (set, expected) in new (Action<AudioLanguageExperiment>, double)[]
        {
            (experiment => experiment.SetRankingMetric("Family"), Clips.Ml.AudioLanguage().EvaluateRanking(answered, "Family").Accuracy.Value),
            (experiment => experiment.SetRetrievalMetric(5), Clips.Ml.AudioLanguage().EvaluateRetrieval(answered).TextToAudio.R5),
            (experiment => experiment.SetCaptionMetric("ROUGE-L"), captions.Single(score => score.Name == "ROUGE-L").Corpus),
        })
        {
            var experiment = ml.AudioLanguage().CreateExperiment().SetPipeline(space, (ml, _) => Clips.Pipeline(ml)).SetDataset(Clips.Data, Clips.Data);
            set(experiment);
            var best = experiment.Run();
            Assert.AreEqual(expected, best.Metric, 1e-9);
            (best.Model as IDisposable)!.Dispose();
        }
        Assert.Contains("CIDEr-D", Assert.ThrowsExactly<ArgumentException>(() => ml.AudioLanguage().CreateExperiment().SetCaptionMetric("CIDER")).Message);
    }

    [TestMethod]
    public void The_log_and_the_progress_tell_of_the_trials_and_of_what_happens_in_them()
    {
        var space = new SearchSpace();
        space.AddChoice("Epochs", 1);
        var messages = new List<string>();
        ml.Log += (_, message) => messages.Add(message.RawMessage);
        var best = ml.AudioLanguage().CreateExperiment()
            .SetPipeline(space, (ml, _) => Clips.Featurize(ml).AppendCacheCheckpoint(ml).Append(Stage1(ml, 1, null)))
            .SetDataset(Clips.Data, Clips.Data).SetRetrievalMetric().Run();
        (best.Model as IDisposable)?.Dispose();
        foreach (string start in new[] { "trial 1: Epochs 1", "trial 1: Stage 1: 8 clips", "trial 1: step 1/2", "trial 1: R@1 by Caption" })
            Assert.IsTrue(messages.Any(message => message.StartsWith(start, StringComparison.Ordinal)), $"{start} is not in\n{string.Join('\n', messages)}");
    }

    private static BridgeNetTrainer Stage1(MLContext ml, int epochs, IProgress<TrainingProgress>? progress) =>
        ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
        {
            Bridge = EightClips.Bridge,
            Training = EightClips.Training with { Epochs = epochs },
            VocabularySize = 80,
            Progress = progress,
        });

    private sealed class Steps(Action<long> told) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => told(value.Step);
    }
}
