using Mint.ML.Audio;
using Mint.ML.Models;
using Mint.ML.Tests.Text;
using Mint.ML.Training;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

[TestClass]
public sealed class FeatureCacheTests
{
    [TestMethod]
    public void Frames_are_encoded_once_and_read_as_they_were_encoded()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        var first = Cache(folder.Path, encoder, files);
        Assert.AreEqual(3, first.Encoded);
        var second = Cache(folder.Path, encoder, files);
        Assert.AreEqual(0, second.Encoded);
        Assert.AreEqual(3, encoder.Calls);
        Assert.AreEqual(30L, second.Frames(2));
        using var read = second.Read([2, 0]);
        CollectionAssert.AreEqual(new long[] { 2, 30, 4 }, read.Frames.shape);
        CollectionAssert.AreEqual(new[] { 30L, 10L }, read.Mask.sum(1).data<long>().ToArray());
        using var expected = Blocks.Frames(AudioFile.Read(files[0], 8000).Samples);
        Assert.AreEqual(0, (read.Frames[1].narrow(0, 0, 10) - expected).abs().max().item<float>());
        Assert.AreEqual(0, read.Frames[1].narrow(0, 10, 20).abs().max().item<float>());
    }

    [TestMethod]
    public void Another_encoder_or_another_sound_makes_another_entry()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        Cache(folder.Path, encoder, files);
        Assert.AreEqual(3, new FeatureCache(Path.Combine(folder.Path, "cache"), encoder, "other", files).Encoded);
        AudioFile.WriteWav(files[1], new AudioClip([.. Enumerable.Repeat(0.25f, 400)], 8000));
        var changed = Cache(folder.Path, encoder, files);
        Assert.AreEqual(1, changed.Encoded);
        Assert.AreEqual(10L, changed.Frames(1));
    }

    [TestMethod]
    public void A_damaged_entry_is_computed_anew()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        Cache(folder.Path, encoder, files);
        string[] entries = Directory.GetFiles(Path.Combine(folder.Path, "cache"));
        byte[] bytes = File.ReadAllBytes(entries[0]);
        bytes[^3] ^= 64;
        File.WriteAllBytes(entries[0], bytes);
        File.WriteAllBytes(entries[1], File.ReadAllBytes(entries[1])[..^5]);
        File.WriteAllBytes(entries[2], []);
        Assert.AreEqual(3, Cache(folder.Path, encoder, files).Encoded);
        Assert.AreEqual(0, Cache(folder.Path, encoder, files).Encoded);
    }

    [TestMethod]
    public void A_folder_over_its_limit_loses_what_is_not_in_use()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        Cache(folder.Path, encoder, files);
        var one = new FeatureCache(Path.Combine(folder.Path, "cache"), encoder, "blocks", [files[0]], new FeatureCacheOptions { MaxBytes = 1, BFloat16 = false });
        Assert.HasCount(1, Directory.GetFiles(Path.Combine(folder.Path, "cache")));
        using var read = one.Read([0]);
        Assert.AreEqual(10, read.Frames.shape[1]);
    }

    private static FeatureCache Cache(string folder, Blocks encoder, string[] files) => new(Path.Combine(folder, "cache"), encoder, "blocks", files);

    private static string[] Sounds(string folder) => [.. Enumerable.Range(1, 3).Select(i =>
    {
        string path = Path.Combine(folder, $"{i}.wav");
        AudioFile.WriteWav(path, new AudioClip([.. Enumerable.Range(0, 400 * i).Select(n => MathF.Sin(n * i * 0.1f) / 2)], 8000));
        return path;
    })];

    /// <summary>Frames of ten milliseconds, four of each being the means of its quarters.</summary>
    private sealed class Blocks : IAudioEncoder
    {
        public int Calls { get; private set; }

        public int SampleRate => 8000;

        public int HiddenSize => 4;

        public Device Device => CPU;

        public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
        {
            Calls++;
            long frames = lengths.item<long>() / 40;
            return new AudioEncoding(Frames(waveforms.data<float>().ToArray()).unsqueeze(0), ones([1, frames], dtype: ScalarType.Bool));
        }

        public static Tensor Frames(float[] samples) => tensor(samples).view(-1, 4, 10).mean([2]);

        public void Dispose()
        {
        }
    }
}
