using Mint.ML.Audio;
using Mint.ML.Native;
using static Mint.ML.Tests.Audio.SoundBytes;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class BoundedReadingTests
{
    private const int Rate = 48_000;

    private static long Allocated(Action work)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    [TestMethod]
    [DataRow(Flac)]
    [DataRow(Vorbis)]
    [DataRow(Mp3)]
    [DataRow(Rf64)]
    public void Hearing_only_the_beginning_decodes_only_the_beginning(int format)
    {
        float[] tone = Sweep(20 * Rate);
        byte[] bytes = Write(format, tone, Rate);
        float[] whole = Read(bytes).Samples;
        AudioClip? clip = null;
        Assert.IsLessThan(3_000_000, Allocated(() => clip = Read(bytes, new AudioReadOptions { HearOnly = TimeSpan.FromSeconds(1) })));
        CollectionAssert.AreEqual(whole[..Rate], clip!.Samples);
        Assert.AreEqual(whole.Length - Rate, clip.Unheard.TotalSeconds * Rate, 3_000);
        Assert.AreEqual(TimeSpan.Zero, Read(bytes, new AudioReadOptions { HearOnly = TimeSpan.FromSeconds(30) }).Unheard);
    }

    [TestMethod]
    public void A_small_file_of_much_silence_takes_no_more_than_its_samples_and_is_refused_beyond_the_limit()
    {
        byte[] bytes = Write(Flac, new float[60 * Rate], Rate);
        Assert.IsLessThan(50_000, bytes.Length);
        Assert.IsLessThan(60 * Rate * sizeof(float) + 2_000_000, Allocated(() => Read(bytes)));
        var limit = new AudioReadOptions { MaxSamples = 10 * Rate };
        Assert.IsLessThan(2_000_000,
            Allocated(() => StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Read(bytes, limit)).Message, "MaxSamples")));
        Assert.AreEqual(Rate, Read(bytes, limit with { HearOnly = TimeSpan.FromSeconds(1) }).Samples.Length);
    }

    [TestMethod]
    [DataRow(Flac)]
    [DataRow(Rf64)]
    public void A_file_of_a_high_rate_takes_the_memory_of_what_is_heard_of_it(int format)
    {
        const int High = 384_000, Heard = 16_000;
        float[] tone = Sweep(30 * High);
        byte[] bytes = Write(format, tone, High);
        AudioClip? clip = null;
        Assert.IsLessThan(30 * Heard * sizeof(float) * 2 + 3_000_000, Allocated(() => clip = Read(bytes, new AudioReadOptions
        {
            SampleRate = Heard,
            MaxSamples = 31 * Heard
        })));
        CollectionAssert.AreEqual(Resampler.Get(High, Heard).Resample(Read(bytes).Samples), clip!.Samples);
        Assert.AreEqual(Heard, clip.SampleRate);
        var limit = new AudioReadOptions { SampleRate = Heard, MaxSamples = 29 * Heard };
        Assert.Contains("MaxSamples", Assert.ThrowsExactly<AudioFormatException>(() => Read(bytes, limit)).Message);
    }

    [TestMethod]
    public void Want_of_memory_is_an_error_of_the_file()
    {
        using var greedy = new Greedy(Write(Flac, Sweep(1_000)));
        Assert.Contains("sound: its sound does not fit into the memory that is left", Assert.ThrowsExactly<AudioFormatException>(() => AudioFile.Read(greedy,
            "sound")).Message);
    }

    [TestMethod]
    public void Want_of_memory_is_known_whoever_asked_for_it()
    {
        Assert.IsTrue(new OutOfMemoryException().IsOutOfMemory());
        Assert.IsTrue(Assert.Throws<Exception>(() => TorchSharp.torch.empty(1L << 50)).IsOutOfMemory());
        Assert.IsFalse(Assert.Throws<Exception>(() => TorchSharp.torch.empty(2, 3).reshape(7)).IsOutOfMemory());
    }

    /// <summary>Reading it takes more memory than there is.</summary>
    private sealed class Greedy(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => throw new OutOfMemoryException();

        public override int Read(byte[] buffer, int offset, int count) => throw new OutOfMemoryException();
    }

    [TestMethod]
    [DataRow("flac", Flac)]
    [DataRow("vorbis", Vorbis)]
    [DataRow("opus", Opus)]
    [DataRow("mp3", Mp3)]
    [DataRow("rf64", Rf64)]
    [DataRow("mulaw", MuLaw)]
    [DataRow("aiff", Aiff)]
    [DataRow("au", Au)]
    [DataRow("caf", Caf)]
    [DataRow("wave64", Wave64)]
    public void Mutated_files_end_in_sound_or_in_the_documented_error(string codec, int format)
    {
        byte[] valid = Write(format, Sweep(2_000));
        var options = new AudioReadOptions { MaxDuration = TimeSpan.FromSeconds(2) };
        Fuzz.Run([valid],
            bytes => Read(bytes, bytes.Length % 2 == 0 ? options : options with { Damaged = DamagedAudio.HearAsFarAsItGoes, SampleRate = 8_000 }),
            error => error is AudioFormatException,
            maxAllocated: 24 << 20, part: codec); // of which the filters of two rates without a common divisor take up to 20 MB
    }
}
