using Mint.ML.Audio;

namespace Mint.ML.Tests.Audio;

/// <summary>Sound files as bytes: written by libsndfile, then damaged by the tests.</summary>
internal static unsafe class SoundBytes
{
    // SF_FORMAT_... of sndfile.h
    public const int Flac = 0x170002, Vorbis = 0x200060, Opus = 0x200064, Mp3 = 0x230082, Aiff = 0x020002, Au = 0x030002, Caf = 0x180002, Wave64 = 0x0B0002,
        Rf64 = 0x220002, MuLaw = 0x010010;

    private static readonly SndFileLibrary Library = SndFileLibrary.TryLoad(["libsndfile.so.1", "libsndfile.1.dylib", "libsndfile", "sndfile"])!;

    /// <summary>A tone that never repeats itself, so that a missing stretch cannot be taken for another.</summary>
    public static float[] Sweep(int samples) => [.. Enumerable.Range(0, samples).Select(i => 0.4f * MathF.Sin(i * (0.02f + 1e-6f * i % 0.5f)))];

    /// <summary>Noise, which compresses badly: a few seconds fill many pages.</summary>
    public static float[] Noise(int samples)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, samples).Select(_ => 0.6f * random.NextSingle() - 0.3f)];
    }

    public static byte[] Write(int format, float[] samples, int rate = 16_000)
    {
        using var stream = new MemoryStream();
        using var io = new VirtualFile(stream);
        var info = new SndFileInfo { SampleRate = rate, Channels = 1, Format = format };
        nint file = Library.Open(io, 0x20, &info);
        Assert.AreNotEqual(0, file, Library.Error(0));
        fixed (float* pointer = samples)
        {
            Assert.AreEqual(samples.Length, Library.WriteFrames(file, pointer, samples.Length));
        }

        Library.Close(file);
        return stream.ToArray();
    }

    public static AudioClip Read(byte[] bytes, AudioReadOptions? options = null) => AudioFile.Read(new MemoryStream(bytes), "sound", options);

    public static AudioClip AsFarAsItGoes(byte[] bytes) => Read(bytes, new AudioReadOptions { Damaged = DamagedAudio.HearAsFarAsItGoes });

    /// <summary>Refused by default with these words; heard up to the damage where that is asked for, with a note of the same words.</summary>
    public static AudioClip IsDamaged(byte[] bytes, string words)
    {
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Read(bytes)).Message, words);
        AudioClip clip = AsFarAsItGoes(bytes);
        Assert.HasCount(1, clip.Notes);
        StringAssert.StartsWith(clip.Notes[0], $"Heard as far as it goes, {clip.Duration.TotalSeconds:F2} s: ");
        StringAssert.Contains(clip.Notes[0], words);
        return clip;
    }

    public static AudioClip IsWhole(byte[] bytes, float[] samples, int slack = 0)
    {
        AudioClip clip = Read(bytes);
        Assert.IsEmpty(clip.Notes, string.Join(' ', clip.Notes));
        Assert.AreEqual(samples.Length, clip.Samples.Length, slack);
        return clip;
    }

    /// <summary>The same bytes with some of them changed.</summary>
    public static byte[] With(this byte[] bytes, int at, params byte[] values)
    {
        byte[] changed = [.. bytes];
        values.CopyTo(changed, at);
        return changed;
    }

    public static void StartsAs(this AudioClip part, float[] whole)
    {
        Assert.IsLessThan(whole.Length, part.Samples.Length);
        CollectionAssert.AreEqual(whole[..part.Samples.Length], part.Samples);
    }
}
