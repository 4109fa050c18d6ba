using Mint.ML.LanguageModels;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
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
        {
            if (name.Split('.')[0] is "temp" or "itm_head" or "text_proj" or "vision_proj")
                Assert.AreEqual(0, (now - then).abs().max().item<float>(), name);
        }

        Assert.IsFalse(model.Bridge.training);
    }

    [TestMethod]
    public void Answers_that_are_all_the_same_and_a_language_model_that_was_not_read_are_said()
    {
        var model = Load();
        Assert.IsNull(Train(model, Short).Warning);
        InstructionExample[] same = [.. Answers.Select((_, i) => new InstructionExample(i, "what?", "piano"))];
        StringAssert.Contains(InstructionTraining.Run(model, Audio(model), same, Short).Warning!, "All 6 answers are 'piano'");
        using (no_grad()) ((T5)model.LanguageModel).named_parameters().First(pair => pair.parameter.ndim == 2).parameter.zero_();
        StringAssert.Contains(Train(model, Short).Warning!, "is one number throughout: it was never read from a file");
    }

    [TestMethod]
    public void In_bfloat16_with_blocks_computed_again_the_loss_falls_as_in_float32()
    {
        var (plain, mixed) = (Load(), Load());
        var options = Short with { Epochs = 10, LearningRate = 3e-3 };
        var expected = Train(plain, options);
        var actual = Train(mixed, options with { Precision = TrainingPrecision.BFloat16, ActivationCheckpointing = true });
        Assert.AreNotEqual(expected.FirstLosses["total"], actual.FirstLosses["total"]);
        Assert.AreEqual(expected.FirstLosses["total"], actual.FirstLosses["total"], 0.03 * expected.FirstLosses["total"]);
        Assert.AreEqual(expected.LastLosses["total"], actual.LastLosses["total"], 0.03 * expected.LastLosses["total"]);
        Assert.IsTrue(mixed.Bridge.parameters().All(parameter => parameter.dtype == ScalarType.Float32));
        // The run's precision ends with it: the same weights compute the same again.
        plain.Bridge.load_state_dict(mixed.Bridge.state_dict());
        using var grad = no_grad();
        using var frames = randn(1, 4, plain.Bridge.Config.QFormer.AudioSize);
        Tensor Queries(MintModel of) => of.Bridge.QFormer.QueryPass(of.Bridge.Queries, of.Bridge.Listen(frames, null));
        Assert.IsTrue(Queries(plain).equal(Queries(mixed)).all().item<bool>());
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
        {
            if (expected.shape.SequenceEqual(whole.Bridge.Queries.shape))
                Assert.IsLessThan(1e-4f, (expected - actual).abs().max().item<float>());
        }
    }

    [TestMethod]
    public void An_example_about_a_clip_that_is_not_there_is_named()
    {
        var model = Load();
        var error = Assert.ThrowsExactly<ArgumentException>(() => InstructionTraining.Run(model, Audio(model),
            [new InstructionExample(17, "what?", "x")], Short));
        StringAssert.Contains(error.Message, "Example 0 is about clip 17");
    }

    [TestMethod]
    public void Held_out_examples_are_measured_token_by_token_and_change_nothing()
    {
        var (with, without) = (Load(), Load());
        var audio = Audio(with);
        InstructionExample[] heldOut =
            [.. Enumerable.Range(0, 5).Select(i => new InstructionExample(5 - i, i % 2 == 0 ? "What is it?" : "What is heard?", Answers[i]))];
        var options = Short with { Epochs = 3, BatchSize = 2, ValidateEvery = 4 };
        var result = InstructionTraining.Run(with, audio, Examples, options, new InstructionValidation(Audio(with), heldOut));
        Train(without, options);
        Assert.AreEqual(0, Changed(without.Bridge, with.Bridge));
        Assert.AreEqual(0, Changed(without.Projection, with.Projection));
        CollectionAssert.AreEqual(new long[] { 4, 8, 9 }, result.Validations.Select(validation => validation.Step).ToArray());

        using var grad = no_grad();
        using var scope = NewDisposeScope();
        double loss = 0, right = 0, tokens = 0;
        foreach (var example in heldOut)
        {
            var asked = tensor(BridgeText.Ids(Bridge(with), example.Instruction, 30).Select(id => (long)id).ToArray()).unsqueeze(0);
            var prompted = tensor(Language(with).Encode(example.Instruction, maxLength: 30).Select(id => (long)id).ToArray()).unsqueeze(0);
            long[] answer = [.. Language(with).Encode(example.Response, addSpecialTokens: false).Select(id => (long)id), with.LanguageModel.EosTokenId];
            var instruction = new InstructionBatch(asked, ones_like(asked, dtype: ScalarType.Bool), prompted, ones_like(prompted, dtype: ScalarType.Bool));
            var (prompt, mask) = with.Prompt(audio.Read([example.Clip]).Frames, null, instruction);
            var logits = with.LanguageModel.Logits(prompt, mask, tensor(answer).unsqueeze(0))[0];
            for (int t = 0; t < answer.Length; t++)
            {
                loss -= logits[t].log_softmax(-1)[answer[t]].item<float>();
                if (logits[t].argmax().item<long>() == answer[t]) right++;
                tokens++;
            }
        }
        Assert.AreEqual(loss / tokens, result.Validations[^1].Metrics["loss"], 1e-4);
        Assert.AreEqual(right / tokens, result.Validations[^1].Metrics["accuracy"], 1e-6);
    }

    private static IReadOnlyList<InstructionExample> Examples => [.. Answers.Select((answer, i) => new InstructionExample(i, "What is it?", answer))];

    private static TrainingResult Train(MintModel model, TrainingOptions options) => InstructionTraining.Run(model, Audio(model), Examples, options);

    internal static MintModel Load()
    {
        var model = MintModel.LoadLavis(Fixtures.Path("instructblip_stage2"));
        return new(model.Bridge, model.Projection, model.LanguageModel, new(Bridge(model), Language(model)));
    }

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

    [TestMethod]
    public void A_question_or_an_answer_whose_end_is_not_read_is_told_once_with_its_clip()
    {
        var model = Load();
        string asked = string.Join(' ', Enumerable.Repeat("what", 40)), answer = string.Join(' ', Enumerable.Repeat("organ", 40));
        InstructionExample[] examples =
            [new(0, "what?", "harp"), new(2, asked, "harp"), new(3, asked, "harp"), new(4, "what?", answer), new(5, "what?", "drum")];
        const int Most = 12;
        var cut = InstructionTraining.Run(model, Audio(model), examples, Short with { MaxTokens = Most }).CutTexts;
        int unread = Math.Max(Bridge(model).Encode(asked, addSpecialTokens: false).Length + 2, Language(model).Encode(asked).Length) - Most; // [CLS], [SEP]
        int untold = Language(model).Encode(answer, addSpecialTokens: false).Length + 1 - Most; // one token ends it
        Assert.IsTrue(unread > 0 && untold > 0);
        CollectionAssert.AreEqual(new[] { new CutText("clip 2", asked, unread), new("clip 4", answer, untold) }, cut.ToArray());
    }
}
