using Mint.ML.Layers;
using Mint.ML.Objectives;
using Mint.ML.Systems;
using Mint.ML.Tests.Text;
using Mint.ML.Tests.Training;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using Mint.ML.Training.Memory;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Tests.Gpu;

/// <summary>Training on a GPU beside the same training on the CPU, whose losses the fixtures decide.</summary>
[TestClass]
public sealed class GpuTrainingTests
{
    private static readonly TrainingOptions Short = new() { Epochs = 4, BatchSize = 4, LearningRate = 1e-3, Seed = 3 };

    [TestMethod]
    public void Stage_1_has_the_losses_that_it_has_on_the_CPU()
    {
        var gpu = Gpu.Required();
        double[][] expected = Losses(CPU, Short), actual = Losses(gpu, Short);
        Assert.HasCount(12, actual);
        AssertNear(expected, actual, 1e-3);
    }

    [TestMethod]
    public void Stage_1_in_parts_of_a_contrastive_batch_has_the_losses_that_it_has_on_the_CPU()
    {
        var gpu = Gpu.Required();
        var objective = new AlignmentOptions { ContrastiveBatch = 12 };
        AssertNear(Losses(CPU, Short, objective), Losses(gpu, Short, objective), 1e-3);
    }

    [TestMethod]
    public void Stage_1_in_bfloat16_has_them_to_a_few_percent()
    {
        var gpu = Gpu.Required();
        AssertNear(Losses(CPU, Short)[..3], Losses(gpu, Short with { Precision = TrainingPrecision.BFloat16 })[..3], 0.03);
    }

    [TestMethod]
    public void Blocks_that_are_computed_again_give_the_same_losses()
    {
        var gpu = Gpu.Required();
        AssertNear(Losses(gpu, Short), Losses(gpu, Short with { ActivationCheckpointing = true }), 1e-3);
    }

    [TestMethod]
    public void What_is_computed_again_draws_the_same_dropout()
    {
        var gpu = Gpu.Required();
        using var scope = NewDisposeScope();
        using var state = new RandomStreamState(gpu);
        var x = ones([64, 64], device: gpu);
        var first = functional.dropout(x, 0.5);
        var later = functional.dropout(x, 0.5);
        state.Return();
        Assert.IsTrue(first.equal(functional.dropout(x, 0.5)).all().item<bool>());
        Assert.IsFalse(first.equal(later).all().item<bool>());
    }

    // With dropout: what a step draws follows from seed and step.
    [TestMethod]
    public void A_run_that_was_stopped_goes_on_where_it_was()
    {
        var gpu = Gpu.Required();
        using var folder = new TemporaryFolder();
        double[][] whole = Losses(gpu, Short, dropout: 0.1);
        var kept = Short with { RunFolder = folder.Path };
        double[][] begun = Losses(gpu, kept, dropout: 0.1, stopAfter: 5), rest = Losses(gpu, kept, dropout: 0.1);
        Assert.HasCount(5, begun);
        Assert.HasCount(7, rest);
        AssertNear(whole, [.. begun, .. rest], 1e-3);
    }

    [TestMethod]
    [DataRow(TrainingPrecision.Float32, 1e-3)]
    [DataRow(TrainingPrecision.BFloat16, 0.03)]
    public void Stage_2_has_the_losses_that_it_has_on_the_CPU(TrainingPrecision precision, double tolerance)
    {
        var gpu = Gpu.Required();
        AssertNear(Answers(CPU, TrainingPrecision.Float32), Answers(gpu, precision), tolerance);
    }

    [TestMethod]
    public void A_plan_knows_how_much_memory_there_is()
    {
        var gpu = Gpu.Required();
        Assert.IsGreaterThan(1L << 30, DeviceMemory.Of(gpu));
    }

    private static double[][] Answers(Device device, TrainingPrecision precision)
    {
        using var loaded = MintModel.LoadLavis(Fixtures.Path("instructblip_stage2"), device: device);
        using var model = new MintModel(loaded.Bridge, loaded.Projection, loaded.LanguageModel,
            new(new Characters((int)loaded.Bridge.Config.QFormer.VocabularySize - 1), new Characters(loaded.LanguageModel.VocabularySize)));
        using var generator = new Generator(5);
        string[] answers = ["organ", "harp", "drum", "piano", "a flute", "bass"];
        var audio = new FrameTable([.. answers.Select((_, i) => randn(4 + i % 3, model.FrameWidth, generator: generator))]);
        var told = new Told();
        InstructionTraining.Run(model, audio, [.. answers.Select((answer, i) => new InstructionExample(i, "What is it?", answer))],
            Short with { BatchSize = 3, Precision = precision }, progress: told);
        return [.. told.Losses];
    }

    private static double[][] Losses(Device device, TrainingOptions options, AlignmentOptions? objective = null, double dropout = 0, int? stopAfter = null)
    {
        using var bridge = AlignmentTrainingTests.Bridge(dropout);
        bridge.to(device);
        using var stop = new CancellationTokenSource();
        var told = new Told(stopAfter, stop);
        AlignmentTraining.Run(bridge, new Characters(40), new FrameTable(AlignmentTrainingTests.Frames(), 8), AlignmentTrainingTests.Captions,
            objective ?? new(), options, progress: told, cancel: stop.Token);
        Assert.AreEqual(device.type, bridge.Queries.device_type);
        return [.. told.Losses];
    }

    private static void AssertNear(double[][] expected, double[][] actual, double tolerance)
    {
        Assert.HasCount(expected.Length, actual);
        for (int step = 0; step < expected.Length; step++)
        {
            for (int loss = 0; loss < expected[step].Length; loss++)
                Assert.AreEqual(expected[step][loss], actual[step][loss], tolerance * (1 + Math.Abs(expected[step][loss])), $"step {step}, loss {loss}");
        }
    }

    /// <summary>The losses of every step.</summary>
    private sealed class Told(int? stopAfter = null, CancellationTokenSource? stop = null) : IProgress<TrainingProgress>
    {
        public List<double[]> Losses { get; } = [];

        public void Report(TrainingProgress progress)
        {
            Losses.Add([.. progress.Losses.Values]);
            if (Losses.Count == stopAfter) stop!.Cancel();
        }
    }
}
