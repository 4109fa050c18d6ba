using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Tests.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static Mint.ML.Tests.Training.AlignmentTrainingTests;

namespace Mint.ML.Tests.Training;

/// <summary>Small trainings, healthy and sick: what a run says of itself.</summary>
[TestClass]
public sealed class LearningWatchTests
{
    private static readonly TrainingOptions Healthy = new() { Epochs = 150, BatchSize = 13, LearningRate = 3e-3, Seed = 3 };

    [TestMethod]
    public void What_guessing_gives_is_that_of_counted_tokens_pairs_and_clips()
    {
        var first = Run(Healthy with { Epochs = 1 }).Steps[0].Guesses;
        Assert.AreEqual(Math.Log(13), first["contrastive"], 1e-12);
        Assert.AreEqual(0.6365, first["matching"], 1e-4); // two of three pairs do not match
        // Tokens to predict are all but the first: the letters of "sound x", one after the other, and the end; a tenth of each target is spread over 41.
        string all = string.Concat(Captions.Select(caption => caption + "\0"));
        var groups = all.GroupBy(letter => letter == '\0' ? -1 : letter % 37).ToList(); // Characters' ids
        double[] shares = [.. groups.Select(group => (double)group.Count() / all.Length), .. new double[41 - groups.Count]];
        double entropy = shares.Select(share => 0.9 * share + 0.1 / 41).Sum(share => -share * Math.Log(share));
        Assert.AreEqual(entropy, first["generation"], 1e-9);
        Assert.AreEqual(first["contrastive"] + first["matching"] + first["generation"], first["total"], 1e-9);
    }

    [TestMethod]
    public void The_entropy_of_classes_is_that_of_their_shares()
    {
        Assert.AreEqual(Math.Log(7), Guessing.CrossEntropy([5, 5, 5, 5, 5, 5, 5]), 1e-12);
        Assert.AreEqual(Math.Log(7), Guessing.CrossEntropy([3], smoothing: 1, classes: 7), 1e-12); // all spread
        Assert.AreEqual(-0.25 * Math.Log(0.25) - 0.75 * Math.Log(0.75), Guessing.CrossEntropy([1, 3, 0]), 1e-12);
        Assert.AreEqual(0, Guessing.CrossEntropy([]));
    }

    [TestMethod]
    public void A_healthy_run_says_nothing()
    {
        var (result, steps) = Run(Healthy);
        Assert.IsLessThan(0.7 * steps[0].Guesses["contrastive"], result.LastLosses["contrastive"]);
        Assert.IsNull(result.Warning);
        Assert.IsTrue(steps.All(step => step.Warning is null));
    }

    [TestMethod]
    public void A_rate_too_low_is_said_once_and_stands_in_the_log()
    {
        using var folder = new TemporaryFolder();
        var (result, steps) = Run(Healthy with { Epochs = 60, LearningRate = 1e-9, RunFolder = folder.Path });
        StringAssert.Contains(result.Warning!, "contrastive");
        StringAssert.Contains(result.Warning!, "(guessing: 2.565)");
        StringAssert.Contains(result.Warning!, "learning rate, 1E-09, is probably too low");
        Assert.HasCount(1, steps.Where(step => step.Warning is not null));
        string log = File.ReadAllText(Path.Combine(folder.Path, "log.jsonl"));
        StringAssert.Contains(log, "\"guesses\":{\"total\":");
        Assert.HasCount(2, log.Split("\"warning\":"));
    }

    [TestMethod]
    public void A_rate_too_high_is_said()
    {
        string said;
        try
        {
            said = Run(Healthy with { Epochs = 60, LearningRate = 1e3 }).Result.Warning!;
        }
        catch (NonFiniteLossException error) // which is as plain
        {
            said = error.Message.Replace("A lower learning rate", "probably too high");
        }
        StringAssert.Contains(said, "probably too high");
    }

    [TestMethod]
    public void Captions_that_are_all_the_same_are_said_at_the_first_step()
    {
        var (_, steps) = Run(Healthy with { Epochs = 2 }, captions: [.. Captions.Select(_ => "a sound")]);
        StringAssert.Contains(steps[0].Warning!, "All 13 captions are 'a sound'");
        Assert.IsNull(steps[1].Warning);
    }

    [TestMethod]
    public void Clips_that_are_all_the_same_are_said_at_the_first_step_whatever_their_length()
    {
        float[] frame = [.. Enumerable.Range(1, 8).Select(i => i / 8f)];
        float[][] same = [.. Captions.Select((_, i) => Enumerable.Repeat(frame, 3 + i % 4).SelectMany(one => one).ToArray())];
        var (_, steps) = Run(Healthy with { Epochs = 2 }, frames: same);
        StringAssert.Contains(steps[0].Warning!, "The frames of all clips of the first batch are equal");
    }

    [TestMethod]
    public void Clips_that_do_not_belong_to_their_captions_leave_contrast_at_guessing_and_that_is_said()
    {
        // Contrast and matching alone, on clips that cannot be told apart by what is trained: frames a hair's breadth from each other.
        float[][] nearly = [.. Frames().Select(row => row.Select(value => 1 + value * 1e-3f).ToArray())];
        var warned = Run(Healthy with { Epochs = 60 }, frames: nearly, objective: new() { GenerationWeight = 0 }).Result.Warning;
        StringAssert.Contains(warned!, "guessing would do as well");
    }

    private static (TrainingResult Result, List<TrainingProgress> Steps) Run(TrainingOptions options, IReadOnlyList<string>? captions = null,
        float[][]? frames = null, AlignmentOptions? objective = null)
    {
        using BridgeNet bridge = Bridge(dropout: 0);
        var seen = new Seen();
        var result = AlignmentTraining.Run(bridge, new Characters(40), new FrameTable(frames ?? Frames(), 8), captions ?? Captions,
            objective ?? new AlignmentOptions(), options, progress: seen);
        return (result, seen.Steps);
    }

    private sealed class Seen : IProgress<TrainingProgress>
    {
        public List<TrainingProgress> Steps { get; } = [];

        public void Report(TrainingProgress value) => Steps.Add(value);
    }
}
