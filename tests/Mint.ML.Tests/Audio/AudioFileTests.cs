using Mint.ML.Audio;
using NWaves.Audio;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class AudioFileTests
{
    private static AudioClip Read(byte[] bytes, AudioReadOptions? options = null) => AudioFile.Read(new MemoryStream(bytes), "a.wav", options);

    private static byte[] Bytes<T>(params T[] values) where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.AsBytes<T>(values).ToArray();

    [TestMethod]
    public void Sixteen_bit_samples_are_multiples_of_one_32768th()
    {
        AudioClip clip = Read(new WavBytes { Data = Bytes<short>(0, 1, -1, 32767, -32768) }.Build());
        CollectionAssert.AreEqual(new[] { 0f, 1 / 32768f, -1 / 32768f, 32767 / 32768f, -1f }, clip.Samples);
        Assert.AreEqual(16_000, clip.SampleRate);
    }

    [TestMethod]
    public void Eight_bit_samples_are_unsigned_around_128() =>
        CollectionAssert.AreEqual(new[] { -1f, 0f, 127 / 128f }, Read(new WavBytes { Bits = 8, Data = [0, 128, 255] }.Build()).Samples);

    [TestMethod]
    public void Twenty_four_and_thirty_two_bits_reach_minus_one_at_full_scale()
    {
        CollectionAssert.AreEqual(new[] { -1f, 0.5f, 1 / 8388608f },
            Read(new WavBytes { Bits = 24, Data = [0, 0, 0x80, 0, 0, 0x40, 1, 0, 0] }.Build()).Samples);
        CollectionAssert.AreEqual(new[] { -1f, 0.5f }, Read(new WavBytes { Bits = 32, Data = Bytes(int.MinValue, 1 << 30) }.Build()).Samples);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Floating_point_samples_are_kept_as_they_are(bool extensible)
    {
        float[] expected = [0.25f, -1.5f, 1e-8f];
        CollectionAssert.AreEqual(expected, Read(new WavBytes { Tag = 3, Bits = 32, Extensible = extensible, Data = Bytes(expected) }.Build()).Samples);
        CollectionAssert.AreEqual(expected,
            Read(new WavBytes { Tag = 3, Bits = 64, Extensible = extensible, Data = Bytes(Array.ConvertAll(expected, x => (double)x)) }.Build()).Samples);
    }

    [TestMethod]
    [DataRow(8)]
    [DataRow(16)]
    [DataRow(24)]
    [DataRow(32)]
    public void Integer_pcm_reads_as_nwaves_reads_it(int bits)
    {
        var random = new Random(1);
        var data = new byte[bits / 8 * 500];
        random.NextBytes(data);
        byte[] wav = new WavBytes { Bits = (ushort)bits, Data = data }.Build();
        CollectionAssert.AreEqual(new WaveFile(new MemoryStream(wav)).Signals[0].Samples, Read(wav).Samples);
    }

    [TestMethod]
    public void Two_channels_are_mixed_by_their_mean() =>
        CollectionAssert.AreEqual(new[] { 0.25f, 0f }, Read(new WavBytes { Channels = 2, Data = Bytes<short>(16384, 0, 8192, -8192) }.Build()).Samples);

    [TestMethod]
    public void Chunks_before_the_format_and_odd_sizes_are_passed_over()
    {
        byte[] before = [.. WavBytes.Chunk("LIST", [1, 2, 3]), .. WavBytes.Chunk("JUNK", new byte[28])];
        Assert.AreEqual(1600, Read(new WavBytes { Before = before }.Build()).Samples.Length);
    }

    [TestMethod]
    public void A_long_file_in_blocks_equals_its_samples()
    {
        short[] values = [.. Enumerable.Range(0, 50_000).Select(i => (short)(i * 31))];
        CollectionAssert.AreEqual(Array.ConvertAll(values, v => v / 32768f), Read(new WavBytes { Data = Bytes(values) }.Build()).Samples);
    }

    [TestMethod]
    public void Written_wav_reads_back_and_clips_instead_of_wrapping()
    {
        string path = Path.Combine(Path.GetTempPath(), $"mint-{Guid.NewGuid():N}.wav");
        try
        {
            AudioFile.WriteWav(path, new AudioClip([0.5f, 1f, 2f, -2f, 0.00002f], 22_050));
            AudioClip clip = AudioFile.Read(path);
            CollectionAssert.AreEqual(new[] { 0.5f, 32767 / 32768f, 32767 / 32768f, -1f, 1 / 32768f }, clip.Samples);
            Assert.AreEqual(22_050, clip.SampleRate);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    [DataRow("tone.flac", 0f)]
    [DataRow("tone.ogg", 0.02f)]
    [DataRow("tone.opus", 0.06f)]
    [DataRow("tone-mulaw.wav", 0.02f)]
    public void Compressed_files_decode_to_the_tone_they_were_made_from(string file, float tolerance)
    {
        AudioClip clip = AudioFile.Read(Fixtures.Path("audio", file));
        Assert.AreEqual(16_000, clip.SampleRate);
        Assert.AreEqual(8_000, clip.Samples.Length, 8);
        for (int i = 200; i < 7_800; i++)
            Assert.AreEqual(0.5 * Math.Sin(2 * Math.PI * 440 * i / 16_000), clip.Samples[i], tolerance + 1 / 32768f, $"sample {i}");
    }

    [TestMethod]
    public void An_mp3_holds_a_tone_of_440_hertz()
    {
        AudioClip clip = AudioFile.Read(Fixtures.Path("audio", "tone.mp3"));
        float[] middle = clip.Samples[2000..6000];
        int crossings = Enumerable.Range(1, middle.Length - 1).Count(i => middle[i - 1] < 0 && middle[i] >= 0);
        Assert.AreEqual(110, crossings, 1); // 440 Hz for a quarter of a second
    }

    [TestMethod]
    public void Written_opus_reads_back_close_to_its_source()
    {
        string path = Path.Combine(Path.GetTempPath(), $"mint-{Guid.NewGuid():N}.opus");
        float[] tone = [.. Enumerable.Range(0, 16_000).Select(i => 0.4f * MathF.Sin(i * 0.2f))];
        try
        {
            AudioFile.WriteOpus(path, new AudioClip(tone, 16_000));
            float[] read = AudioFile.Read(path).Samples;
            Assert.AreEqual(tone.Length, read.Length);
            Assert.IsLessThan(1e-3, Enumerable.Range(0, tone.Length).Average(i => Math.Pow(tone[i] - read[i], 2)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void Reading_at_another_rate_resamples()
    {
        AudioClip clip = Read(new WavBytes { Rate = 48_000, Data = new byte[9600] }.Build(), new AudioReadOptions { SampleRate = 16_000 });
        Assert.AreEqual(16_000, clip.SampleRate);
        Assert.AreEqual(1_600, clip.Samples.Length);
    }
}
