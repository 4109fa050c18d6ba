using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Evaluation;
using Mint.ML.LanguageModels;
using Mint.ML.Systems;
using Mint.ML.Tests.Training;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

/// <summary>Clips and texts in any order: that no sequence, clip or padding changes another, by brute force. Values and training steps are compared with
/// PyTorch by mint verify.</summary>
[TestClass]
public sealed class AptTests
{
    private const int Width = 24, Queries = 5;

    private static readonly Interleaved[] Different =
    [
        new([new SoundPart(0), new TextPart("one"), new SoundPart(1), new TextPart("two"), new SoundPart(2), new TextPart("what?")], "what?"),
        new([new TextPart("this is"), new SoundPart(2)], "is it?"),
        new([new TextPart("no sound")], "no sound"),
        new([new SoundPart(1), new SoundPart(1), new SoundPart(3)], "what?"),
        new([new VectorPart(Vectors()), new TextPart("a"), new SoundPart(3), new TextPart("b")], "b"),
    ];

    [TestMethod]
    public void A_batch_of_different_numbers_of_clips_is_each_sequence_alone()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var apt = Small();
        using var clips = Clips().Read([0, 1, 2, 3]);
        var (together, mask) = apt.Prompt(clips, Different);
        var targets = tensor(new long[] { 20, 21, 2 }).unsqueeze(0);
        var logits = apt.LanguageModel.Logits(together, mask, targets.expand(Different.Length, -1));
        for (int row = 0; row < Different.Length; row++)
        {
            // Alone: only its own clips, each without padding, in a table of its own.
            int[] named = [.. Different[row].Clips.Distinct()];
            using var own = named.Length == 0 ? null : Clips().Read(named);
            var alone = Different[row] with
            {
                Parts = [.. Different[row].Parts.Select(part => part is SoundPart sound
                ? new SoundPart(Array.IndexOf(named, sound.Clip)) : part)]
            };
            var (prompt, real) = apt.Prompt(own, [alone]);
            Assert.IsTrue(real.all().item<bool>());
            Assert.AreEqual(prompt.shape[1], mask[row].sum().item<long>());
            Near(prompt[0], together[row].narrow(0, 0, prompt.shape[1]), 1e-5, $"prompt {row}");
            Near(apt.LanguageModel.Logits(prompt, real, targets)[0], logits[row], 1e-4, $"logits {row}");
        }
    }

    [TestMethod]
    public void Parts_stand_in_their_order_and_a_clip_is_the_same_wherever_it_stands()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var apt = Small();
        using var clips = Clips().Read([0, 1]);
        var (one, _) = apt.Prompt(clips, [new Interleaved([new SoundPart(0), new TextPart("xy"), new SoundPart(1)], "q")]);
        var (other, _) = apt.Prompt(clips, [new Interleaved([new SoundPart(1), new SoundPart(0), new TextPart("xy")], "q")]);
        const int clip = 1 + Queries;
        Assert.AreEqual(1 + 2 + 2 * clip, one.shape[1], "BOS, two letters, two clips behind their AUDIO token");
        const double rounding = 1e-5; // of a product whose rows stand in another order
        Near(Part(one, 1, clip), Part(other, 1 + clip, clip), rounding, "clip 0");
        Near(Part(one, 1 + clip, 2), Part(other, 1 + 2 * clip, 2), 0, "the text");
        Near(Part(one, 3 + clip, clip), Part(other, 1, clip), rounding, "clip 1");
        var token = apt.Acoustic.named_parameters().Single(pair => pair.name == "audio_token").parameter;
        Near(Part(one, 1, 1)[0], token[0], 0, "AUDIO before the first");
        Near(Part(one, 3 + clip, 1)[0], token[0], 0, "AUDIO before the second");
        Assert.IsGreaterThan(1e-3f, (Part(one, 2, Queries) - Part(one, 4 + clip, Queries)).abs().max().item<float>(), "different clips");
    }

    [TestMethod]
    public void Sequences_in_another_order_are_the_same_sequences()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var apt = Small();
        using var clips = Clips().Read([0, 1, 2, 3]);
        var (one, mask) = apt.Prompt(clips, Different);
        var (turned, turnedMask) = apt.Prompt(clips, [.. Different.Reverse()]);
        Assert.IsTrue(mask.flip(0).equal(turnedMask).all().item<bool>());
        for (int row = 0; row < Different.Length; row++)
        {
            long length = mask[row].sum().item<long>();
            Near(one[row].narrow(0, 0, length), turned[Different.Length - 1 - row].narrow(0, 0, length), 1e-5, $"row {row}");
        }
    }

    [TestMethod]
    public void What_is_asked_changes_what_is_heard_and_one_clip_and_a_question_are_the_system_of_others()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var apt = Small();
        using var clips = Clips().Read([0, 1]);
        var (one, mask) = apt.Prompt(clips, ["what?"]);
        var (same, _) = apt.Prompt(clips, [Interleaved.About(0, "what?"), Interleaved.About(1, "what?")]);
        Near(one, same, 0, "IAudioLanguageModel's prompt");
        Assert.IsTrue(mask.all().item<bool>());
        var (asked, _) = apt.Prompt(clips, [new Interleaved([new SoundPart(0), new TextPart("what?")], "another thing")]);
        Assert.IsGreaterThan(1e-3f, (asked[0].narrow(0, 2, Queries) - one[0].narrow(0, 2, Queries)).abs().max().item<float>());
        Near(asked[0].narrow(0, 2 + Queries, 5), one[0].narrow(0, 2 + Queries, 5), 0, "the text is what it is");
    }

    [TestMethod]
    public void A_clip_that_is_not_there_and_vectors_of_another_width_are_refused_by_name()
    {
        using var apt = Small();
        using var clips = Clips().Read([0]);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => apt.Prompt(clips, [Different[3]])).Message, "names clip 1");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => apt.Prompt(null, [Different[1]])).Message, "there are none");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
            apt.Prompt(clips, [new Interleaved([new VectorPart(new float[2, 7])], "")])).Message, "7 wide");
        Assert.ThrowsExactly<ArgumentException>(() => apt.Prompt(clips, Array.Empty<Interleaved>()));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => AptTraining.Run(apt, Clips(),
            new InstructionMix([new InstructionSource([new InstructionExample(0, new string('x', 99), "y")])]), new TrainingOptions())).Message, "longer");
    }

    [TestMethod]
    public void Two_blocks_are_an_option_and_four_are_the_papers()
    {
        Assert.AreEqual((4, 32), (Apt.PaperAligner.QFormer.Layers, Apt.PaperAligner.Queries));
        using var two = Small(layers: 2);
        Assert.AreEqual(2, two.Aligner.Config.QFormer.Layers);
    }

    [TestMethod]
    public void The_papers_training_is_Adam_with_2000_steps_of_warm_up_and_a_cosine()
    {
        var paper = AptTraining.Paper;
        Assert.AreEqual(0, paper.WeightDecay, "without it, AdamW is Adam");
        Assert.AreEqual(paper.LearningRate / 2, paper.RateAt(1000, 22_000), 0.01 * paper.LearningRate);
        Assert.AreEqual(paper.LearningRate, paper.RateAt(2000, 22_000), 0.01 * paper.LearningRate);
        Assert.AreEqual(paper.LearningRate * (1 + Math.Cos(Math.PI / 4)) / 2, paper.RateAt(7000, 22_000), 0.01 * paper.LearningRate, "a quarter of the way");
    }

    [TestMethod]
    public void Training_moves_aligner_projection_and_token_and_leaves_the_language_model()
    {
        using var scope = NewDisposeScope();
        using Apt before = Small(), model = Small();
        var episodes = AptEpisodes.FewShot(["a", "b", "a", "b"], 2, 1, 6, 1);
        var mix = new InstructionMix([new InstructionSource([.. episodes.Select(episode => InstructionExample.Of(episode.Sequence, episode.Answer))]),
            new InstructionSource([new InstructionExample(2, "how many?", "2")])]);
        var options = new TrainingOptions
        {
            Epochs = 20,
            BatchSize = 4,
            LearningRate = 3e-3,
            WarmUpSteps = 0,
            WeightDecay = 0,
            Schedule = LearningRateSchedule.Cosine
        };
        var result = AptTraining.Run(model, Clips(), mix, options);
        Assert.IsLessThan(0.8 * result.FirstLosses["total"], result.LastLosses["total"]);
        foreach (var ((name, then), (_, now)) in AptTraining.Trained(before).Zip(AptTraining.Trained(model)))
        {
            bool read = !name.Contains("encoder.layer.3.intermediate.", StringComparison.Ordinal) && !name.Contains("layer.3.output.", StringComparison.Ordinal)
                && !name.EndsWith("self.key.bias", StringComparison.Ordinal); // which softmax does not see
            if (read) Assert.IsGreaterThan(0, (now - then).abs().max().item<float>(), name);
        }
        foreach (var ((name, then), (_, now)) in ((Llama)before.LanguageModel).named_parameters().Zip(((Llama)model.LanguageModel).named_parameters()))
            Assert.IsTrue(then.equal(now).all().item<bool>(), name);
    }

    [TestMethod]
    public void Examples_of_many_clips_train_in_a_batch_as_they_do_one_by_one()
    {
        using var scope = NewDisposeScope();
        using Apt together = Small(), apart = Small();
        var mix = new InstructionMix([new InstructionSource([.. Different.Where(sequence => sequence.Clips.Any())
            .Select((sequence, i) => InstructionExample.Of(sequence, $"answer {i}"))])]);
        var options = new TrainingOptions { Epochs = 2, BatchSize = 4, LearningRate = 1e-3, WarmUpSteps = 0, WeightDecay = 0 };
        AptTraining.Run(together, Clips(), mix, options);
        AptTraining.Run(apart, Clips(), mix, options with { BatchSize = 1, AccumulationSteps = 4 });
        int moved = 0;
        foreach (var ((name, one), (_, other)) in AptTraining.Trained(together).Zip(AptTraining.Trained(apart)))
            moved += (one - other).abs().data<float>().ToArray().Count(difference => difference > 2e-4f);
        Assert.IsLessThan(50, moved, "weights whose gradient is rounding alone apart");
    }

    [TestMethod]
    public void Only_APT_reads_sequences_and_a_run_that_was_stopped_goes_on_to_the_same_bits()
    {
        using var scope = NewDisposeScope();
        var mix = new InstructionMix([new InstructionSource([InstructionExample.Of(Different[0], "x"), InstructionExample.Of(Different[3], "y"),
            new InstructionExample(1, "what?", "z")])]);
        using var mint = InstructionTrainingTests.Load();
        var frames = new FrameTable([.. Enumerable.Range(0, 4).Select(_ => zeros(3, mint.FrameWidth))]);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(
            () => InstructionTraining.Run(mint, frames, mix, new TrainingOptions { MaxTokens = 20 })).Message, "APT alone");

        using Apt whole = Small(), again = Small(), stopped = Small();
        var options = new TrainingOptions
        {
            Epochs = 3,
            BatchSize = 2,
            LearningRate = 1e-3,
            WarmUpSteps = 0,
            MaxFrames = 4,
            RunFolder = Directory.CreateTempSubdirectory("mint-apt-").FullName
        };
        AptTraining.Run(whole, Clips(), mix, options with { RunFolder = null });
        using (var stop = new CancellationTokenSource())
            AptTraining.Run(stopped, Clips(), mix, options, progress: new StopAt(3, stop), cancel: stop.Token);
        AptTraining.Run(again, Clips(), mix, options);
        foreach (var ((name, one), (_, other)) in AptTraining.Trained(whole).Zip(AptTraining.Trained(again)))
            Assert.IsTrue(one.equal(other).all().item<bool>(), name);
    }

    [TestMethod]
    public void Its_ear_is_the_output_of_AudioMAEs_penultimate_block()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = AudioMae.Load(Fixtures.Path("audiomae"));
        using var mel = randn(2, 1, 64, 32);
        Near(model.HiddenStates(mel)[(int)model.Config.Layers - 1], model.Penultimate(mel), 0, "all blocks but the last");
        using var ear = Apt.LoadEncoder(Fixtures.Path("audiomae"));
        using var other = AudioMaeEncoder.Load(Fixtures.Path("audiomae"));
        using var wave = randn(1, 6000);
        using var length = tensor(new[] { 6000L });
        using AudioEncoding heard = ear.Encode(wave, length), contextual = other.Encode(wave, length);
        Assert.IsTrue(heard.Mask.equal(contextual.Mask).all().item<bool>());
        Assert.IsGreaterThan(1e-3f, (heard.Frames - contextual.Frames).abs().max().item<float>());
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => Apt.LoadEncoder(Fixtures.Path("llama"))).Message, "no audio encoder");
    }

    [TestMethod]
    public void Evaluations_answer_as_each_sequence_alone_does_and_their_controls_are_what_they_say()
    {
        using var scope = NewDisposeScope();
        using var model = Small();
        using var chance = new Generator(3);
        using var kinds = randn(3, 1, Width, generator: chance);
        string[] labels = [.. Enumerable.Range(0, 12).Select(i => "abc"[i % 3].ToString())];
        var clips = new FrameTable([.. Enumerable.Range(0, 12).Select(i => kinds[i % 3] + randn(2 + i % 2, Width, generator: chance) * tensor(0.05f))]);
        var episodes = AptEpisodes.FewShot(labels, 2, 1, 10, 1);
        var result = new AptEvaluation(model, clips, batch: 4).FewShot(episodes);
        Assert.AreEqual(1, result.NearestClassMean, "the kinds are far from each other");
        Assert.AreEqual(0.5, result.Chance);
        for (int i = 0; i < episodes.Count; i++)
        {
            using var all = clips.Read([.. Enumerable.Range(0, 12)]);
            var ranked = model.Rank(all, [episodes[i].Sequence], episodes[i].Classes);
            Assert.AreEqual(episodes[i].Classes[ranked.Order(0)[0]], result.Answers[i]);
        }
        Assert.AreEqual(episodes.Zip(result.Answers).Count(pair => pair.First.Answer == pair.Second) / 10.0, result.Accuracy);
    }

    [TestMethod]
    public void Reasoning_answers_with_the_likeliest_of_all_answers_in_both_orders()
    {
        using var scope = NewDisposeScope();
        using var model = Small();
        var clips = Clips();
        ClipPair[] pairs = [new(0, 1, "a", "b", "c"), new(1, 2, "b", "c", "b"), new(3, 0, "c a", "a"), new(2, 3, "a", "b", "a")];
        string[] answers = ["a", "b", "c"];
        var result = new AptEvaluation(model, clips, batch: 3).Reasoning(pairs);
        string Likeliest(ClipPair pair)
        {
            using var all = clips.Read([.. Enumerable.Range(0, 4)]);
            return answers[model.Rank(all, [pair.Sequence], answers).Order(0)[0]];
        }
        CollectionAssert.AreEqual(pairs.Select(Likeliest).ToArray(), result.Answers.ToArray());
        bool[] first = [.. pairs.Select(pair => Likeliest(pair) == pair.Answer)];
        var turned = pairs.Where(pair => pair.Swapped is not null).Select(pair => Likeliest(pair.Turned) == pair.Swapped).ToList();
        Assert.AreEqual(first.Average(right => right ? 1.0 : 0), result.Accuracy);
        Assert.AreEqual(turned.Average(right => right ? 1.0 : 0), result.Swapped);
        Assert.AreEqual(0.5, result.Majority, "two of four are b");
    }

    private static Tensor Part(Tensor prompt, long start, long length) => prompt[0].narrow(0, start, length);

    private static void Near(Tensor one, Tensor other, double tolerance, string what) =>
        Assert.IsLessThanOrEqualTo((float)tolerance, (one - other).abs().max().item<float>(), what);

    private static float[,] Vectors()
    {
        var values = new float[3, 32];
        for (int i = 0; i < values.Length; i++) values[i / 32, i % 32] = (float)Math.Sin(i);
        return values;
    }

    // Clips of 9, 5, 7 and 1 frames.
    private static FrameTable Clips()
    {
        using var chance = new Generator(7);
        return new FrameTable([.. new[] { 9, 5, 7, 1 }.Select(frames => randn(frames, Width, generator: chance))]);
    }

    internal static Apt Small(long layers = 4, long seed = 5)
    {
        var aligner = new BridgeNet(Apt.PaperAligner with
        {
            Queries = Queries,
            HasAlignmentHeads = false,
            QFormer = Apt.PaperAligner.QFormer with
            {
                VocabularySize = 61,
                HiddenSize = 32,
                Layers = layers,
                Heads = 4,
                FeedForwardSize = 48,
                Positions = 40,
                AudioSize = Width,
                HasLanguageHead = false,
                InitializerRange = 0.15,
                HiddenDropout = 0,
                AttentionDropout = 0,
            },
        });
        aligner.Initialize(seed);
        return Apt.Begin(aligner, Llama.Load(Fixtures.Path("llama")), new(new Characters(60), new Characters(101), 20), seed);
    }

    private sealed class StopAt(int step, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) stop.Cancel();
        }
    }
}
