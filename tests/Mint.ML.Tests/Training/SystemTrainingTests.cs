using Mint.ML.Bridges;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

/// <summary>Pengi and MusiLingo in training: what moves, what does not, and that a run goes on to the bit. Their steps are compared with PyTorch by mint
/// verify.</summary>
[TestClass]
public sealed class SystemTrainingTests
{
    private static readonly string[] Answers = ["piano", "a flute", "drum", "the violin"];

    private static readonly InstructionMix Asked = Mix("question: what is it?");

    private static readonly TrainingOptions Short = new() { Epochs = 12, BatchSize = 2, LearningRate = 3e-3, WarmUpSteps = 0, WeightDecay = 0 };

    [TestMethod]
    public void Pengi_learns_by_its_mapping_networks_alone_where_its_ear_is_frozen()
    {
        using var scope = NewDisposeScope();
        using Pengi before = ThePengi(), model = ThePengi();
        var result = PengiTraining.Run(model, Frames(model.FrameWidth, 1), Asked, Short);
        Assert.IsLessThan(0.8 * result.FirstLosses["total"], result.LastLosses["total"]);
        var changed = Changed(before, model);
        Assert.IsTrue(changed.All(name => name.StartsWith("MappingNetwork", StringComparison.Ordinal)), string.Join(' ', changed));
        Assert.HasCount(2, changed.Select(name => name.Split(' ')[1]).Distinct().ToArray(), "both");
        Assert.IsTrue(model.Parts.SelectMany(part => part.Module.parameters()).All(parameter => !parameter.requires_grad), "frozen again");
    }

    [TestMethod]
    public void Pengi_hears_spectrograms_through_an_ear_that_learns_and_CLIP_and_GPT2_stay()
    {
        using var scope = NewDisposeScope();
        using Pengi before = ThePengi(), model = ThePengi();
        PengiTraining.Run(model, Frames((int)model.Config.HtsAt.MelBins, 60), Asked, Short with { Epochs = 2, MaxFrames = 40 });
        var changed = Changed(before, model);
        Assert.IsTrue(changed.Any(name => name.StartsWith("HtsAt", StringComparison.Ordinal)));
        Assert.IsFalse(changed.Any(name => name.StartsWith("Gpt2", StringComparison.Ordinal) || name.StartsWith("ClipText", StringComparison.Ordinal)
            || name.Contains("batch_norm", StringComparison.Ordinal) || name.StartsWith("TorchlibrosaLogMel", StringComparison.Ordinal)), string.Join(' ',
                changed));
    }

    [TestMethod]
    public void A_row_of_Pengis_batch_trains_as_it_does_alone()
    {
        using var scope = NewDisposeScope();
        using Pengi together = ThePengi(), apart = ThePengi();
        int bins = (int)together.Config.HtsAt.MelBins;
        PengiTraining.Run(together, Frames(bins, 60), Asked, Short with { Epochs = 2, BatchSize = 4 });
        PengiTraining.Run(apart, Frames(bins, 60), Asked, Short with { Epochs = 2, BatchSize = 1, AccumulationSteps = 4 });
        foreach (var (name, one, other) in Pairs(together, apart))
            Assert.IsLessThan(2e-3, (one - other).abs().max().item<float>(), name); // two steps of 3e-3 each
    }

    [TestMethod]
    public void A_run_of_either_that_was_stopped_goes_on_to_the_same_bits()
    {
        using var scope = NewDisposeScope();
        using (Pengi whole = ThePengi(), halves = ThePengi())
        {
            var audio = Frames((int)whole.Config.HtsAt.MelBins, 60);
            var options = Short with { Epochs = 3, MaxFrames = 30, RunFolder = Folder() };
            PengiTraining.Run(whole, audio, Asked, options with { RunFolder = null });
            using (var stop = new CancellationTokenSource())
            using (var first = ThePengi()) PengiTraining.Run(first, audio, Asked, options, progress: new StopAt(2, stop), cancel: stop.Token);
            Assert.IsFalse(PengiTraining.Run(halves, audio, Asked, options).Cancelled);
            Assert.IsEmpty(Changed(whole, halves));
        }

        MusiLingo weighted = TheMusiLingo(2), again = TheMusiLingo(2);
        var frames = Frames(weighted.FrameWidth, 9);
        var kept = Short with { Epochs = 4, RunFolder = Folder() };
        MusiLingoTraining.Run(weighted, frames, Asked, kept with { RunFolder = null });
        using (var stop = new CancellationTokenSource())
            MusiLingoTraining.Run(TheMusiLingo(2), frames, Asked, kept, progress: new StopAt(3, stop), cancel: stop.Token);
        MusiLingoTraining.Run(again, frames, Asked, kept);
        foreach (var ((name, one), (_, other)) in weighted.Adapter.named_parameters().Zip(again.Adapter.named_parameters()))
            Assert.IsTrue(one.equal(other).all().item<bool>(), name);
    }

