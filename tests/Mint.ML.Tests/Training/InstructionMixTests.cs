using Mint.ML.Systems;
using Mint.ML.Tests.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

[TestClass]
public sealed class InstructionMixTests
{
    [TestMethod]
    public void A_template_makes_prompts_and_answers_of_the_columns_of_its_fields()
    {
        using var place = new Text.TemporaryFolder();
        string manifest = place.Write("notes.csv", "Path,Instrument,Pitch\na.wav,flute,60\nb.wav,,61\nc.wav,organ,62\n");
        var source = InstructionData.Parse($$"""{"manifest": "{{manifest}}", "template": "music note analysis"}""");
        var (files, _, mix) = InstructionData.Read([source]);
        Assert.HasCount(2, files, "a row without an instrument is left out");
        CollectionAssert.AreEqual(new[] { new InstructionExample(0, "this music note is", "produced by flute, pitch 60"),
            new InstructionExample(1, "this music note is", "produced by organ, pitch 62") }, mix.Examples.ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => InstructionData.Read([InstructionData.Parse(
            $$"""{"manifest": "{{manifest}}", "template": "audio captioning"}""")])).Message, "no column 'caption'");
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => InstructionData.Parse(
            """{"manifest": "a.csv", "template": "audio captioning", "instruction": "x"}""")).Message, "a template makes prompts");
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => InstructionData.Parse("""{"manifest": "a.csv", "template": "poetry"}""")).Message,
            "poetry");
    }

    [TestMethod]
    public void By_size_an_epoch_has_every_example_once()
    {
        var mix = new InstructionMix([Source("a", 3), Source("b", 5)]);
        CollectionAssert.AreEqual(Enumerable.Range(0, 8).ToArray(), mix.Epoch(4, seed: 1).Order().ToArray());
        CollectionAssert.AreEqual(new[] { "a", "a", "a", "b", "b", "b", "b", "b" }, mix.Examples.Select(example => example.Instruction).ToArray());
    }

    [TestMethod]
    public void By_weight_every_epoch_has_the_shares_asked_for()
    {
        var mix = new InstructionMix([Source("small", 10, 3), Source("large", 50, 1)]);
        foreach (int epoch in Enumerable.Range(0, 5))
        {
            var drawn = mix.Epoch(epoch, seed: 2).CountBy(i => mix.Examples[i].Instruction).ToDictionary();
            Assert.AreEqual(45, drawn["small"]);
            Assert.AreEqual(15, drawn["large"]);
        }
        Assert.AreEqual(60, mix.EpochLength);
    }

    [TestMethod]
    public void All_of_a_source_is_seen_before_any_of_it_again()
    {
        var mix = new InstructionMix([Source("small", 7, 2), Source("large", 40, 1)]);
        var seen = new int[47];
        for (int epoch = 0; epoch < 9; epoch++)
        {
            foreach (int example in mix.Epoch(epoch, seed: 3)) seen[example]++;
            Assert.IsLessThanOrEqualTo(1, seen[..7].Max() - seen[..7].Min());
            Assert.IsLessThanOrEqualTo(1, seen[7..].Max() - seen[7..].Min());
        }
        Assert.IsGreaterThanOrEqualTo(2, seen.Min());
    }

    [TestMethod]
    public void What_an_epoch_has_depends_on_seed_and_epoch_alone()
    {
        var (first, second) = (new InstructionMix([Source("a", 9, 1), Source("b", 5, 1)]), new InstructionMix([Source("a", 9, 1), Source("b", 5, 1)]));
        int[] asked = first.Epoch(6, seed: 4);
        for (int epoch = 0; epoch < 6; epoch++) second.Epoch(epoch, seed: 4);
        CollectionAssert.AreEqual(asked, second.Epoch(6, seed: 4));
        CollectionAssert.AreNotEqual(asked, second.Epoch(6, seed: 5));
        CollectionAssert.AreNotEqual(asked, second.Epoch(7, seed: 4));
    }

    [TestMethod]
    public void Weights_that_make_no_mix_are_refused_and_named()
    {
        foreach (var (sources, message) in new (InstructionSource[], string)[]
        {
            ([], "no source"),
            ([Source("a", 1), Source("b", 0)], "Source 1 has no examples"),
            ([Source("a", 1, 2), Source("b", 1)], "Source 1 has no weight"),
            ([Source("a", 1), Source("b", 1, 2)], "Source 0 has no weight"),
            ([Source("a", 1, -1)], "source 0 is -1"),
        })
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new InstructionMix(sources)).Message, message);
        }
    }

    [TestMethod]
    public void A_mixed_run_stopped_and_resumed_ends_bit_for_bit_where_the_uninterrupted_one_does()
    {
        using var folder = new TemporaryFolder();
        var options = new TrainingOptions { Epochs = 3, BatchSize = 4, LearningRate = 1e-3, Seed = 3, CheckpointEvery = 2 };
        var (whole, stopped, resumed) = (Load(), Load(), Load());
        Train(whole, options);
        using (var cancel = new CancellationTokenSource())
            Assert.AreEqual(5, Train(stopped, options with { RunFolder = folder.Path }, new Stop(cancel, 5), cancel.Token).Steps);
        Train(resumed, options with { RunFolder = folder.Path });
        foreach (var ((name, expected), (_, actual)) in whole.Bridge.named_parameters().Zip(resumed.Bridge.named_parameters()))
            Assert.IsTrue(expected.detach().bytes.SequenceEqual(actual.detach().bytes), name);
        var error =
            Assert.ThrowsExactly<InvalidDataException>(() => Train(Load(), options with { RunFolder = folder.Path },
            mixed: new([Source("what?", 6, 1), Source("which?", 3, 1)])));
        StringAssert.Contains(error.Message, "other mix");
    }

    private static InstructionSource Source(string instruction, int examples, double? weight = null) =>
        new([.. Enumerable.Range(0, examples).Select(i => new InstructionExample(i, instruction, $"answer {i}"))], weight);

    private static MintModel Load() => InstructionTrainingTests.Load();

    private static TrainingResult Train(MintModel model, TrainingOptions options, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancel = default, InstructionMix? mixed = null)
    {
        using var generator = new Generator(5);
        int width = (int)model.Bridge.Config.QFormer.AudioSize;
        var audio = new FrameTable([.. Enumerable.Range(0, 6).Select(i => randn(4 + i % 3, width, generator: generator))]);
        return InstructionTraining.Run(model, audio,
            mixed ?? new([Source("what?", 6, 1), Source("which?", 3, 2)]), options, progress: progress, cancel: cancel);
    }

    private sealed class Stop(CancellationTokenSource cancel, long step) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) cancel.Cancel();
        }
    }
}
