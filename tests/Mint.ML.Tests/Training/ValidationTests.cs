using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Objectives;
using Mint.ML.Tests.Text;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static Mint.ML.Tests.Training.AlignmentTrainingTests;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

[TestClass]
public sealed class ValidationTests
{
    // A constant rate, so that a run is the beginning of every longer one.
    private static readonly TrainingOptions Short = new()
    {
        Epochs = 8,
        BatchSize = 4,
        LearningRate = 2e-2,
        WarmUpSteps = 0,
        Schedule = LearningRateSchedule.Constant,
        Seed = 3,
        ValidateEvery = 3,
    };

    private static readonly string[] HeldOutCaptions = ["sound c", "sound a", "sound c", "sound h", "sound z", "sound b", "sound k"];

    [TestMethod]
    public void Held_out_pairs_do_not_change_the_weights_by_a_bit()
    {
        using var without = Bridge();
        Train(without, Short, null);
        using var with = Bridge();
        var result = Train(with, Short, HeldOut());
        AssertSame(without, with);
        CollectionAssert.AreEqual(new long[] { 3, 6, 9, 12, 15, 18, 21, 24 }, result.Validations.Select(validation => validation.Step).ToArray());
        Assert.IsNull(result.Best);
        using var another = Bridge();
        CollectionAssert.AreEqual(new long[] { 10, 20, 24 },
            Train(another, Short with { ValidateEvery = 10 }, HeldOut()).Validations.Select(validation => validation.Step).ToArray());
    }

    [TestMethod]
    public void The_metrics_are_those_of_the_finished_bridge_clip_by_clip()
    {
        using var bridge = Bridge();
        var result = Train(bridge, Short with { BatchSize = 9 }, HeldOut());
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var audio = HeldOut().Audio;
        var clips = Enumerable.Range(0, audio.Count)
            .Select(clip => bridge.EmbedAudio(bridge.QFormer.QueryPass(bridge.Queries, bridge.Listen(audio.Read([clip]).Frames, null)))[0]).ToArray();
        var texts =
            HeldOutCaptions.Select(caption =>
            bridge.EmbedText(bridge.QFormer.TextPass(tensor(Ids(caption)).unsqueeze(0), ones([1, Ids(caption).Length], dtype: ScalarType.Bool)))[0]).ToArray();
        int[] ranks = [.. HeldOutCaptions.Select((caption, t) =>
        {
            double[] similarity = [.. clips.Select(clip => clip.matmul(texts[t]).max().item<float>())];
            int[] order = [.. Enumerable.Range(0, clips.Length).OrderByDescending(c => similarity[c])];
            return Array.FindIndex(order, c => HeldOutCaptions[c] == caption);
        })];
        var metrics = result.Validations[^1].Metrics;
        foreach (int k in new[] { 1, 5, 10 }) Assert.AreEqual(ranks.Count(rank => rank < k) / 7.0, metrics[$"r{k}"], 1e-12, $"R@{k}");
        // Seven pairs are one batch of at most nine, in an order that does not matter to contrast and generation.
        var all = audio.Read([.. Enumerable.Range(0, 7)]);
        var captions =
            new CaptionBatch(tensor(HeldOutCaptions.SelectMany(Ids).ToArray()).view(7, -1), ones([7, Ids("sound c").Length], dtype: ScalarType.Bool), 40);
        using var chance = new Generator(5);
        var losses = AlignmentObjectives.Losses(bridge, all.Frames, all.Mask, captions, new AlignmentOptions(), chance);
        Assert.AreEqual(losses.Contrastive.item<float>(), metrics["contrastive"], 1e-4);
        Assert.AreEqual(losses.Generation.item<float>(), metrics["generation"], 1e-4);
        Assert.AreEqual(metrics["contrastive"] + metrics["matching"] + metrics["generation"], metrics["loss"], 1e-4);
    }

