using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Objectives;
using Mint.ML.Tests.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static Mint.ML.Tests.Training.AlignmentTrainingTests;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

[TestClass]
public sealed class CropTests
{
    private static readonly TrainingOptions Cropping = new() { Epochs = 5, BatchSize = 4, LearningRate = 1e-3, Seed = 3, MaxFrames = 4 };

    [TestMethod]
    public void Every_window_of_a_clip_is_drawn_and_none_beyond_it()
    {
        long[] starts = [.. Enumerable.Range(0, 200).Select(epoch => Crops.Start(1, epoch, 7, 12, 5))];
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 8).Select(start => (long)start).ToArray(), starts.Distinct().ToArray());
        CollectionAssert.AreEqual(starts, Enumerable.Range(0, 200).Select(epoch => Crops.Start(1, epoch, 7, 12, 5)).ToArray());
        CollectionAssert.AreNotEqual(starts, Enumerable.Range(0, 200).Select(epoch => Crops.Start(1, epoch, 8, 12, 5)).ToArray());
        Assert.AreEqual(0, Crops.Start(1, 3, 7, 5, 5));
    }

    [TestMethod]
    public void A_long_clip_is_heard_through_its_window_and_a_short_one_whole()
    {
        using var frames = tensor(new float[,,] { { { 0 }, { 1 }, { 2 }, { 3 }, { 4 } }, { { 7 }, { 8 }, { 0 }, { 0 }, { 0 } } });
        var mask = tensor(new bool[,] { { true, true, true, true, true }, { true, true, false, false, false } });
        using var cut = Crops.Cut(new AudioEncoding(frames.clone(), mask), [2, 0], 3);
        CollectionAssert.AreEqual(new float[] { 2, 3, 4, 7, 8, 0 }, cut.Frames.data<float>().ToArray());
        CollectionAssert.AreEqual(new[] { true, true, true, true, true, false }, cut.Mask.data<bool>().ToArray());
    }

    [TestMethod]
    public void Cropping_is_told_and_a_resumed_run_hears_the_same_windows()
    {
        using var whole = Bridge();
        var expected = Train(whole, Cropping);
        using var uncut = Bridge();
        Train(uncut, Cropping with { MaxFrames = null });
        Assert.AreNotEqual(0, Difference(whole, uncut));
        // Three of the thirteen clips have six frames and three have five.
        Assert.AreEqual(6, expected.Cropped);
        using var folder = new TemporaryFolder();
        var kept = Cropping with { RunFolder = folder.Path, CheckpointEvery = 4 };
        using (var killed = Bridge()) Assert.ThrowsExactly<TimeoutException>(() => Train(killed, kept, new Crash(10)));
        using var resumed = Bridge(seed: 99);
        Train(resumed, kept);
        AssertSame(whole, resumed);
        string[] log = File.ReadAllLines(Path.Combine(folder.Path, "log.jsonl"));
        Assert.IsTrue(log.Any(line => line.Contains("\"cropped\":2") || line.Contains("\"cropped\":1")), "the log tells how many clips of a step were cut");
    }

    [TestMethod]
    public void A_limit_that_no_clip_reaches_changes_nothing()
    {
        using var with = Bridge();
        Assert.AreEqual(0, Train(with, Cropping with { MaxFrames = 6 }).Cropped);
        using var without = Bridge();
        Train(without, Cropping with { MaxFrames = null });
        AssertSame(without, with);
    }

    private static TrainingResult Train(BridgeNet bridge, TrainingOptions options, IProgress<TrainingProgress>? progress = null) =>
        AlignmentTraining.Run(bridge, new Characters(40), new FrameTable(Frames(), 8), Captions, new AlignmentOptions(), options, progress: progress);
}
