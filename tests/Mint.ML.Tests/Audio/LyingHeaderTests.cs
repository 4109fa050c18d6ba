using System.Buffers.Binary;
using Mint.ML.Audio;
using static Mint.ML.Tests.Audio.SoundBytes;

namespace Mint.ML.Tests.Audio;

/// <summary>Headers that say too little, too much or nothing, by codec: what is whole is heard whole, and nothing is lost without a word.</summary>
[TestClass]
public sealed class LyingHeaderTests
{
    private static readonly float[] Tone = Sweep(64_000), Hiss = Noise(96_000);
    private static readonly byte[] Junk = [.. Enumerable.Range(0, 5_000).Select(i => (byte)(i * 31 + 7))];

    private static byte[] BigEndian(long value, int bytes) => [.. Enumerable.Range(0, bytes).Select(i => (byte)(value >> 8 * (bytes - 1 - i)))];

    /// <summary>A container whose header gives the samples another size than it does.</summary>
    private static byte[] Sized(int format, long size)
    {
        byte[] bytes = Write(format, Tone);
        int name = bytes.AsSpan().IndexOf(format == Aiff ? "SSND"u8 : "data"u8);
        return format switch
        {
            Aiff => bytes.With(name + 4, BigEndian(size + 8, 4)), // an offset and a block size stand in it
            Au => bytes.With(8, BigEndian(size, 4)),
            Caf => bytes.With(name + 4, BigEndian(size + 4, 8)), // a count of edits stands in it
            _ => bytes.With(name + 16, BitConverter.GetBytes(size + 24)), // its own header counts
        };
    }

    [TestMethod]
    [DataRow(Aiff)]
    [DataRow(Au)]
    [DataRow(Caf)]
    [DataRow(Wave64)]
    public void A_container_that_says_too_little_or_is_followed_by_something_else_loses_nothing_in_silence(int format)
    {
        float[] whole = IsWhole(Write(format, Tone), Tone).Samples;
        foreach (int size in (int[])[1_000, 64_000]) // bytes
        {
            AudioClip part = IsDamaged(Sized(format, size), $"{128_000 - size:N0} more follow that are no chunks");
            part.StartsAs(whole);
            Assert.AreEqual(size / 2, part.Samples.Length);
        }
        CollectionAssert.AreEqual(whole, IsDamaged([.. Write(format, Tone), .. Junk], "5,000 more follow").Samples);
        CollectionAssert.AreEqual(whole, IsWhole([.. Write(format, Tone), .. "TAG"u8, .. new byte[125]], Tone).Samples, "a tag is no sound");
    }

    [TestMethod]
    [DataRow(Aiff)]
    [DataRow(Au)]
    [DataRow(Caf)]
    [DataRow(Wave64)]
    public void A_container_whose_size_was_left_open_is_read_to_its_end(int format)
    {
        float[] whole = Read(Write(format, Tone)).Samples;
        foreach (long size in (long[])[0, 0x7F00_0000, 0x7FFF_FFFF, 0xFFFF_FFFF - 8])
            CollectionAssert.AreEqual(whole, IsWhole(Sized(format, size), Tone).Samples);
        IsDamaged(Sized(format, 200_000), "the file is cut off or its header lies");
    }

