using Mint.ML.Audio;
using static Mint.ML.Transforms.Tests.Samples.RankProcesses;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>How ranks fill the frames' cache together: real processes under a real mpirun.</summary>
[TestClass]
public sealed class RanksEncodingTests
{
    [TestInitialize]
    public void Mpi() => RequireMpi();

    [TestMethod]
    public void Ranks_encode_a_part_each_and_have_the_entries_and_losses_of_one_process()
    {
        // A copy of a sound needs no entry of its own, whichever rank would have it.
        string manifest = Path.Combine(Clips.Folder, "ranks-copy.csv");
        File.Copy(Path.Combine(Clips.Folder, "clip3.wav"), Path.Combine(Clips.Folder, "copy.wav"), overwrite: true);
        File.WriteAllLines(manifest, [.. File.ReadAllLines(Clips.Manifest), "copy.wav,flute,a flute plays note 3 again,This is a sound of,flute"]);
        string one = Encoded(1, 4, "9 clips, 8 of them");
        foreach (var (ranks, counts) in ((int, string)[])[(2, "4 + 4"), (4, "2 + 2 + 2 + 2")])
        {
            string many = Encoded(ranks, 4 / ranks, $"9 clips, {counts} of them");
            AssertSame(one, many);
            AssertSameEntries(Cache(one), Cache(many), 8);
        }

        string Encoded(int ranks, int batch, string expected)
        {
            string run = Run($"encoding {ranks}");
            string said = Together(ranks, ["pretrain", manifest, .. Pretraining(run, cache: Cache(run))[1..], "--batch-size", Digits(batch)]);
            StringAssert.Contains(said, expected);
            return run;
        }
    }

    [TestMethod]
    public void Ranks_whose_machines_share_no_folder_fill_their_own()
    {
        string run = Run("two folders");
        string[] At(int ranks, string cache) =>
            ["-n", Digits(ranks), "dotnet", MintProgram, "pretrain", .. Pretraining(run, cache: cache), "--batch-size", "1"];
        string said = Mpirun([.. At(2, Cache(run)), ":", .. At(1, Cache(run) + " of another machine")]);
        StringAssert.Contains(said, "8 clips, 4 + 4 + 8 of them");
        AssertSameEntries(Cache(run), Cache(run) + " of another machine", 8);
    }

    [TestMethod]
    public void A_rank_that_is_killed_while_they_encode_ends_the_others_and_what_is_encoded_stays()
    {
        const int Count = 1500;
        string run = Run("killed encoding"), sounds = Directory.CreateDirectory(Run("killed sounds")).FullName, manifest = Path.Combine(sounds, "many.csv");
        var random = new Random(1);
        float[] samples = new float[4000];
        for (int i = 0; i < Count; i++)
        {
            foreach (ref float sample in samples.AsSpan()) sample = random.NextSingle() - 0.5f;
            AudioFile.WriteWav(Path.Combine(sounds, $"{i}.wav"), new AudioClip(samples, 16_000));
        }
        File.WriteAllLines(manifest, ["Path,Caption", .. Enumerable.Range(0, Count).Select(i => $"{i}.wav,noise {i}")]);
        string[] arguments = ["pretrain", manifest, .. Pretraining(run, cache: Cache(run))[1..], "--batch-size", "2"];
        using (var process = Start(2, arguments))
        {
            _ = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
            Until(() => Entries(Cache(run)).Length >= 20, process);
            Kill(RanksIn(run)[^1]);
            Assert.IsTrue(process.WaitForExit(60_000), "the others did not end");
            Assert.AreNotEqual(0, process.ExitCode);
        }
        Until(() => RanksIn(run).Length == 0, null);
        int kept = Entries(Cache(run)).Length;
        Assert.IsGreaterThanOrEqualTo(20, kept);
        Assert.IsLessThan(Count, kept);

        int left = Count - kept;
        using var again = Start(2, arguments);
        string encoded = "";
        while (again.StandardOutput.ReadLine() is { } line && !encoded.Contains("encoded now", StringComparison.Ordinal)) encoded = line;
        again.Kill(entireProcessTree: true);
        Assert.AreEqual($"{Count} clips, {(left + 1) / 2} + {left / 2} of them encoded now", encoded);
    }

    private static string Cache(string run) => run + " frames";

    private static string[] Entries(string cache) => Directory.Exists(cache) ? Directory.GetFiles(cache, "*.safetensors") : [];

    private static void AssertSameEntries(string expected, string actual, int count)
    {
        string[] names = [.. Entries(expected).Select(file => Path.GetFileName(file)!).Order()];
        Assert.HasCount(count, names);
        CollectionAssert.AreEqual(names, Entries(actual).Select(Path.GetFileName).Order().ToArray());
        foreach (string name in names)
            CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(expected, name)), File.ReadAllBytes(Path.Combine(actual, name)), name);
        Assert.IsEmpty(Directory.GetFiles(actual).Where(file => Path.GetFileName(file).StartsWith(".rank-", StringComparison.Ordinal)));
    }
}