    [TestMethod]
    public void MusiLingo_learns_answers_and_the_shares_of_its_layers()
    {
        using var scope = NewDisposeScope();
        using var model = TheMusiLingo(2);
        using var chance = new Generator(3);
        var shared = randn([4, 24], generator: chance);
        var frames = new FrameTable([.. Answers.Select((_, i) => cat([shared, randn([1, 24], generator: chance).expand(4, -1)], 1))]);
        var result = MusiLingoTraining.Run(model, frames, Asked, Short with { Epochs = 60, LearningRate = 1e-2 });
        Assert.IsLessThan(result.FirstLosses["total"], result.LastLosses["total"]);
        var shares = model.Adapter.named_parameters().Single(pair => pair.name == "layer_weights").parameter.softmax(0);
        Assert.IsGreaterThan(1e-3f, Math.Abs(shares[1].item<float>() - 0.5f), "they began as the mean");
        Assert.AreEqual(1, shares.sum().item<float>(), 1e-6f);
    }

    [TestMethod]
    public void Captions_follow_the_music_itself_and_questions_stand_between()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = TheMusiLingo(0);
        using var sounds = new Encoders.AudioEncoding(randn(2, 5, 24), ones([2, 5], dtype: ScalarType.Bool));
        var (captions, mask) = model.Prompt(sounds, [""]);
        Assert.AreEqual(2, mask.to(ScalarType.Int64).sum(1)[0].item<long>(), "BOS and one token of music");
        Assert.AreEqual(captions.shape[1], mask.shape[1]);
        var (asked, _) = model.Prompt(sounds, ["what?"]);
        Assert.AreEqual(2 + MusiLingo.Before("what?").Length + MusiLingo.After("what?").Length, asked.shape[1], "a token a character here");
        Assert.AreEqual("a ###Assistant: b ###Human: c ###Assistant: d ###Human: e", MusiLingo.Continue([("a", "b"), ("c", "d")], "e"));
        Assert.AreEqual("e", MusiLingo.Continue([], "e"));
    }

    [TestMethod]
    public void Frames_of_another_width_and_clips_that_are_not_there_are_named_before_training()
    {
        using var scope = NewDisposeScope();
        using var pengi = ThePengi();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => PengiTraining.Run(pengi, Frames(7, 4), Asked, Short)).Message, "7 wide");
        using var musilingo = TheMusiLingo(2);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => MusiLingoTraining.Run(musilingo, Frames(24, 4), Asked, Short)).Message, "takes 48");
        var beyond = new InstructionMix([new InstructionSource([new InstructionExample(9, "what?", "x")])]);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => MusiLingoTraining.Run(musilingo, Frames(48, 4), beyond, Short)).Message, "clip 9");
    }

    [TestMethod]
    public void The_templates_of_table_1_fill_prompts_and_answers()
    {
        Assert.AreEqual(("question: how many?", "two"), PengiTemplates.For("Audio Question Answering").Fill(
            new Dictionary<string, string> { ["question"] = "how many?", ["answer"] = "two" }));
        Assert.AreEqual(("this music note is", "produced by flute, pitch 60"), PengiTemplates.For("music note analysis").Fill(
            new Dictionary<string, string> { ["instrument"] = "flute", ["pitch"] = "60" }));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => PengiTemplates.For("music analysis").Fill(
            new Dictionary<string, string> { ["genre"] = "jazz" })).Message, "'language'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => PengiTemplates.For("poetry")).Message, "music analysis");
        CollectionAssert.AreEqual(new[] { "language", "genre" }, PengiTemplates.For("music analysis").Fields.ToArray());
    }

    private static InstructionMix Mix(string question) =>
        new([new InstructionSource([.. Answers.Select((answer, i) => new InstructionExample(i, question, answer))])]);

    // Clips of two lengths.
    private static FrameTable Frames(int width, int frames)
    {
        using var generator = new Generator(5);
        return new FrameTable([.. Answers.Select((_, i) => randn(frames == 1 ? 1 : frames - i % 2, width, generator: generator))]);
    }

    private static Pengi ThePengi()
    {
        var pengi = Pengi.Load(Fixtures.Path("pengi"));
        pengi.Tokenizers = (new Characters(99), new Characters(97));
        return pengi;
    }

    private static MusiLingo TheMusiLingo(long layers)
    {
        var loaded = MusiLingo.Load(Fixtures.Path("musilingo"));
        var adapter = new TemporalMeanAdapter(24, loaded.LanguageModel.HiddenSize, 325, layers);
        using (no_grad())
        {
            foreach (var (name, parameter) in loaded.Adapter.named_parameters())
                adapter.named_parameters().Single(pair => pair.name == name).parameter.copy_(parameter);
        }
        return new MusiLingo(null, adapter, loaded.LanguageModel, "", new Characters(101));
    }

    private static string Folder() => Directory.CreateTempSubdirectory("mint-systems-").FullName;

    private static IEnumerable<(string Name, Tensor One, Tensor Other)> Pairs(Pengi one, Pengi other) =>
        one.Parts.Zip(other.Parts).SelectMany((parts, i) => parts.First.Module.named_parameters().Zip(parts.Second.Module.named_parameters())
            .Select(pair => ($"{parts.First.Module.GetName()} {i} {pair.First.name}", pair.First.parameter.detach(), pair.Second.parameter.detach())));

    private static List<string> Changed(Pengi one, Pengi other) =>
        [.. Pairs(one, other).Where(pair => !pair.One.equal(pair.Other).all().item<bool>()).Select(pair => pair.Name)];

    private sealed class StopAt(int step, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) stop.Cancel();
        }
    }
}