    [TestMethod]
    public void AIFF_is_followed_by_its_other_chunks()
    {
        byte[] name = [.. "NAME"u8, 0, 0, 0, 4, .. "tone"u8];
        IsWhole([.. Write(Aiff, Tone), .. name, .. name], Tone);
        byte[] again = [.. "SSND"u8, 0, 0, 0, 12, .. new byte[8], 1, 2, 3, 4];
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Read([.. Write(Aiff, Tone), .. again])).Message, "no chunks");
    }

    [TestMethod]
    public void FLAC_is_whole_when_all_that_it_announces_is_there_whatever_follows()
    {
        AudioClip clip = Read([.. Write(Flac, Tone), .. Junk]);
        Assert.HasCount(Tone.Length, clip.Samples);
        StringAssert.Contains(clip.Notes.Single(), "The last 5,000 bytes");
    }

    [TestMethod]
    public void FLAC_that_was_joined_is_heard_to_its_end_and_damage_in_the_second_is_found()
    {
        byte[] flac = Write(Flac, Tone);
        AudioClip clip = Read([.. flac, .. flac]);
        CollectionAssert.AreEqual(Read(flac).Samples, clip.Samples[64_000..]);
        StringAssert.Contains(clip.Notes.Single(), "A chain of 2 sounds");
        Assert.IsGreaterThan(64_000, AsFarAsItGoes([.. flac, .. flac[..(flac.Length / 2)]]).Samples.Length);
        Assert.ThrowsExactly<AudioFormatException>(() => Read([.. flac, .. flac[..(flac.Length / 2)]]));
        Assert.ThrowsExactly<AudioFormatException>(() => Read([.. flac, .. flac[..20]]));
    }

    [TestMethod]
    public void FLAC_without_its_first_frames_says_so()
    {
        byte[] flac = Write(Flac, Tone);
        int[] frames = [.. Enumerable.Range(42, flac.Length - 47).Where(i => flac[i] == 0xFF && flac[i + 1] == 0xF8 && flac[i + 4] is 0 or 3)];
        int first = frames.First(i => flac[i + 4] == 0), third = frames.First(i => flac[i + 4] == 3);
        byte[] late = [.. flac[..first], .. flac[third..]];
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Read(late)).Message, "its first 0.77 s are missing");
        AudioClip clip = Read(late.With(21, (byte)(late[21] & 0xF0), 0, 0, 0, 0)); // of unknown length: a recording that began in the middle
        StringAssert.Contains(clip.Notes.Single(), "It begins 0.77 s after its stream did");
        CollectionAssert.AreEqual(Read(flac).Samples[^clip.Samples.Length..], clip.Samples);
    }

    private static int[] Pages(byte[] bytes) => [.. Enumerable.Range(0, bytes.Length - 3).Where(i => bytes.AsSpan(i).StartsWith("OggS"u8)), bytes.Length];

    // Pages with other words in their headers, and checksums that are right again; by RFC 3533, bit by bit.
    private static byte[] Ogg(byte[] bytes, Action<int, byte[], int> change)
    {
        byte[] changed = [.. bytes];
        int[] pages = Pages(bytes);
        for (int i = 0; i + 1 < pages.Length; i++)
        {
            change(i, changed, pages[i]);
            changed.AsSpan(pages[i] + 22, 4).Clear();
            uint crc = 0;
            foreach (byte b in changed.AsSpan(pages[i]..pages[i + 1]))
                for (int bit = 7; bit >= 0; bit--) crc = crc << 1 ^ ((crc >> 31 ^ (uint)(b >> bit & 1)) != 0 ? 0x04C11DB7u : 0);
            BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(pages[i] + 22), crc);
        }
        return changed;
    }

    private static byte[] WithPosition(byte[] bytes, int page, Func<long, long> position) => Ogg(bytes, (i, all, at) =>
    {
        if (i == page) BinaryPrimitives.WriteInt64LittleEndian(all.AsSpan(at + 6), position(BinaryPrimitives.ReadInt64LittleEndian(all.AsSpan(at + 6))));
    });

    private static byte[] Numbered(byte[] bytes) => Ogg(bytes, (i, all, at) => BinaryPrimitives.WriteInt32LittleEndian(all.AsSpan(at + 18), i));

    [TestMethod]
    [DataRow(Vorbis)]
    [DataRow(Opus)]
    public void Ogg_pages_that_say_another_length_than_their_packets_have_are_found(int format)
    {
        byte[] bytes = Write(format, Hiss);
        float[] whole = IsWhole(Ogg(bytes, (_, _, _) => { }), Hiss).Samples;
        int last = Pages(bytes).Length - 2;
        foreach (var (page, position, words) in ((int, Func<long, long>, string)[])
            [(last, at => at / 2, "ends before the page before it"), (last, at => 2 * at, "after the sound before it"),
            (last, _ => long.MaxValue, "after the sound"),
            (last, _ => -1, "does not say how far it goes"), (last, _ => 0, "ends before"), (3, _ => 7, "ends before"),
            (3, at => at + 48_000, "after the sound"),
            (4, at => at - 10_000, "less than it holds")])
        {
            AudioClip part = IsDamaged(WithPosition(bytes, page, position), words);
            CollectionAssert.AreEqual(whole[..(part.Samples.Length - 1_000)], part.Samples[..^1_000]); // the last window has no successor to overlap with
        }
    }

    [TestMethod]
    [DataRow(Vorbis)]
    [DataRow(Opus)]
    public void A_page_that_was_taken_out_is_missed_though_the_numbers_were_mended(int format)
    {
        byte[] bytes = Write(format, Hiss);
        int[] pages = Pages(bytes);
        IsDamaged(Numbered([.. bytes[..pages[4]], .. bytes[pages[5]..]]), "after the sound before it");
        int sound = format == Opus ? 2 : Enumerable.Range(1, pages.Length).First(i => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(pages[i] + 6)) > 0);
        AudioClip late = Read(Numbered([.. bytes[..pages[sound]], .. bytes[pages[sound + 1]..]]));
        StringAssert.Contains(late.Notes.Single(), "after its stream did: what came before is not in the file");
    }

    [TestMethod]
    [DataRow(Vorbis)]
    [DataRow(Opus)]
    public void Of_two_sounds_at_the_same_time_one_is_heard_with_a_note(int format)
    {
        byte[] one = Write(format, Hiss), other = Ogg(one, (_, all, at) => all[at + 14] ^= 0x55);
        int[] pages = Pages(one);
        byte[] both = [.. Enumerable.Range(0, pages.Length - 1).SelectMany(i => (byte[])[.. one[pages[i]..pages[i + 1]], .. other[pages[i]..pages[i + 1]]])];
        AudioClip clip = Read(both);
        Assert.HasCount(Hiss.Length, clip.Samples);
        StringAssert.Contains(clip.Notes.Single(), "several sounds at the same time");
    }

    [TestMethod]
    [DataRow(Vorbis)]
    [DataRow(Opus)]
    public void Damage_in_the_second_sound_of_a_chain_is_found(int format)
    {
        byte[] bytes = Write(format, Hiss);
        int cut = Pages(bytes)[^2];
        Assert.ThrowsExactly<AudioFormatException>(() => Read([.. bytes, .. bytes[..cut], .. bytes]));
        AudioClip clip = AsFarAsItGoes([.. bytes, .. bytes.With(cut + 100, (byte)~bytes[cut + 100])]);
        Assert.IsGreaterThan(Hiss.Length, clip.Samples.Length);
        Assert.HasCount(2, clip.Notes);
    }

    private static byte[] Id3(int says, int has) => [.. "ID3"u8, 4, 0, 0, .. (byte[])[(byte)(says >> 21 & 127), (byte)(says >> 14 & 127),
        (byte)(says >> 7 & 127),
        (byte)(says & 127)], .. new byte[has]];

    [TestMethod]
    [DataRow(8_000, 100)]
    [DataRow(100_000_000, 100)]
    [DataRow(20, 100_000)]
    public void An_ID3_tag_of_another_length_than_it_says_hides_no_frame(int says, int has)
    {
        byte[] mp3 = Write(Mp3, Tone);
        AudioClip clip = Read([.. Id3(says, has), .. mp3]);
        CollectionAssert.AreEqual(Read(mp3).Samples, clip.Samples);
        Assert.HasCount(1, clip.Notes);
        CollectionAssert.AreEqual(Read(mp3).Samples, IsWhole([.. Id3(200_000, 200_000), .. mp3], Read(mp3).Samples).Samples);
    }

    [TestMethod]
    [DataRow("Xing", 0u, 0u)]
    [DataRow("Xing", 1u, 1u)]
    [DataRow("Info", 10u, 4_000_000_000u)]
    [DataRow("VBRI", 0u, 0u)]
    [DataRow("VBRI", 10u, 77u)]
    public void Frames_are_counted_and_not_believed(string name, uint frames, uint length)
    {
        AudioClip clip = Read(Announcing(name, frames, length));
        Assert.AreEqual(Tone.Length, clip.Samples.Length, 3_000);
        Assert.HasCount(frames == 0 ? 0 : 1, clip.Notes);
        IsDamaged(Announcing(name, 1_000, length), "of 1,000 MP3 frames are there");
        IsDamaged(Announcing(name, uint.MaxValue, length), "MP3 frames are there");
    }

    private static byte[] Announcing(string name, uint frames, uint length)
    {
        byte[] mp3 = Write(Mp3, Tone);
        int at = Math.Max(mp3.AsSpan().IndexOf("Xing"u8), mp3.AsSpan().IndexOf("Info"u8));
        byte[] said = [.. System.Text.Encoding.ASCII.GetBytes(name), .. name == "VBRI" ? [0, 1, 0, 0, 0, 75, .. BigEndian(length, 4), .. BigEndian(frames, 4)]
            : (byte[])[0, 0, 0, 3, .. BigEndian(frames, 4), .. BigEndian(length, 4)]];
        return mp3.With(at, new byte[16]).With(name == "VBRI" ? at - 9 + 32 : at, said); // behind 9 bytes of side information (MPEG 2, mono), or behind 32
    }

    [TestMethod]
    public void MP3_in_a_WAV_file_is_examined_as_MP3()
    {
        byte[] mp3 = Write(Mp3, Tone);
        byte[] wav = [.. "RIFF"u8, .. BitConverter.GetBytes(50 + mp3.Length), .. "WAVEfmt "u8, 30, 0, 0, 0, 0x55, 0, 1, 0, 0x80, 0x3E, 0, 0, 0xA0, 0xF, 0,
            0, 1, 0,
            0, 0, 12, 0, 1, 0, 2, 0, 0, 0, 0x20, 1, 1, 0, 0, 0, .. "data"u8, .. BitConverter.GetBytes(mp3.Length), .. mp3];
        CollectionAssert.AreEqual(Read(mp3).Samples, IsWhole(wav, Tone).Samples);
        Assert.IsGreaterThan(16_000, IsDamaged(wav.With(wav.Length / 2, Junk[..1_000]), "are no MP3 frames").Samples.Length);
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Read(wav[..(wav.Length / 2)])).Message, "cut off");
        StringAssert.Contains(AsFarAsItGoes(wav[..(wav.Length / 2)]).Notes.Single(), "cut off inside the MP3 frame");
    }
}
