using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Objectives;
using Mint.ML.Tests.Files;
using Mint.ML.Tests.Text;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

[TestClass]
public sealed class AlignmentTrainingTests
{
    internal static readonly string[] Captions = [.. Enumerable.Range(0, 13).Select(i => $"sound {(char)('a' + i)}")];
    private static readonly TrainingOptions Short = new() { Epochs = 5, BatchSize = 4, LearningRate = 1e-3, Seed = 3 };

    [TestMethod]
    public void The_loss_falls_and_a_clip_finds_its_caption()
    {
        using var bridge = Bridge(dropout: 0);
        Assert.IsLessThan(8, Found(bridge), "untrained, a caption finds its clip among 13 by chance alone");
        var result = Train(bridge, Short with { Epochs = 150, LearningRate = 3e-3, BatchSize = 13 });
        Assert.AreEqual(150, result.Steps);
        Assert.IsLessThan(0.7 * result.FirstLosses["total"], result.LastLosses["total"]);
        Assert.IsLessThan(0.7 * result.FirstLosses["contrastive"], result.LastLosses["contrastive"]);
        Assert.IsFalse(bridge.training);
        Assert.IsGreaterThanOrEqualTo(12, Found(bridge));
    }

    // How many of the 13 captions are nearest to their own clip, by the query nearest to the text.
    private static int Found(BridgeNet bridge)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        bridge.eval();
        var clips = Frames().Select(frames => bridge.Listen(tensor(frames).view(1, -1, 8), null))
            .Select(heard => bridge.EmbedAudio(bridge.QFormer.QueryPass(bridge.Queries, heard))[0]).ToArray(); // (Q, E) each
        return Enumerable.Range(0, Captions.Length).Count(t =>
        {
            long[] ids = [.. BridgeText.Ids(new Characters(40), Captions[t], 30).Select(id => (long)id)];
            var text = bridge.EmbedText(bridge.QFormer.TextPass(tensor(ids).unsqueeze(0), ones([1, ids.Length], dtype: ScalarType.Bool)))[0]; // (E)
            return Array.IndexOf([.. clips.Select(clip => clip.matmul(text).max().item<float>())],
                clips.Max(clip => clip.matmul(text).max().item<float>())) == t;
        });
    }

    [TestMethod]
    public void A_seed_gives_the_same_weights_whatever_was_drawn_before_and_leaves_the_callers_state()
    {
        using var first = Bridge();
        Train(first, Short);
        random.manual_seed(77);
        using var expected = rand(3);
        random.manual_seed(77);
        using var second = Bridge();
        Train(second, Short);
        using var next = rand(3);
        AssertSame(first, second);
        CollectionAssert.AreEqual(expected.data<float>().ToArray(), next.data<float>().ToArray());
        using var third = Bridge();
        Train(third, Short with { Seed = 4 });
        Assert.AreNotEqual(0, Difference(first, third));
    }

    [TestMethod]
    public void One_clip_left_over_makes_no_batch()
    {
        using var bridge = Bridge();
        Assert.AreEqual(3, Train(bridge, Short with { Epochs = 1 }).Steps);
        Assert.AreEqual(2, Train(bridge, Short with { Epochs = 1, AccumulationSteps = 2 }).Steps);
        Assert.AreEqual(3, Train(bridge, Short with { Epochs = 1, BatchSize = 5 }).Steps);
    }

    [TestMethod]
    public void A_run_deletes_only_files_that_a_run_makes()
    {
        using var folder = new TemporaryFolder();
        string random = new('0', 32);
        string[] users = ["notes.tmp", "log.jsonl.tmp", "step-mine.safetensors", "best-of-all.safetensors", $"thesis.{random}.tmp"];
        foreach (string name in users) folder.Write(name, "mine");
        folder.Write($"step-000000004.safetensors.{random}.tmp", "of a killed run");
        using var bridge = Bridge();
        Train(bridge, Short with { RunFolder = folder.Path, CheckpointEvery = 2, CheckpointsKept = 1 });
        foreach (string name in users) Assert.AreEqual("mine", File.ReadAllText(folder.File(name)), name);
        Assert.IsFalse(File.Exists(folder.File($"step-000000004.safetensors.{random}.tmp")));
        Assert.HasCount(1, Directory.GetFiles(folder.Path, "step-0*"));
    }

    [TestMethod]
    public void A_run_folder_that_another_process_trains_in_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var bridge = Bridge();
        using var other = OtherProcess.Hold(folder.Path);
        Assert.Contains($"process {other.Id}", Assert.ThrowsExactly<IOException>(() => Train(bridge, Short with { RunFolder = folder.Path })).Message);
        Assert.IsFalse(File.Exists(folder.File("log.jsonl")));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(7)]
    [DataRow(14)]
    public void A_run_stopped_and_resumed_ends_bit_for_bit_where_the_uninterrupted_one_does(int stopAfter)
    {
        using var whole = Bridge();
        var expected = Train(whole, Short);
        using var folder = new TemporaryFolder();
        var kept = Short with { RunFolder = folder.Path, CheckpointEvery = 4 };
        using (var stopped = Bridge())
        using (var cancel = new CancellationTokenSource())
        {
            var result = Train(stopped, kept, new Stop(cancel, stopAfter), cancel.Token);
            Assert.IsTrue(result.Cancelled);
            Assert.AreEqual(stopAfter, result.Steps);
        }
        using var resumed = Bridge(seed: 99);     // every weight has to come from the checkpoint
        var end = Train(resumed, kept);
        AssertSame(whole, resumed);
        Assert.AreEqual(15, end.Steps);
        Assert.AreEqual(expected.FirstLosses["total"], end.FirstLosses["total"]);
        Assert.AreEqual(expected.LastLosses["total"], end.LastLosses["total"]);
        Assert.HasCount(15, File.ReadAllLines(Path.Combine(folder.Path, "log.jsonl")));
        Assert.HasCount(2, Directory.GetFiles(folder.Path, "*.safetensors"));
    }

    [TestMethod]
    public void A_run_killed_between_checkpoints_resumes_from_the_last()
    {
        using var whole = Bridge();
        Train(whole, Short);
        using var folder = new TemporaryFolder();
        var kept = Short with { RunFolder = folder.Path, CheckpointEvery = 4 };
        // An exception out of the report ends the run without another word, as a kill does.
        using (var killed = Bridge()) Assert.ThrowsExactly<TimeoutException>(() => Train(killed, kept, new Crash(10)));
        File.AppendAllText(Path.Combine(folder.Path, "log.jsonl"), "{\"step\":1");
        using var resumed = Bridge(seed: 99);
        Train(resumed, kept);
        AssertSame(whole, resumed);
        Assert.HasCount(15, File.ReadAllLines(Path.Combine(folder.Path, "log.jsonl")));
    }

    [TestMethod]
    public void The_log_of_a_run_killed_before_its_first_checkpoint_begins_anew()
    {
        using var folder = new TemporaryFolder();
        var kept = Short with { RunFolder = folder.Path };
        using (var killed = Bridge()) Assert.ThrowsExactly<TimeoutException>(() => Train(killed, kept, new Crash(3)));
        using var again = Bridge();
        Train(again, kept);
        Assert.HasCount(15, File.ReadAllLines(Path.Combine(folder.Path, "log.jsonl")));
    }

    [TestMethod]
    public void A_run_folder_of_other_captions_audio_or_options_is_refused_by_name_and_left_as_it_was()
    {
        using var folder = new TemporaryFolder();
        var options = Short with { Epochs = 1, RunFolder = folder.Path };
        using (var bridge = Bridge()) Train(bridge, options);
        var before = Directory.GetFiles(folder.Path).Order().Select(file => (file, Convert.ToHexString(File.ReadAllBytes(file)))).ToArray();

        Refused("options", options with { Epochs = 2 }, Captions, Frames(), new AlignmentOptions());
        Refused("texts, other vocabulary", options, [.. Captions[..12], "another sound"], Frames(), new AlignmentOptions());
        float[][] longer = Frames();
        longer[4] = [.. longer[4], .. longer[4][..8]];
        Refused("audio", options, Captions, longer, new AlignmentOptions());
        Refused("objective", options, Captions, Frames(), new AlignmentOptions { MatchingWeight = 0.5 });
        CollectionAssert.AreEqual(before, Directory.GetFiles(folder.Path).Order().Select(file => (file, Convert.ToHexString(File.ReadAllBytes(file))))
            .ToArray());

        void Refused(string part, TrainingOptions other, string[] captions, float[][] frames, AlignmentOptions objective)
        {
            using var bridge = Bridge();
            string message = Assert.ThrowsExactly<InvalidDataException>(() =>
                AlignmentTraining.Run(bridge, new Characters(40), new FrameTable(frames, 8), captions, objective, other)).Message;
            StringAssert.Contains(message, "step-000000003.safetensors");
            StringAssert.Contains(message, $"a run with other {part}. ");
        }
    }

    [TestMethod]
    public void A_loss_that_is_not_finite_stops_the_run_and_names_the_batch()
    {
        using var bridge = Bridge();
        var frames = Frames();
        frames[5][0] = float.NaN;
        using var before = Bridge();
        var error = Assert.ThrowsExactly<NonFiniteLossException>(() => AlignmentTraining.Run(
            bridge, new Characters(40), new FrameTable(frames, 8), Captions, new AlignmentOptions(), Short with { BatchSize = 13 }));
        Assert.AreEqual(1, error.Step);
        CollectionAssert.Contains(error.Clips.ToArray(), "clip 5");
        Assert.AreEqual(0, Difference(bridge, before));
    }

    [TestMethod]
    public void Heads_of_losses_that_are_left_out_stay_as_they_are()
    {
        using var bridge = Bridge();
        using var before = Bridge();
        AlignmentTraining.Run(bridge, new Characters(40), new FrameTable(Frames(), 8), Captions,
            new AlignmentOptions { MatchingWeight = 0, GenerationWeight = 0 }, Short);
        foreach (var ((name, now), (_, then)) in bridge.named_parameters().Zip(before.named_parameters()))
            Assert.AreEqual(name.StartsWith("itm_head") || name.StartsWith("Qformer.cls"), (now - then).abs().max().item<float>() == 0, name);
    }

    [TestMethod]
    public void What_does_not_fit_is_said_before_anything_runs()
    {
        using var bridge = Bridge();
        var error = Assert.ThrowsExactly<ArgumentException>(() => AlignmentTraining.Run(
            bridge, new Characters(90), new FrameTable([new float[10]], 5), ["a"], new AlignmentOptions(), Short));
        StringAssert.Contains(error.Message, "5 wide; the bridge reads 8");
        StringAssert.Contains(error.Message, "[DEC] need 91");
        error = Assert.ThrowsExactly<ArgumentException>(() => new TrainingOptions { Epochs = 0, LearningRate = double.NaN, GradientClip = -1 }.Validate());
        foreach (string name in new[] { "Epochs", "LearningRate", "GradientClip" }) StringAssert.Contains(error.Message, name);
    }

    [TestMethod]
    public void The_rate_rises_to_its_height_and_falls_to_zero()
    {
        var options = new TrainingOptions { LearningRate = 1, WarmUpSteps = 10 };
        Assert.AreEqual(0.1, options.RateAt(0, 110), 1e-12);
        Assert.AreEqual(1, options.RateAt(10, 110), 1e-12);
        Assert.AreEqual(0.5, options.RateAt(60, 110), 1e-12);
        Assert.AreEqual(0.25, options.RateAt(85, 110), 1e-12);
        Assert.AreEqual((1 + Math.Cos(Math.PI / 4)) / 2, (options with { Schedule = LearningRateSchedule.Cosine }).RateAt(35, 110), 1e-12);
        Assert.AreEqual(1, (options with { Schedule = LearningRateSchedule.Constant }).RateAt(109, 110), 1e-12);
    }

    [TestMethod]
    public void Every_epoch_has_every_clip_once_in_other_batches_of_like_lengths()
    {
        long[] lengths = [.. Enumerable.Range(0, 203).Select(i => (long)(i * 37 % 101))];
        var order = new BatchOrder(8, 1, 5, lengths);
        var (first, second) = (order.Epoch(0), order.Epoch(1));
        foreach (var epoch in new[] { first, second })
            CollectionAssert.AreEqual(Enumerable.Range(0, 203).ToArray(), epoch.SelectMany(batch => batch).Order().ToArray());
        Assert.IsFalse(first.SelectMany(batch => batch).SequenceEqual(second.SelectMany(batch => batch)));
        Assert.IsTrue(first.Zip(new BatchOrder(8, 1, 5, lengths).Epoch(0)).All(pair => pair.First.SequenceEqual(pair.Second)));
        double Spread(int[][] batches) => batches.Average(batch => batch.Max(clip => lengths[clip]) - batch.Min(clip => lengths[clip]));
        Assert.IsLessThan(0.5 * Spread([.. Enumerable.Range(0, 203).Chunk(8)]), Spread(first));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Where_the_length_tells_the_kind_batches_have_one_kind_unless_lengths_are_mixed(bool mixed)
    {
        var chance = new Random(7);
        float[][] clips = [.. Enumerable.Range(0, 64).Select(clip => Enumerable.Range(0, (clip < 32 ? 2 : 9) * 8).Select(_ => chance.NextSingle()).ToArray())];
        var audio = new Listened(new FrameTable(clips, 8));
        using var bridge = Bridge();
        AlignmentTraining.Run(bridge, new Characters(40), audio, [.. clips.Select((_, clip) => Captions[clip % Captions.Length])], new AlignmentOptions(),
            new TrainingOptions { Epochs = 2, BatchSize = 8, LearningRate = 1e-4, MixedLengths = mixed });
        // Of 16 batches; 8 clips drawn from both kinds are of one once in 128 times.
        int alike = audio.Batches.Count(batch => batch.Distinct().Count() == 1);
        if (mixed) Assert.IsLessThanOrEqualTo(2, alike);
        else Assert.IsGreaterThanOrEqualTo(8, alike);
        Assert.IsGreaterThanOrEqualTo(16, audio.Batches.Count);
    }

    /// <summary>A source that tells the lengths of the clips that were read together.</summary>
    private sealed class Listened(IFrameSource audio) : IFrameSource
    {
        public System.Collections.Concurrent.ConcurrentBag<long[]> Batches { get; } = [];
        public int Count => audio.Count;
        public int HiddenSize => audio.HiddenSize;
        public long Frames(int clip) => audio.Frames(clip);

        public AudioEncoding Read(IReadOnlyList<int> clips)
        {
            Batches.Add([.. clips.Select(audio.Frames)]);
            return audio.Read(clips);
        }
    }

    private static TrainingResult Train(BridgeNet bridge, TrainingOptions options, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancel = default) =>
        AlignmentTraining.Run(bridge, new Characters(40), new FrameTable(Frames(), 8), Captions, new AlignmentOptions(), options, progress: progress,
            cancel: cancel);

    internal static float[][] Frames()
    {
        var chance = new Random(7);
        return [.. Captions.Select((_, i) => Enumerable.Range(0, (3 + i % 4) * 8).Select(_ => (float)chance.NextDouble() * 2 - 1).ToArray())];
    }

    internal static BridgeNet Bridge(double dropout = 0.1, long seed = 1)
    {
        var bridge = new BridgeNet(new BridgeNetConfig
        {
            Queries = 3,
            EmbeddingSize = 8,
            QFormer = new QFormerConfig
            {
                VocabularySize = 41,
                HiddenSize = 16,
                Layers = 2,
                Heads = 2,
                FeedForwardSize = 24,
                Positions = 32,
                AudioSize = 8,
                HiddenDropout = dropout,
                AttentionDropout = dropout,
                InitializerRange = 0.1,
            },
        });
        bridge.Initialize(seed);
        return bridge;
    }

    internal static void AssertSame(BridgeNet expected, BridgeNet actual) => Assert.AreEqual(0, Difference(expected, actual));

    internal static int Difference(BridgeNet first, BridgeNet second) => first.parameters().Zip(second.parameters())
        .Count(pair => !pair.First.detach().cpu().bytes.SequenceEqual(pair.Second.detach().cpu().bytes));

    internal sealed class Stop(CancellationTokenSource cancel, long step) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) cancel.Cancel();
        }
    }

    internal sealed class Crash(long step) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) throw new TimeoutException();
        }
    }

    [TestMethod]
    public void A_run_folder_changes_nothing_in_what_is_trained()
    {
        using var folder = new TemporaryFolder();
        using var without = Bridge();
        using var with = Bridge();
        Train(without, Short with { Epochs = 1 });
        Train(with, Short with { Epochs = 1, RunFolder = folder.Path });
        AssertSame(without, with);
    }

    [TestMethod]
    public void Captions_whose_ends_are_not_read_are_told_with_their_clips_at_the_first_step_and_at_the_end()
    {
        const int Most = 20; // tokens, of which two begin and end a caption
        string fits = new('a', Most - 2), longer = new('b', Most - 1), longest = new('c', Most + 8);
        string[] captions = [fits, longer, .. Captions.Skip(2).Select(_ => "short")];
        var validation = new AlignmentValidation(new FrameTable(Frames()[..2], 8), ["short", longest]);
        var told = new List<IReadOnlyList<CutText>>();
        using var bridge = Bridge();
        var result = AlignmentTraining.Run(bridge, new Characters(40), new FrameTable(Frames(), 8), captions, new AlignmentOptions(),
            Short with { Epochs = 1, MaxTokens = Most }, validation, new Listener(told));
        CollectionAssert.AreEqual(new[] { new CutText("clip 1", longer, 1), new("clip 1", longest, 10) }, result.CutTexts.ToArray());
        CollectionAssert.AreEqual(result.CutTexts.ToArray(), told[0].ToArray());
        Assert.AreEqual("clip 1: 1 token too long, 'bbbbbbbbbbbbbbbbbbb'", result.CutTexts[0].ToString());
    }

    private sealed class Listener(List<IReadOnlyList<CutText>> told) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => told.Add(value.CutTexts);
    }
}
