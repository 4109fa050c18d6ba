using System.Buffers.Binary;
using Mint.ML.Audio;
using static Mint.ML.Tests.Audio.SoundBytes;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class DamagedMp3Tests
{
    private const int Slack = 3_000; // an encoder's delay and padding

    private static readonly float[] Tone = Sweep(64_000);
    private static readonly byte[] Bytes = Write(Mp3, Tone);

    private static int Announced => Array.FindIndex(Bytes, b => b is (byte)'X' or (byte)'I') is var at
        && (Bytes.AsSpan(at).StartsWith("Xing"u8) || Bytes.AsSpan(at).StartsWith("Info"u8)) ? at + 8 : -1;

    [TestMethod]
    public void A_whole_file_is_heard_without_a_word() => IsWhole(Bytes, Tone, Slack);

    [TestMethod]
    [DataRow(8_000)]
    [DataRow(11_025)]
    [DataRow(12_000)]
    [DataRow(22_050)]
    [DataRow(24_000)]
    [DataRow(32_000)]
    [DataRow(44_100)]
    [DataRow(48_000)]
    public void Frames_of_every_rate_meet_and_a_hole_is_found(int rate)
    {
        byte[] bytes = Write(Mp3, Tone, rate);
        IsWhole(bytes, Tone, Slack);
        IsDamaged([.. bytes[..(bytes.Length / 2)], .. bytes[(bytes.Length / 2 + 777)..]], "are no MP3 frames");
    }

    [TestMethod]
    [DataRow(0x00)]
    [DataRow(0xFF)]
    [DataRow(0x55)]
    public void Bytes_that_are_no_frames_are_found_in_the_middle(int value)
    {
        byte[] bytes = Bytes.With(Bytes.Length / 2, [.. Enumerable.Repeat((byte)value, 1_000)]);
        AudioClip clip = IsDamaged(bytes, "are no MP3 frames");
        Assert.AreEqual(2.5, clip.Duration.TotalSeconds, 1); // of 4; half the bytes are not half the time
    }

    [TestMethod]
    public void A_hole_is_found_where_frames_no_longer_meet() =>
        IsDamaged([.. Bytes[..(Bytes.Length / 2)], .. Bytes[(Bytes.Length / 2 + 777)..]], "are no MP3 frames");

    [TestMethod]
    public void A_cut_file_has_fewer_frames_than_it_announces()
    {
        Assert.IsGreaterThan(0, Announced);
        IsDamaged(Bytes[..(Bytes.Length / 2)], "MP3 frame");
        byte[] more = [.. Bytes];
        BinaryPrimitives.WriteUInt32BigEndian(more.AsSpan(Announced), 1_000);
        IsDamaged(more, "of 1,000 MP3 frames are there");
    }

    [TestMethod]
    public void A_header_that_announces_fewer_frames_hides_nothing()
    {
        byte[] fewer = [.. Bytes];
        BinaryPrimitives.WriteUInt32BigEndian(fewer.AsSpan(Announced), 10);
        AudioClip clip = Read(fewer);
        Assert.AreEqual(Tone.Length, clip.Samples.Length, Slack);
        StringAssert.Contains(clip.Notes.Single(), "10 MP3 frames");
    }

    [TestMethod]
    public void Without_a_header_the_length_is_found_by_walking_and_not_guessed()
    {
        int first = Announced - 8 - 4 - 9; // before the tag: the frame's header, and the side information of MPEG 2, mono
        Assert.AreEqual(0xFF, Bytes[first]);
        int second = Enumerable.Range(first + 4, 2000)
            .First(i => Bytes[i] == 0xFF && Bytes[i + 1] == Bytes[first + 1] && (Bytes[i + 2] & 0x0C) == (Bytes[first + 2] & 0x0C));
        Assert.AreEqual(Tone.Length, Read(Bytes[second..]).Samples.Length, Slack); // variable rate: a guess from the first frames is 1 s of 4
    }

    [TestMethod]
    public void Tags_and_padding_are_no_damage()
    {
        byte[] id3 = [.. "ID3"u8, 4, 0, 0, 0, 0, 0, 20, .. new byte[20]];
        IsWhole([.. id3, .. Bytes], Tone, Slack);
        IsWhole([.. Bytes, .. "TAG"u8, .. new byte[125]], Tone, Slack);
        byte[] ape = [.. "APETAGEX"u8, 0xD0, 7, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, .. new byte[8], .. new byte[64]];
        IsWhole([.. Bytes, .. ape, .. "TAG"u8, .. new byte[125]], Tone, Slack);
        IsWhole([.. Bytes, .. new byte[1000]], Tone, Slack);
    }

    [TestMethod]
    public void Two_files_joined_are_heard_to_the_end()
    {
        AudioClip clip = Read([.. Bytes, .. "TAG"u8, .. new byte[125], .. Bytes]);
        Assert.AreEqual(2 * Tone.Length, clip.Samples.Length, 3 * Slack);
    }

    [TestMethod]
    public void The_damaged_file_of_a_report_says_where() =>
        IsDamaged(File.ReadAllBytes(Fixtures.Path("audio", "damaged.mp3")), "3,024 bytes at byte 22,284 (after 5.00 s) are no MP3 frames");
}