    [TestMethod]
    public void Clips_that_all_sound_alike_are_not_found()
    {
        using var bridge = Bridge();
        var same = new FrameTable([.. Enumerable.Range(0, 12).Select(_ => Frames()[0])], 8);
        string[] captions = [.. Enumerable.Range(0, 12).Select(i => $"sound {(char)('a' + i)}")];
        var metrics = Train(bridge, Short with { Epochs = 1, ValidateEvery = null }, new AlignmentValidation(same, captions)).Validations.Single().Metrics;
        Assert.AreEqual(0, metrics["r10"]);
        metrics =
            Train(bridge, Short with { Epochs = 1, ValidateEvery = null },
            new AlignmentValidation(same, [.. captions.Select(_ => "sound a")])).Validations.Single().Metrics;
        Assert.AreEqual(1, metrics["r1"], "equal captions are right answers to each other");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void The_bridge_ends_with_the_weights_of_the_best_validation(bool kept)
    {
        using var folder = new TemporaryFolder();
        var options = Short with { BestBy = "matching", RunFolder = kept ? folder.Path : null };
        using var bridge = Bridge();
        var result = Train(bridge, options, HeldOut());
        Assert.AreEqual(result.Validations.MinBy(validation => validation.Metrics["matching"]), result.Best);
        Assert.IsLessThan(24, result.Best!.Step, "the test is about a best that is not the last");
        using var ended = Bridge();
        Train(ended, Short with { Epochs = (int)(result.Best.Step / 3) }, null);
        AssertSame(ended, bridge);
        if (kept)
        {
            CollectionAssert.AreEqual(new[] { $"best-{result.Best.Step:D9}.safetensors" }, Directory.GetFiles(folder.Path, "best-*").Select(Path.GetFileName)
                .ToArray());
        }
    }

    [TestMethod]
    public void A_run_stops_when_its_patience_is_exhausted()
    {
        using var whole = Bridge();
        var all = Train(whole, Short with { BestBy = "matching" }, HeldOut()).Validations;
        int best = 0, expected = all.Count - 1;
        for (int i = 1; i < all.Count; i++)
        {
            if (all[i].Metrics["matching"] < all[best].Metrics["matching"])
            {
                best = i;
            }
            else if (i - best == 2) { expected = i; break; }
        }
        Assert.IsLessThan(all.Count - 1, expected, "the test is about a run that stops early");
        using var bridge = Bridge();
        var result = Train(bridge, Short with { BestBy = "matching", Patience = 2 }, HeldOut());
        Assert.IsTrue(result.StoppedEarly);
        Assert.IsFalse(result.Cancelled);
        Assert.AreEqual(all[expected].Step, result.Steps);
        Assert.AreEqual(all[best].Step, result.Best!.Step);
    }

    [TestMethod]
    [DataRow(9, null)]      // killed after the best validation, whose result is in no checkpoint yet
    [DataRow(14, null)]
    [DataRow(null, 2)]      // cancelled within the first validation
    [DataRow(null, 9)]      // within the last
    public void A_run_ended_anywhere_and_resumed_has_the_same_best_the_same_patience_and_the_same_log(int? killedAt, int? cancelledAtRead)
    {
        var options = Short with { BestBy = "matching", Patience = 2, CheckpointEvery = 5 };
        using var folder = new TemporaryFolder();
        using var whole = Bridge();
        var expected = Train(whole, options with { RunFolder = Path.Combine(folder.Path, "whole") }, HeldOut());
        var kept = options with { RunFolder = Path.Combine(folder.Path, "parts") };
        using (var ended = Bridge())
        using (var cancel = new CancellationTokenSource())
        {
            if (killedAt is { } step)
            {
                Assert.ThrowsExactly<TimeoutException>(() => Train(ended, kept, HeldOut(), new Crash(step)));
            }
            else
            {
                Assert.IsTrue(Train(ended, kept, new AlignmentValidation(new Cancelling(HeldOut().Audio, cancel, cancelledAtRead!.Value), HeldOutCaptions),
                cancel: cancel.Token).Cancelled);
            }
        }
        using var resumed = Bridge(seed: 99);
        var result = Train(resumed, kept, HeldOut());
        AssertSame(whole, resumed);
        Assert.AreEqual(expected.Best!.Step, result.Best!.Step);
        CollectionAssert.AreEqual(expected.Validations.Select(Text).ToArray(), result.Validations.Select(Text).ToArray());
        CollectionAssert.AreEqual(Log("whole"), Log("parts"));

        static string Text(ValidationResult validation) => $"{validation.Step} {string.Join(' ', validation.Metrics)}";
        // The figures that depend on the clock and on memory are not compared.
        string[] Log(string run) => [.. File.ReadAllLines(Path.Combine(folder.Path, run, "log.jsonl")).Select(line => line.Split(",\"clipsPerSecond\"")[0])];
    }

    [TestMethod]
    public void A_finished_run_called_again_gives_the_best_weights_at_once()
    {
        using var folder = new TemporaryFolder();
        var options = Short with { BestBy = "matching", RunFolder = folder.Path };
        using var first = Bridge();
        Train(first, options, HeldOut());
        using var again = Bridge(seed: 99);
        Train(again, options, HeldOut(), new Crash(1));
        AssertSame(first, again);
    }

    [TestMethod]
    public void What_does_not_fit_is_said_before_anything_runs()
    {
        using var bridge = Bridge();
        var error = Assert.ThrowsExactly<ArgumentException>(() => Train(bridge, Short with { BestBy = "accuracy" }, HeldOut()));
        StringAssert.Contains(error.Message, "loss, contrastive, matching, generation, r1, r5, r10");
        Assert.ThrowsExactly<ArgumentException>(() => Train(bridge, Short with { BestBy = "loss" }, null));
        error = Assert.ThrowsExactly<ArgumentException>(() => Train(bridge, Short, new AlignmentValidation(HeldOut().Audio, ["a"])));
        StringAssert.Contains(error.Message, "1 captions for 7 clips held out");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => (Short with { Patience = 1 }).Validate()).Message, "BestBy");
    }

    [TestMethod]
    public void A_damaged_clip_that_is_held_out_is_named()
    {
        using var bridge = Bridge();
        var frames = Frames();
        frames[2][3] = float.NaN;
        var error = Assert.ThrowsExactly<NonFiniteLossException>(() => Train(bridge, Short, new AlignmentValidation(new FrameTable(frames, 8), Captions)));
        StringAssert.Contains(error.Message, "Validation after step 3");
        CollectionAssert.Contains(error.Clips.ToArray(), "clip 2");
    }

    private static TrainingResult Train(
        BridgeNet bridge, TrainingOptions options, AlignmentValidation? validation, IProgress<TrainingProgress>? progress = null,
            CancellationToken cancel = default) =>
        AlignmentTraining.Run(bridge, new Characters(40), new FrameTable(Frames(), 8), Captions, new AlignmentOptions(), options, validation, progress, cancel);

    private static AlignmentValidation HeldOut()
    {
        var chance = new Random(8);
        return new(new FrameTable([.. HeldOutCaptions.Select((_, i) => Enumerable.Range(0, (2 + i % 3) * 8).Select(_ => (float)chance.NextDouble() * 2 - 1)
            .ToArray())], 8), HeldOutCaptions);
    }

    private static long[] Ids(string caption) => [.. BridgeText.Ids(new Characters(40), caption, 30).Select(id => (long)id)];

    /// <summary>Cancels when it is read for the nth time: a validation of seven pairs by four reads twice.</summary>
    private sealed class Cancelling(IFrameSource audio, CancellationTokenSource cancel, int at) : IFrameSource
    {
        private int reads;

        public int Count => audio.Count;

        public int HiddenSize => audio.HiddenSize;

        public long Frames(int clip) => audio.Frames(clip);

        public AudioEncoding Read(IReadOnlyList<int> clips)
        {
            if (++reads == at) cancel.Cancel();
            return audio.Read(clips);
        }
    }
}
