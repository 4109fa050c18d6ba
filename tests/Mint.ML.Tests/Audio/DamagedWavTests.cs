using Mint.ML.Audio;
using static Mint.ML.Tests.Audio.SoundBytes;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class DamagedWavTests
{
    private static readonly byte[] Data = [.. Enumerable.Range(0, 3_200).Select(i => (byte)(i * 7 + i / 256))];
    private static readonly float[] Samples = Read(new WavBytes { Data = Data }.Build()).Samples;

    [TestMethod]
    [DataRow(0u)]
    [DataRow(uint.MaxValue)]
    [DataRow(uint.MaxValue - 36)]
    [DataRow(0x7FFFFFFFu)]
    [DataRow(0x80000000u)]
    public void A_size_left_open_by_a_stream_is_found_by_reading(uint size)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        CollectionAssert.AreEqual(Samples, IsWhole(new WavBytes { Data = Data, DataLength = size }.Build(), Samples).Samples);
        Assert.IsLessThan(1_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
        IsDamaged(new WavBytes { Data = Data, DataLength = size }.Build()[..^1], "its last frame has 1 of 2 bytes");
    }

    [TestMethod]
    public void A_file_that_ends_early_is_heard_up_to_there() =>
        IsDamaged(new WavBytes { Data = Data }.Build()[..1_001], "claims 3,200 bytes but only 957 follow").StartsAs(Samples);

    [TestMethod]
    public void A_size_smaller_than_what_follows_is_found_where_no_chunk_stands()
    {
        AudioClip clip = IsDamaged(new WavBytes { Data = Data, DataLength = 1_600 }.Build(), "1,600 more follow that are no chunks");
        Assert.AreEqual(800, clip.Samples.Length);
    }

    [TestMethod]
    public void Chunks_tags_and_padding_behind_the_samples_are_no_damage()
    {
        byte[] wav = new WavBytes { Data = Data }.Build(), odd = new WavBytes { Bits = 8, Data = Data[..^1] }.Build();
        byte[] list = WavBytes.Chunk("LIST", [1, 2, 3]);
        IsWhole([.. wav, .. list, .. WavBytes.Chunk("id3 ", new byte[30])], Samples);
        foreach (string metadata in (string[])["LIST", "id3 ", "bext", "cue ", "smpl", "_PMX", "iXML"]) // cut off, they lose no sound
            IsWhole([.. wav, .. WavBytes.Chunk(metadata, [1, 2, 3])[..^2]], Samples);
        IsDamaged([.. wav, .. WavBytes.Chunk("junk", [1, 2, 3])[..^2]], "follow"); // which may have been sound
        IsWhole([.. wav, .. "TAG"u8, .. new byte[125]], Samples);
        IsWhole([.. wav, .. new byte[500]], Samples);
        Assert.AreEqual(3_199, Read([.. odd, 0, .. list]).Samples.Length);
        Assert.AreEqual(3_199, Read([.. odd, .. list]).Samples.Length); // and without its padding
    }

    [TestMethod]
    public void A_second_data_chunk_is_not_lost_in_silence() =>
        IsDamaged([.. new WavBytes { Data = Data }.Build(), .. WavBytes.Chunk("data", Data)], "a second data chunk stands at byte 3,244");

    [TestMethod]
    public void An_empty_data_chunk_before_other_chunks_holds_no_samples() =>
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() =>
            Read([.. new WavBytes { Data = [] }.Build(), .. WavBytes.Chunk("LIST", new byte[20])])).Message, "no samples");

    [TestMethod]
    public void RF64_is_read_and_checked_by_its_long_size()
    {
        float[] tone = Sweep(16_000);
        byte[] bytes = Write(Rf64, tone);
        IsWhole(bytes, tone);
        CollectionAssert.AreEqual(Read(Write(Flac, tone)).Samples, Read(bytes).Samples);
        IsDamaged(bytes[..10_000], "cut off");
        IsDamaged([.. bytes, .. Data], "no chunks of a WAV file");
    }

    [TestMethod]
    public void Compressed_WAV_is_judged_by_its_chunks_too()
    {
        float[] tone = Sweep(16_000);
        byte[] bytes = Write(MuLaw, tone);
        IsWhole(bytes, tone);
        int size = bytes.AsSpan().IndexOf("data"u8) + 4;
        IsDamaged(bytes[..10_000], "cut off").StartsAs(Read(bytes).Samples);
        IsWhole(bytes.With(size, 0xFF, 0xFF, 0xFF, 0xFF), tone);
        IsWhole(bytes.With(size, 0, 0, 0, 0), tone);
    }

    [TestMethod]
    [DataRow(Aiff)]
    [DataRow(Au)]
    [DataRow(Caf)]
    [DataRow(Wave64)]
    public void Other_containers_that_are_cut_off_are_not_heard_in_silence(int format)
    {
        float[] tone = Sweep(16_000);
        byte[] bytes = Write(format, tone);
        float[] whole = IsWhole(bytes, tone).Samples;
        IsDamaged(bytes[..20_000], "cut off").StartsAs(whole);
    }

    [TestMethod]
    public void CAF_and_AU_may_leave_their_size_open()
    {
        float[] tone = Sweep(16_000);
        byte[] caf = Write(Caf, tone), au = Write(Au, tone);
        IsWhole(caf.With(caf.AsSpan().IndexOf("data"u8) + 4, 255, 255, 255, 255, 255, 255, 255, 255), tone);
        IsWhole(au.With(8, 255, 255, 255, 255), tone);
    }

    [TestMethod]
    [DataRow(1e29f)]
    [DataRow(-1.1e6f)]
    [DataRow(float.NaN)]
    [DataRow(float.NegativeInfinity)]
    public void A_sample_that_no_recorder_makes_is_refused_with_its_time(float value)
    {
        // In one of two channels, against its negative: the mean would be silence.
        float[] stereo = new float[2 * 16_000];
        (stereo[16_000], stereo[16_001]) = (value, -value);
        byte[] data = System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(stereo).ToArray();
        byte[] wav = new WavBytes { Tag = 3, Bits = 32, Channels = 2, Data = data }.Build();
        foreach (DamagedAudio damaged in Enum.GetValues<DamagedAudio>())
        {
            var error = Assert.ThrowsExactly<AudioFormatException>(() => Read(wav, new AudioReadOptions { Damaged = damaged }));
            StringAssert.Contains(error.Message, "sample 8,000 (at 0.500 s)");
        }

        (stereo[16_000], stereo[16_001]) = (1e6f, 0); // far too loud, and still a number
        data = System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(stereo).ToArray();
        Assert.AreEqual(5e5f, Read(new WavBytes { Tag = 3, Bits = 32, Channels = 2, Data = data }.Build()).Samples[8_000]);
    }
}
