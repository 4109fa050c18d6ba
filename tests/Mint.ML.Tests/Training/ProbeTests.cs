using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

/// <summary>One to three layers on frozen vectors.</summary>
[TestClass]
public sealed class ProbeTests
{
    private static readonly TrainingOptions Long = new() { Epochs = 200, BatchSize = 8, LearningRate = 1e-2, WarmUpSteps = 0, WeightDecay = 0 };

    [TestMethod]
    public void One_layer_tells_sides_of_a_plane_and_not_exclusive_or_which_two_and_three_do()
    {
        using var scope = NewDisposeScope();
        float[][] corners = [[-1, -1], [-1, 1], [1, -1], [1, 1]];
        var clips = new FrameTable([.. Enumerable.Range(0, 32).Select(i => corners[i % 4])], 2);
        int[][] side = Labels(i => corners[i % 4][0] > 0 ? 1 : 0), differ = Labels(i => corners[i % 4][0] * corners[i % 4][1] > 0 ? 1 : 0);
        Assert.AreEqual(1, Right(clips, side, 1));
        Assert.IsLessThan(0.9, Right(clips, differ, 1), "no plane parts them");
        foreach (int layers in (int[])[2, 3]) Assert.AreEqual(1, Right(clips, differ, layers));

        static int[][] Labels(Func<int, int> of) => [.. Enumerable.Range(0, 32).Select(i => (int[])[of(i)])];
    }

    [TestMethod]
    public void Several_labels_are_told_each_by_itself_and_a_seed_decides_the_weights()
    {
        using var scope = NewDisposeScope();
        float[][] corners = [[-1, -1], [-1, 1], [1, -1], [1, 1]];
        var clips = new FrameTable([.. corners], 2);
        int[][] labels = [[], [1], [0], [0, 1]];
        var options = new ProbeOptions { MultiLabel = true, Training = Long };
        using Probe one = Probe.Train(clips, labels, 2, options), same = Probe.Train(clips, labels, 2, options);
        float[][] scores = one.Score(clips);
        for (int clip = 0; clip < 4; clip++)
        {
            for (int label = 0; label < 2; label++) Assert.AreEqual(labels[clip].Contains(label), scores[clip][label] > 0.5, $"{clip} {label}");
            CollectionAssert.AreEqual(scores[clip], same.Score(clips)[clip]);
        }
    }

    [TestMethod]
    public void A_clip_is_the_mean_of_its_frames()
    {
        using var scope = NewDisposeScope();
        var clips = new FrameTable([[1f, 0, 3, 0], [2f, 0], [0f, 5]], 2);
        using var probe = Probe.Train(clips, [[0], [0], [1]], 2, new ProbeOptions { Training = Long });
        float[][] scores = probe.Score(clips);
        for (int label = 0; label < 2; label++) Assert.AreEqual(scores[1][label], scores[0][label], 1e-6f, "the mean of 1 and 3 is 2");
    }

    [TestMethod]
    public void Labels_that_do_not_fit_are_named_before_training()
    {
        var clips = new FrameTable([[1f, 0], [0f, 1]], 2);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Probe.Train(clips, [[0]], 2, new())).Message, "1 clips, and 2");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Probe.Train(clips, [[0], [0, 1]], 2, new())).Message, "clip 1 has 2 labels");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Probe.Train(clips, [[0], [2]], 2, new())).Message, "from 0 to 1");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Probe.Train(clips, [[0], [1]], 2, new() { Layers = 4 })).Message, "Layers is 4");
    }

    private static double Right(FrameTable clips, int[][] labels, int layers)
    {
        using var probe = Probe.Train(clips, labels, 2, new ProbeOptions { Layers = layers, HiddenSize = 16, Training = Long });
        return probe.Score(clips).Zip(labels, (scores, label) => scores[label[0]] > 0.5 ? 1.0 : 0).Average();
    }
}
