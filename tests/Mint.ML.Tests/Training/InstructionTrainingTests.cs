using Mint.ML.Models;
using Mint.ML.Systems;
using Mint.ML.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

[TestClass]
public sealed class InstructionTrainingTests
{
    private static readonly string[] Answers = ["piano", "a flute", "drum", "the violin", "organ", "harp"];
    private static readonly TrainingOptions Short = new() { Epochs = 1, BatchSize = 6, LearningRate = 1e-3, WarmUpSteps = 0 };

    [TestMethod]
    public void The_loss_falls_and_only_bridge_and_projection_change()
    {
        var (model, before) = (Load(), Load());
        var result = Train(model, Short with { Epochs = 40, LearningRate = 3e-3 });
        Assert.IsLessThan(0.85 * result.FirstLosses["total"], result.LastLosses["total"]);
        Assert.AreEqual(0, Changed((T5)before.LanguageModel, (T5)model.LanguageModel));
        Assert.AreEqual(2, Changed(before.Projection, model.Projection));
        foreach (var ((name, then), (_, now)) in before.Bridge.named_parameters().Zip(model.Bridge.named_parameters()))
            if (name.Split('.')[0] is "temp" or "itm_head" or "text_proj" or "vision_proj")
                Assert.AreEqual(0, (now - then).abs().max().item<float>(), name);
        Assert.IsFalse(model.Bridge.training);
    }

    [TestMethod]
    public void Accumulated_batches_step_as_the_whole_batch_does()
    {
        var (whole, parts) = (Load(), Load());
        // A constant second moment at the first step hides the gradient's size: two steps show it.
        Train(whole, Short with { Epochs = 2 });
        Train(parts, Short with { Epochs = 2, BatchSize = 2, AccumulationSteps = 3 });
        foreach (var ((name, expected), (_, actual)) in whole.Projection.named_parameters().Zip(parts.Projection.named_parameters()))
            Assert.IsLessThan(1e-4f, (expected - actual).abs().max().item<float>(), name);
        foreach (var ((_, expected), (_, actual)) in whole.Bridge.named_parameters().Zip(parts.Bridge.named_parameters()))
            if (expected.shape.SequenceEqual(whole.Bridge.Queries.shape))
                Assert.IsLessThan(1e-4f, (expected - actual).abs().max().item<float>());
    }

    [TestMethod]
    public void An_example_about_a_clip_that_is_not_there_is_named()
    {
        var model = Load();
        var error = Assert.ThrowsExactly<ArgumentException>(() => InstructionTraining.Run(model, Bridge(model), Language(model), Audio(model),
            [new InstructionExample(17, "what?", "x")], Short));
        StringAssert.Contains(error.Message, "Example 0 is about clip 17");
    }

    private static TrainingResult Train(MintModel model, TrainingOptions options) => InstructionTraining.Run(
        model, Bridge(model), Language(model), Audio(model), [.. Answers.Select((answer, i) => new InstructionExample(i, "What is it?", answer))], options);

    private static MintModel Load() => MintModel.LoadLavis(Fixtures.Path("instructblip_stage2"));

    private static Characters Bridge(MintModel model) => new((int)model.Bridge.Config.QFormer.VocabularySize - 1);

    private static Characters Language(MintModel model) => new(model.LanguageModel.VocabularySize);

    private static FrameTable Audio(MintModel model)
    {
        using var generator = new Generator(5);
        int width = (int)model.Bridge.Config.QFormer.AudioSize;
        return new FrameTable([.. Answers.Select((_, i) => randn(4 + i % 3, width, generator: generator))]);
    }

    private static int Changed(nn.Module before, nn.Module after) => before.parameters().Zip(after.parameters())
        .Count(pair => !pair.First.detach().cpu().bytes.SequenceEqual(pair.Second.detach().cpu().bytes));
}
