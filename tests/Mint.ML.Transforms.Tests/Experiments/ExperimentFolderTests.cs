using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Tests.Files;
using Mint.ML.Transforms.Experiments;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Experiments;

[TestClass]
public sealed class ExperimentFolderTests
{
    private readonly MLContext ml = new(seed: 1);
    private readonly string folder = Directory.CreateTempSubdirectory("mint-experiment-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void A_halving_stopped_after_any_trial_and_gone_on_with_is_the_one_that_was_never_stopped()
    {
        AudioLanguageExperiment Halving(string? place, List<int>? ran = null, Action<int>? begins = null)
        {
            var space = new SearchSpace();
            var a = space.AddUniformDouble("a", 0, 1);
            var experiment = SumExperiment.Create(ml, space, trial =>
            {
                ran?.Add(trial.TrialId);
                begins?.Invoke(trial.TrialId);
                return trial.TrialId % 5 == 2 ? throw new ArithmeticException("it burst") : trial.Get(a) + Math.Sin(50 * trial.Get(a) * trial.Scale(16));
            }).SetMaxModelToExplore(8).SetSuccessiveHalvingTuner();
            return place is null ? experiment : experiment.SetCheckpoint(Path.Combine(folder, place));
        }
        var whole = Halving(null);
        var best = whole.Run();
        for (int stop = 1; stop <= whole.Trials.Count; stop++)
        {
            using var source = new CancellationTokenSource();
            var stopped = Halving($"{stop}", begins: id => { if (id == stop) source.Cancel(); });
            if (stop == 1) Assert.Throws<OperationCanceledException>(() => stopped.Run(source.Token));
            else stopped.Run(source.Token);
            Assert.HasCount(stop - 1, Directory.GetFiles(Path.Combine(folder, $"{stop}"), "trial-*.json"));

            var ran = new List<int>();
            var resumed = Halving($"{stop}", ran);
            var found = resumed.Run();
            CollectionAssert.AreEqual(Enumerable.Range(stop, whole.Trials.Count - stop + 1).ToArray(), ran, "what had ended is not done again");
            CollectionAssert.AreEqual(SumExperiment.Lines(whole), SumExperiment.Lines(resumed));
            Assert.AreEqual(best.Metric, found.Metric);
            Assert.AreEqual(best.Metric, SumExperiment.Mean(found.Model!.Transform(SumExperiment.Rows(ml))), "the model is that of the best trial");
            CollectionAssert.AreEqual((string[])[$"best-{best.TrialSettings.TrialId:D4}.zip"],
                Directory.GetFiles(Path.Combine(folder, $"{stop}"), "*.zip").Select(Path.GetFileName).ToArray());
        }
    }

    [TestMethod]
    public void The_best_model_is_on_the_disk_when_the_monitor_is_told_of_it()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 3, 2);
        var saved = new List<string>();
        SumExperiment.Create(ml, space, trial => trial.Get(a)).SetGridSearchTuner().SetCheckpoint(folder).SetMonitor(new Saved(ml, folder, saved)).Run();
        CollectionAssert.AreEqual((string[])["best-0001.zip 1", "best-0002.zip 3"], saved);
        CollectionAssert.AreEquivalent((string[])[".lock", "best-0002.zip", "experiment.json", "leaderboard.html", "trial-0001.json", "trial-0002.json",
            "trial-0003.json"], Directory.GetFiles(folder).Select(Path.GetFileName).ToArray());
    }

    private sealed class Saved(MLContext ml, string folder, List<string> saved) : IMonitor
    {
        public void ReportBestTrial(TrialResult result)
        {
            string file = Directory.GetFiles(folder, "best-*.zip").Single();
            saved.Add($"{Path.GetFileName(file)} {SumExperiment.Mean(ml.Model.Load(file, out _).Transform(SumExperiment.Rows(ml)))}");
        }
    }

    [TestMethod]
    public void Another_experiment_is_refused_by_what_differs_and_nothing_is_written()
    {
        AudioLanguageExperiment Make(double max = 1, string choice = "x", int seed = 1, string metric = "mean", int rows = 4, bool more = true,
            Action<AudioLanguageExperiment>? tuner = null)
        {
            var space = new SearchSpace();
            var a = space.AddUniformDouble("a", 0, max);
            space.AddChoice("b", choice, "y");
            var experiment = SumExperiment.Create(ml, space, trial => trial.Get(a), seed).SetEvaluateMetric(metric, SumExperiment.Mean, more)
                .SetDataset(SumExperiment.Rows(ml, rows), SumExperiment.Rows(ml)).SetMaxModelToExplore(2).SetCheckpoint(folder);
            tuner?.Invoke(experiment);
            return experiment;
        }
        Make().Run();
        var before = Directory.GetFiles(folder).ToDictionary(file => file, File.ReadAllBytes);
        foreach (var (other, difference) in new (AudioLanguageExperiment, string)[]
        {
            (Make(max: 2), "parameter a was \"a number from 0 to 1\" and is \"a number from 0 to 2\""),
            (Make(choice: "z"), "parameter b was"),
            (Make(seed: 2), "seed was 1 and is 2"),
            (Make(metric: "average"), "metric was \"mean, maximised\" and is \"average, maximised\""),
            (Make(more: false), "metric was \"mean, maximised\" and is \"mean, minimised\""),
            (Make(rows: 5), "training rows was"),
            (Make(tuner: experiment => experiment.SetDataset(SumExperiment.Rows(ml), SumExperiment.Rows(ml, 3))), "validation rows was"),
            (Make(tuner: experiment => experiment.SetDataset(SumExperiment.Rows(ml), fold: 2)), "folds was not set and is 2"),
            (Make(tuner: experiment => experiment.SetGridSearchTuner(3)), "tuner was \"random\" and is \"grid, ranges in 3 steps\""),
        })
        {
            string message = Assert.ThrowsExactly<InvalidOperationException>(() => other.Run()).Message;
            Assert.Contains(difference, message);
            Assert.Contains("SetCheckpoint", message);
        }
        foreach (var (file, bytes) in before) CollectionAssert.AreEqual(bytes, File.ReadAllBytes(file), file);
        Assert.HasCount(before.Count, Directory.GetFiles(folder));
        Make().SetMaxModelToExplore(3).Run(); // how many are tried decides no trial
        Assert.HasCount(3, Directory.GetFiles(folder, "trial-*.json"));
    }

    [TestMethod]
    public void Every_value_of_every_column_decides_the_rows_hash()
    {
        string Hash(Wide row) => ExperimentIdentity.Hash(ml.Data.LoadFromEnumerable(new[] { row, new Wide() }), default);
        string[] hashes =
        [
            Hash(new()), Hash(new() { Text = "b" }), Hash(new() { Number = 2 }), Hash(new() { Flag = true }), Hash(new() { Vector = [1, 2, 4] }),
            Hash(new() { Vector = [1, 2] }), Hash(new() { Texts = ["ab", "c"] }), Hash(new() { Texts = ["a", "bc"] }), Hash(new() { Count = 1 }),
        ];
        Assert.HasCount(hashes.Length, hashes.Distinct().ToList());
        Assert.AreEqual(hashes[0], Hash(new()));
    }

    private sealed class Wide
    {
        public string Text { get; set; } = "a";
        public double Number { get; set; } = 1;
        public bool Flag { get; set; }
        public ulong Count { get; set; }
        public float[] Vector { get; set; } = [1, 2, 3];
        public string[] Texts { get; set; } = ["a", "b"];
    }

    [TestMethod]
    public void A_folder_that_another_program_has_is_refused()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1);
        using var other = OtherProcess.Hold(folder);
        var experiment = SumExperiment.Create(ml, space, trial => trial.Get(a)).SetCheckpoint(folder);
        Assert.Contains($"process {other.Id}", Assert.ThrowsExactly<IOException>(() => experiment.Run()).Message);
        Assert.IsFalse(File.Exists(Path.Combine(folder, "experiment.json")));
    }

    [TestMethod]
    [DataRow("trial-0001.json", "{", "cannot be read")]
    [DataRow("trial-0001.json", """{ "trial": 1, "rung": 0, "share": 1, "parameters": { "a": 7 }, "metric": 1, "milliseconds": 1 }""", "another trial")]
    [DataRow("trial-0001.json", """{ "trial": 1, "rung": 0, "share": 1, "parameters": { "a": 3 }, "milliseconds": 1 }""", "neither what the trial was worth")]
    [DataRow("trial-0001.json", """{ "trial": 1, "rung": 0, "share": 1, "parameters": { "a": 3 }, "metric": "much", "milliseconds": 1 }""", "neither what")]
    [DataRow("trial-0001.json", """{ "trial": 1, "rung": 0, "share": 1, "parameters": { "a": 3 }, "metric": 1, "milliseconds": 1e300 }""", "neither what")]
    [DataRow("experiment.json", "[]", "cannot be read")]
    public void A_damaged_file_is_named(string file, string text, string message)
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 3, 1);
        AudioLanguageExperiment Make() => SumExperiment.Create(ml, space, trial => trial.Get(a)).SetGridSearchTuner().SetCheckpoint(folder);
        Make().Run();
        File.WriteAllText(Path.Combine(folder, file), text);
        string told = Assert.ThrowsExactly<InvalidDataException>(() => Make().Run()).Message;
        Assert.Contains(message, told);
        Assert.Contains(file, told);
    }

    [TestMethod]
    public void A_trial_whose_file_is_deleted_is_run_again_and_a_best_model_that_is_gone_is_named_before_a_training()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 3, 1, 2);
        var ran = new List<int>();
        AudioLanguageExperiment Make() => SumExperiment.Create(ml, space, trial =>
        {
            ran.Add(trial.TrialId);
            return trial.Get(a);
        }).SetGridSearchTuner().SetCheckpoint(folder);
        Make().Run();
        ran.Clear();
        File.Delete(Path.Combine(folder, "trial-0002.json"));
        Assert.AreEqual(3, Make().Run().TrialSettings.Get(a));
        CollectionAssert.AreEqual((int[])[2], ran);

        File.Delete(Path.Combine(folder, "trial-0003.json"));
        File.Delete(Path.Combine(folder, "best-0001.zip"));
        Assert.Contains("trial-0001.json", Assert.ThrowsExactly<FileNotFoundException>(() => Make().Run()).Message);
        CollectionAssert.AreEqual((int[])[2], ran);
    }

    [TestMethod]
    public void A_second_run_of_this_process_is_refused_the_folder_until_the_first_has_ended()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 3, 2);
        string? refused = null;
        AudioLanguageExperiment Make(Action? during = null) => SumExperiment.Create(ml, space, trial =>
        {
            during?.Invoke();
            return trial.Get(a);
        }).SetGridSearchTuner().SetCheckpoint(folder);
        var first = Make(() => refused ??= Assert.ThrowsExactly<IOException>(() => Make().Run()).Message);
        Assert.AreEqual(3, first.Run().Metric);
        StringAssert.Contains(refused, $"{folder} is in use by this program already");
        Assert.AreEqual(3, Make().Run().Metric, "and then goes on with what is there");
    }

    [TestMethod]
    public void Time_of_earlier_runs_counts()
    {
        var space = new SearchSpace();
        var a = space.AddUniformDouble("a", 0, 1);
        AudioLanguageExperiment Make() => SumExperiment.Create(ml, space, trial => trial.Get(a)).SetCheckpoint(folder);
        Make().SetMaxModelToExplore(2).Run();
        var notes = new Notes();
        var resumed = Make().SetTrainingTimeInSeconds(1e-6).SetMonitor(notes);
        Assert.IsNotNull(resumed.Run().Model);
        Assert.HasCount(2, resumed.Trials);
        Assert.IsEmpty(notes.Lines, "the time was over before");
    }

    [TestMethod]
    public void The_scenario_killed_and_started_again_finds_what_the_uninterrupted_one_does()
    {
        string whole = Path.Combine(folder, "whole"), killed = Path.Combine(folder, "killed");
        string[] Arguments(string place) => ["experiment", EightClips.Shared.Manifest, EightClips.Shared.Folder, place, "5", "3"];
        Assert.AreEqual(0, ScenarioCommand.Create().Parse(Arguments(whole)).Invoke());
        foreach (int trials in (int[])[1, 3]) StartAndKill(Arguments(killed), killed, trials);
        Assert.AreEqual(0, ScenarioCommand.Create().Parse(Arguments(killed)).Invoke());

        CollectionAssert.AreEqual(Trials(whole), Trials(killed));
        Assert.HasCount(5, Trials(whole));
        var answers = ((string[])[whole, killed]).Select(place =>
        {
            var own = new MLContext();
            own.AudioLanguage().FrozenModels = new(EightClips.Shared.Folder);
            var model = own.AudioLanguage().LoadModel(Path.Combine(place, "best.zip"));
            var rows = own.Data.CreateEnumerable<Answer>(model.Transform(EightClips.Shared.Data), reuseRowObject: false);
            string all = string.Join('\n', rows.Select(row => string.Join(' ', row.Score.Select(BitConverter.SingleToUInt32Bits))));
            (model as IDisposable)!.Dispose();
            return all;
        }).ToArray();
        Assert.AreEqual(answers[0], answers[1]);
    }

    private sealed class Answer
    {
        public float[] Score { get; set; } = [];
    }

    private static string[] Trials(string place) => [.. Directory.GetFiles(place, "trial-*.json").Order(StringComparer.Ordinal).Select(file =>
    {
        var trial = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        trial.Remove("milliseconds");
        return trial.ToJsonString();
    })];

    // Killed as soon as so many trials have ended, wherever the process is by then. It has this process's environment: sums are cut by threads.
    private static void StartAndKill(string[] arguments, string place, int trials)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ScenarioCommand).Assembly.Location, "scenario", .. arguments]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        while (!process.WaitForExit(5) && !(Directory.Exists(place) && Directory.GetFiles(place, "trial-*.json").Length >= trials)) { }
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
    }
}
