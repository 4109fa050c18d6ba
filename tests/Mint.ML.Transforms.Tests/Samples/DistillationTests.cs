using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Samples.Making.Distillation;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Training;
using Mint.ML.Transforms.Tests.Pipeline;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class DistillationTests
{
    private const int Size = 64;
    private static string folder = "";

    [ClassInitialize]
    public static void Gather(TestContext context)
    {
        folder = Directory.CreateTempSubdirectory("mint-distil").FullName;
        // Eight clips of ours: six authors are trained on, two measured on.
        string clips = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "clips");
        string[] files = [.. Directory.EnumerateFiles(clips, "*.ogg").Order(StringComparer.Ordinal).Take(8)];
        string manifest = Path.Combine(folder, "at-hand.csv");
        File.WriteAllLines(manifest, ["Path,Author,Note", .. files.Select((file, i) => $"{file},author {i},{(i < 6 ? "fold 1" : "fold 5")}")]);
        SoundCollection.Gather(folder, [], [manifest], TextWriter.Null, CancellationToken.None);
    }

    [ClassCleanup]
    public static void Delete() => Directory.Delete(folder, recursive: true);

    private static SoundBank Bank() => SoundBank.Open(folder, TextWriter.Null, CancellationToken.None);

    private static YamNet Teacher() => YamNet.Load(Path.Combine(TinyModels.Repository(), "tests", "fixtures", "yamnet"));

    private static DistillationOptions Options =>
        new() { Width = 2, Shards = 2, Epochs = 6, BatchSize = 16, LearningRate = 2e-2, ValidateEvery = 24, Seed = 3 };

    [TestMethod]
    public void A_bank_has_each_sound_as_the_reader_gives_it()
    {
        using var bank = Bank();
        Assert.HasCount(8, bank.Sounds);
        foreach (var sound in bank.Sounds)
        {
            float[] wanted = AudioFile.Read(Path.Combine(folder, sound.Path), 16_000).Samples;
            Assert.AreEqual(wanted.Length, sound.Length);
            short[] end = bank.Read(sound, sound.Length - 100, 100);
            for (int i = 0; i < 100; i++) Assert.AreEqual(Math.Clamp(wanted[^(100 - i)] * 32768, -32768, 32767), end[i], 0.51);
        }
    }

    [TestMethod]
    public void A_package_that_cannot_be_had_is_told_and_passed_over()
    {
        using var log = new StringWriter();
        string other = Path.Combine(folder, "passed-over");
        var clips = SoundCollection.Gather(other, [new SoundPackage("no-such-package-of-sounds", "debian")], [Path.Combine(folder, "at-hand.csv")], log,
            CancellationToken.None);
        Assert.HasCount(8, clips);
        StringAssert.Contains(log.ToString(), "no-such-package-of-sounds: passed over");
        Assert.HasCount(8, AudioManifest.Read(Path.Combine(other, "manifest.csv")).Rows);
    }

    [TestMethod]
    public void A_source_is_on_one_side()
    {
        Assert.IsTrue(SoundCollection.IsHeldOut("anyone", "fold 5"));
        Assert.IsFalse(SoundCollection.IsHeldOut("anyone", "fold 2"));
        // Of a thousand authors about a tenth, whatever else is known of the clip.
        int held = Enumerable.Range(0, 1000).Count(author => SoundCollection.IsHeldOut($"author {author}", ""));
        Assert.IsTrue(held is > 60 and < 140, $"{held}");
        Assert.IsTrue(Enumerable.Range(0, 1000).Select(author => $"author {author}")
            .All(author => SoundCollection.IsHeldOut(author, "") == SoundCollection.IsHeldOut(author, "x")));
    }

    [TestMethod]
    public void Mixtures_follow_from_their_seed_and_keep_within_full_scale()
    {
        using var bank = Bank();
        var mixer = new SoundMixer(bank, bank.Sounds);
        var (one, same, other) = (new Random(5), new Random(5), new Random(6));
        int different = 0;
        for (int patch = 0; patch < 200; patch++)
        {
            float[] drawn = mixer.Draw(15_600, one);
            Assert.HasCount(15_600, drawn);
            Assert.IsTrue(drawn.All(sample => Math.Abs(sample) <= 1)); // false for NaN too
            CollectionAssert.AreEqual(drawn, mixer.Draw(15_600, same));
            if (!drawn.SequenceEqual(mixer.Draw(15_600, other))) different++;
        }
        Assert.AreEqual(200, different);
    }

    [TestMethod]
    public void Folding_changes_nothing_of_what_the_student_answers()
    {
        using var scope = NewDisposeScope();
        using var seed = new Generator(2);
        var config = new YamNetConfig { Widths = [8, 8, 16, 16, 16, 16, 24, 24, 24, 24, 24, 24, 32, 32], Classes = 7 };
        var student = new Student(config, config);
        var patches = randn([40, 96, 64], generator: seed);
        // Two halves that differ: the statistics are the mean of both, not of the last alone.
        student.Calibrate([patches.narrow(0, 0, 20).mul(2), patches.narrow(0, 20, 20)]);
        using var net = student.Fold();
        using var guard = no_grad();
        var told = student.Answer(patches, training: false);
        var folded = net.Logits(YamNet.Embedding(net.call(patches)));
        Assert.IsTrue(told.Logits.allclose(folded, 1e-3, 1e-5));
        Assert.IsGreaterThan(1e-3f, folded.std(0).mean().item<float>()); // they tell the patches apart
    }

    [TestMethod]
    public void A_student_comes_to_answer_as_its_teacher_does_and_a_stopped_run_ends_with_the_same_weights()
    {
        using var scope = NewDisposeScope();
        string pool = Path.Combine(folder, "pool"), stopped = Path.Combine(folder, "stopped");
        var (whole, result) = Train(pool, Path.Combine(folder, "whole"), int.MaxValue);
        Assert.HasCount(2, result.Validations);
        Assert.IsLessThan(0.7 * result.FirstLosses["total"], result.LastLosses["total"]);
        Assert.IsLessThan(result.Validations[0].Metrics["loss"], result.Validations[1].Metrics["loss"]);

        Train(pool, stopped, 9);
        var (again, _) = Train(pool, stopped, int.MaxValue);
        foreach (var (name, weight) in whole.state_dict()) Assert.IsTrue(weight.Equals(again.state_dict()[name]), name);
    }

    [TestMethod]
    public void A_student_that_does_not_learn_says_so_beside_the_teachers_own_variance()
    {
        using var scope = NewDisposeScope();
        var (student, result) = Train(Path.Combine(folder, "pool"), Path.Combine(folder, "slow"), int.MaxValue, rate: 1e-9);
        student.Dispose();
        StringAssert.Contains(result.Warning!, "(guessing: 1.000)");
        StringAssert.Contains(result.Warning!, "1E-09, is probably too low");
    }

    private static (YamNet Student, TrainingResult Result) Train(string pool, string run, int steps, double rate = 2e-2)
    {
        using var bank = Bank();
        using var teacher = Teacher();
        using var patches = new PatchPool(pool, bank, teacher, seed: 1, Size);
        using var stop = new CancellationTokenSource();
        var options = Options with { RunFolder = run, LearningRate = rate };
        var training = new Distillation(patches, teacher.Config, options, CancellationToken.None);
        var result = TrainingLoop.Run(training, training, options.Loop, new StopAfter(steps, stop), stop.Token);
        return (training.Result(), result);
    }

    private sealed class StopAfter(int steps, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step >= steps) stop.Cancel();
        }
    }

    [TestMethod]
    public void A_pool_is_not_taken_for_that_of_another_seed()
    {
        using var bank = Bank();
        using var teacher = Teacher();
        string place = Path.Combine(folder, "other-pool");
        new PatchPool(place, bank, teacher, seed: 1, Size).Dispose();
        new PatchPool(place, bank, teacher, seed: 1, Size).Dispose();
        var refused = Assert.ThrowsExactly<InvalidDataException>(() => new PatchPool(place, bank, teacher, seed: 2, Size));
        StringAssert.Contains(refused.Message, "another seed");
    }
}
