using Mint.ML.Audio;
using static Mint.ML.Tests.Audio.SoundBytes;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class DamagedFlacTests
{
    private const int TotalAt = 21; // the last 36 bits of the eight bytes from 18 on; 4 of them in the byte here

    private static readonly float[] Tone = Sweep(64_000);
    private static readonly byte[] Bytes = Write(Flac, Tone);

    private static byte[] Announcing(uint total) =>
        Bytes.With(TotalAt, (byte)(Bytes[TotalAt] & 0xF0), (byte)(total >> 24), (byte)(total >> 16), (byte)(total >> 8), (byte)total);

    [TestMethod]
    public void A_stream_of_unknown_length_is_whole() => CollectionAssert.AreEqual(Read(Bytes).Samples, IsWhole(Announcing(0), Tone).Samples);

    [TestMethod]
    public void A_header_that_says_less_than_there_is_hides_nothing()
    {
        AudioClip clip = Read(Announcing(1_000));
        CollectionAssert.AreEqual(Read(Bytes).Samples, clip.Samples);
        StringAssert.Contains(clip.Notes.Single(), "1,000 samples, and 64,000 are there");
    }

    [TestMethod]
    public void A_header_that_says_more_than_there_is_means_an_early_end() =>
        CollectionAssert.AreEqual(Read(Bytes).Samples, IsDamaged(Announcing(70_000), "64,000 of 70,000 samples are there, up to 4.00 s").Samples);

    [TestMethod]
    public void A_changed_byte_is_found_by_its_frames_checksum()
    {
        AudioClip clip = IsDamaged(Bytes.With(Bytes.Length / 2, (byte)~Bytes[Bytes.Length / 2]), "does not have its checksum");
        Assert.IsGreaterThan(16_000, clip.Samples.Length);
        clip.StartsAs(Read(Bytes).Samples);
    }

    [TestMethod]
    public void A_cut_file_is_heard_up_to_its_last_whole_frame()
    {
        IsDamaged(Bytes[..(Bytes.Length / 2)], "cut off").StartsAs(Read(Bytes).Samples);
        byte[] open = Announcing(0);
        IsDamaged(open[..(Bytes.Length / 2)], "cut off").StartsAs(Read(Bytes).Samples);
    }

    [TestMethod]
    public void A_missing_frame_is_found_by_the_next_ones_number()
    {
        // Frames of a fixed size begin with FF F8 and carry their number, here below 128, in the fifth byte.
        int[] frames = [.. Enumerable.Range(42, Bytes.Length - 47).Where(i => Bytes[i] == 0xFF && Bytes[i + 1] == 0xF8 && Bytes[i + 4] is 3 or 4)];
        int third = frames.First(i => Bytes[i + 4] == 3), fourth = frames.First(i => Bytes[i + 4] == 4);
        IsDamaged([.. Bytes[..third], .. Bytes[fourth..]], "FLAC frame 4 follows where 3 should");
    }

    [TestMethod]
    public void Tags_before_and_after_are_no_damage()
    {
        byte[] id3 = [.. "ID3"u8, 4, 0, 0, 0, 0, 0, 20, .. new byte[20]];
        IsWhole([.. id3, .. Bytes], Tone);
        IsWhole([.. Bytes, .. "TAG"u8, .. new byte[125]], Tone);
        IsWhole([.. Bytes, .. new byte[1000]], Tone);
    }

    [TestMethod]
    public void What_a_pipe_wrote_is_read_to_its_end() => // ffmpeg -f flac pipe:1: total and checksum of the samples are 0
        Assert.AreEqual(1.5, AudioFile.Read(Fixtures.Path("audio", "pipe.flac")).Duration.TotalSeconds, 1e-9);
}
