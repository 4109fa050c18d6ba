using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Tests.Files;
using Mint.ML.Tests.Text;
using Mint.ML.Training.Data;
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
        Assert.AreEqual(3, new FeatureCache(Path.Combine(folder.Path, "cache"), () => encoder, "other", files).Encoded);
        AudioFile.WriteWav(files[1], new AudioClip([.. Enumerable.Repeat(0.25f, 400)], 8000));
        var changed = Cache(folder.Path, encoder, files);
        Assert.AreEqual(1, changed.Encoded);
        Assert.AreEqual(10L, changed.Frames(1));
    }

    [TestMethod]
    public void Frames_of_another_device_or_precision_are_other_entries()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), "{}");
        string[] identities =
        [
            FrameStore.EncoderIdentity(folder.Path), FrameStore.EncoderIdentity(folder.Path, TorchSharp.DeviceType.CUDA),
            FrameStore.EncoderIdentity(folder.Path, dtype: TorchSharp.torch.bfloat16), FrameStore.EncoderIdentity(folder.Path, TorchSharp.DeviceType.CUDA,
                TorchSharp.torch.bfloat16),
        ];
        CollectionAssert.AllItemsAreUnique(identities);
        Assert.AreEqual(identities[0], FrameStore.EncoderIdentity(folder.Path, TorchSharp.DeviceType.CPU, TorchSharp.torch.float32));
        string[] keys = [.. identities.Select(identity =>
        {
            using var store = new FrameStore(Path.Combine(folder.Path, "cache"), identity);
            return store.Key([0.5f], 16_000);
        })];
        CollectionAssert.AllItemsAreUnique(keys);
    }

    [TestMethod]
    public void A_damaged_entry_is_computed_anew()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        using var expected = Cache(folder.Path, encoder, files).Read([0, 1, 2]);
        string[] entries = Entries(folder.Path);
        byte[] bytes = File.ReadAllBytes(entries[0]);
        bytes[^3] ^= 64;
        File.WriteAllBytes(entries[0], bytes);
        File.WriteAllBytes(entries[1], File.ReadAllBytes(entries[1])[..^5]);
        File.WriteAllBytes(entries[2], []);
        var mended = Cache(folder.Path, encoder, files);
        Assert.AreEqual(2, mended.Encoded, "the two whose size is wrong");
        Same(expected, mended, "the one whose checksum is wrong, when it is read");
        Assert.AreEqual(6, encoder.Calls);
        Same(expected, Cache(folder.Path, encoder, files), "from the mended entries");
        Assert.AreEqual(6, encoder.Calls);
    }

    [TestMethod]
    public void An_entry_that_another_process_took_away_is_computed_anew()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        var cache = Cache(folder.Path, encoder, files);
        using var expected = cache.Read([0, 1, 2]);
        foreach (string entry in Entries(folder.Path)) File.Delete(entry);
        Same(expected, cache, "after all entries were deleted");
        AudioFile.WriteWav(files[1], new AudioClip([.. Enumerable.Repeat(0.25f, 400)], 8000));
        foreach (string entry in Entries(folder.Path)) File.Delete(entry);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => cache.Read([1])).Message, files[1]);
    }

    [TestMethod]
    public void Several_caches_fill_one_folder_at_once()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        using var expected = Cache(folder.Path, encoder, files).Read([0, 1, 2]);
        Directory.Delete(Path.Combine(folder.Path, "cache"), recursive: true);
        Parallel.For(0, 6, new ParallelOptions { MaxDegreeOfParallelism = 6 }, _ =>
        {
            using var own = new Blocks();
            Same(expected, Cache(folder.Path, own, files), "of one of six");
        });
        Assert.HasCount(3, Entries(folder.Path));
    }

    [TestMethod]
    public void The_encoder_is_loaded_only_when_it_is_needed()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        Cache(folder.Path, encoder, files);
        var cache = new FeatureCache(Path.Combine(folder.Path, "cache"), () => throw new AssertFailedException("loaded"), "blocks", files);
        using var read = cache.Read([0, 1, 2]);
        Assert.AreEqual(4, cache.HiddenSize);
    }

    [TestMethod]
    public void Bfloat16_keeps_three_digits_in_half_the_space()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        using var full = Cache(folder.Path, encoder, files).Read([2, 1]);
        var half = new FeatureCache(Path.Combine(folder.Path, "half"), () => encoder, "blocks", files, new FeatureCacheOptions { BFloat16 = true });
        using var read = half.Read([2, 1]);
        Assert.AreEqual(0, (read.Frames - full.Frames.to(ScalarType.BFloat16).to(ScalarType.Float32)).abs().max().item<float>());
        Assert.AreNotEqual(0, (read.Frames - full.Frames).abs().max().item<float>());
        Assert.AreNotEqual(half.Identity, Cache(folder.Path, encoder, files).Identity);
    }

    [TestMethod]
    public void Featurising_that_was_cancelled_goes_on_where_it_stopped()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        using var cancel = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() => new FeatureCache(
            Path.Combine(folder.Path, "cache"), () => encoder, "blocks", files, encoded: new Cancel(cancel), cancel: cancel.Token));
        Assert.AreEqual(1, encoder.Calls);
        Assert.AreEqual(2, Cache(folder.Path, encoder, files).Encoded);
    }

    [TestMethod]
    public void A_folder_over_its_limit_loses_what_is_not_in_use()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        Cache(folder.Path, encoder, files);
        string cache = Path.Combine(folder.Path, "cache");
        long smallest = Directory.GetFiles(cache, "*.safetensors").Min(entry => new FileInfo(entry).Length);
        var one = new FeatureCache(cache, () => encoder, "blocks", [files[0]], new FeatureCacheOptions { MaxBytes = smallest });
        Assert.HasCount(1, Directory.GetFiles(cache, "*.safetensors"));
        using var read = one.Read([0]);
        Assert.AreEqual(10, read.Frames.shape[1]);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => new FeatureCache(cache, () => encoder, "blocks", files, new FeatureCacheOptions
        {
            MaxBytes = 2 * smallest,
        }));
        StringAssert.Contains(error.Message, "MaxBytes");
        Assert.IsLessThan(3, Directory.GetFiles(cache, "*.safetensors").Length, "it stopped when it was full, not when all was done");
    }

    [TestMethod]
    public void A_cache_that_another_process_has_is_refused_and_free_when_that_is_killed()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        string cache = Directory.CreateDirectory(Path.Combine(folder.Path, "cache")).FullName;
        using (var other = OtherProcess.Hold(cache))
            Assert.Contains($"process {other.Id}", Assert.ThrowsExactly<IOException>(() => Cache(folder.Path, encoder, files)).Message);
        Assert.AreEqual(0, encoder.Calls);
        using var own = Cache(folder.Path, encoder, files);
        Assert.AreEqual(3, own.Encoded);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void An_entry_with_a_number_that_is_not_finite_is_refused_by_its_name(bool bfloat16)
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        var options = new FeatureCacheOptions { BFloat16 = bfloat16 };
        var cache = new FeatureCache(Path.Combine(folder.Path, "cache"), () => encoder, "blocks", files, options);
        foreach (string entry in Entries(folder.Path))
        {
            // Planted with a checksum of its own, so that nothing else is wrong with it.
            using var frames = Mint.ML.Checkpoints.Safetensors.ReadAll(entry)["frames"];
            frames[0, 1] = float.NaN;
            var sum = new Dictionary<string, string> { ["sha256"] = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(frames.bytes)) };
            Mint.ML.Checkpoints.Safetensors.Write(entry, new Dictionary<string, Tensor> { ["frames"] = frames }, sum);
        }
        string message = Assert.ThrowsExactly<InvalidDataException>(() => cache.Read([0])).Message;
        Assert.IsTrue(Entries(folder.Path).Any(message.Contains), message);
        Assert.Contains("not finite", message);
    }

    [TestMethod]
    public void A_sound_of_which_the_encoder_makes_what_is_not_finite_is_refused_by_its_name()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks { Gives = float.PositiveInfinity };
        Assert.Contains(files[0], Assert.ThrowsExactly<InvalidDataException>(() => Cache(folder.Path, encoder, files)).Message);
        Assert.IsEmpty(Entries(folder.Path));
    }

    [TestMethod]
    public void A_full_cache_deletes_entries_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string[] files = Sounds(folder.Path);
        using var encoder = new Blocks();
        using var all = Cache(folder.Path, encoder, files);
        string cache = Path.Combine(folder.Path, "cache"), own = Path.Combine(cache, "weights.safetensors"), notes = Path.Combine(cache, "notes.tmp");
        foreach (string file in (string[])[own, notes])
        {
            File.WriteAllBytes(file, new byte[100_000]);
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddYears(-1));
        }
        long largest = Entries(folder.Path).Where(entry => entry != own).Max(entry => new FileInfo(entry).Length);
        using var one = new FeatureCache(cache, () => encoder, "blocks", [files[0]], new FeatureCacheOptions { MaxBytes = largest });
        Assert.HasCount(2, Entries(folder.Path));
        Assert.IsTrue(File.Exists(own) && File.Exists(notes));
    }

    private static void Same(AudioEncoding expected, FeatureCache cache, string which)
    {
        using var read = cache.Read([0, 1, 2]);
        Assert.IsTrue(expected.Frames.bytes.SequenceEqual(read.Frames.bytes) && expected.Mask.bytes.SequenceEqual(read.Mask.bytes), which);
    }

    private static FeatureCache Cache(string folder, Blocks encoder, string[] files) => new(Path.Combine(folder, "cache"), () => encoder, "blocks", files);

    private static string[] Entries(string folder) => [.. Directory.GetFiles(Path.Combine(folder, "cache"), "*.safetensors").Order(StringComparer.Ordinal)];

    private static string[] Sounds(string folder) => [.. Enumerable.Range(1, 3).Select(i =>
    {
        string path = Path.Combine(folder, $"{i}.wav");
        AudioFile.WriteWav(path, new AudioClip([.. Enumerable.Range(0, 400 * i).Select(n => MathF.Sin(n * i * 0.1f) / 2)], 8000));
        return path;
    })];

    private sealed class Cancel(CancellationTokenSource source) : IProgress<int>
    {
        public void Report(int value) => source.Cancel();
    }

    /// <summary>Frames of ten milliseconds, four of each being the means of its quarters.</summary>
    private sealed class Blocks : IAudioEncoder
    {
        public int Calls { get; private set; }

        /// <summary>What stands for the first number, where it is set.</summary>
        public float? Gives { get; init; }

        public int SampleRate => 8000;

        public int HiddenSize => 4;

        public Device Device => CPU;

        public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
        {
            Calls++;
            long frames = lengths.item<long>() / 40;
            var encoded = Frames(waveforms.data<float>().ToArray()).unsqueeze(0);
            if (Gives is { } value) encoded[0, 0, 0] = value;
            return new AudioEncoding(encoded, ones([1, frames], dtype: ScalarType.Bool));
        }

        public static Tensor Frames(float[] samples) => tensor(samples).view(-1, 4, 10).mean([2]);

        public void Dispose()
        {
        }
    }
}
