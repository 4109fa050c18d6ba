using Mint.ML.Audio;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class ShippedDataTests
{
    private static AudioManifest Read(params string[] parts) =>
        AudioManifest.Read(Path.Combine([Fixtures.Repository, "Mint.ML.Samples", "data", .. parts]));

    [TestMethod]
    [DataRow("train", 90)]
    [DataRow("test", 30)]
    public void The_notes_are_eleven_families_of_equal_size_at_sixteen_kilohertz(string split, int clips)
    {
        AudioManifest manifest = Read("notes", $"manifest-{split}.csv");
        var families = manifest.Rows.GroupBy(r => r["Family"]).ToDictionary(g => g.Key, g => g.Count());
        Assert.HasCount(11, families);
        Assert.IsTrue(families.Values.All(count => count == clips));
        foreach (AudioManifestRow row in manifest.Rows)
        {
            StringAssert.Contains(row["Caption"], row["Instrument"]);
            StringAssert.Contains(row["Caption"], row["Family"].Replace('_', ' '));
            Assert.AreEqual(split, row["Split"]);
        }

        foreach (AudioManifestRow row in manifest.Rows.Where((_, i) => i % 20 == 0))
        {
            AudioClip clip = AudioFile.Read(row.Path);
            Assert.AreEqual(16_000, clip.SampleRate);
            Assert.AreEqual(24_000, clip.Samples.Length, 16, row.Path);
            double rms = Math.Sqrt(clip.Samples.Average(s => (double)s * s));
            Assert.IsTrue(rms is > 0.09 and < 0.11 || rms <= 0.11 && clip.Samples.Max(Math.Abs) > 0.9, $"{row.Path}: level {rms} is not removed");
        }
    }

    [TestMethod]
    public void No_soundfont_is_on_both_sides() =>
        Assert.IsFalse(Read("notes", "manifest-train.csv").Rows.Select(r => r["Soundfont"])
            .Intersect(Read("notes", "manifest-test.csv").Rows.Select(r => r["Soundfont"])).Any());

    [TestMethod]
    public void Every_clip_is_there_with_author_and_a_licence_that_permits_shipping()
    {
        foreach (AudioManifestRow row in Read("clips", "manifest.csv").Rows)
        {
            CollectionAssert.Contains(new[] { "CC0-1.0", "CC-BY-3.0", "MIT" }, row["Licence"]);
            Assert.IsGreaterThan(0, row["Author"].Length);
            Assert.AreEqual(16_000, AudioFile.Read(row.Path).SampleRate);
        }
    }

    [TestMethod]
    public void Shipped_audio_is_small()
    {
        string folder = Path.Combine(Fixtures.Repository, "Mint.ML.Samples", "data");
        long Bytes(string part) => Directory.EnumerateFiles(Path.Combine(folder, part), "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
        Assert.IsLessThanOrEqualTo(8_000_000, Bytes("notes") + Bytes("clips"));
        Assert.IsLessThanOrEqualTo(15_000_000, Bytes("sounds"));
    }
}
