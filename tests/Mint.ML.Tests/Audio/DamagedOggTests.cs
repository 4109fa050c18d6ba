using System.Buffers.Binary;
using Mint.ML.Audio;
using static Mint.ML.Tests.Audio.SoundBytes;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class DamagedOggTests
{
    private static readonly float[] Tone = Noise(96_000); // six seconds: several pages

    /// <summary>Where the pages begin, by their capture pattern; the last place is the end.</summary>
    private static int[] Pages(byte[] bytes) => [.. Enumerable.Range(0, bytes.Length - 3).Where(i => bytes.AsSpan(i).StartsWith("OggS"u8)), bytes.Length];

    [TestMethod]
    [DataRow(Vorbis)]
    [DataRow(Opus)]
    public void A_second_sound_behind_something_else_is_not_lost_in_silence(int format)
    {
        byte[] bytes = Write(format, Tone);
        IsWhole([.. bytes, .. new byte[70_000]], Tone); // padding
        IsDamaged([.. bytes, .. new byte[70_000], .. bytes], $"what stands at byte {bytes.Length:N0}");
    }

    [TestMethod]
    [DataRow(Vorbis)]
    [DataRow(Opus)]
    public void A_changed_byte_in_the_middle_is_found_by_its_pages_checksum(int format)
    {
        byte[] bytes = Write(format, Tone);
        float[] whole = IsWhole(bytes, Tone).Samples;
        int[] pages = Pages(bytes);
        Assert.IsGreaterThan(5, pages.Length);
        int page = pages[^3];
        AudioClip part = IsDamaged(bytes.With(page + 200, (byte)~bytes[page + 200]), $"the Ogg page at byte {page:N0}");
        Assert.IsGreaterThan(1000, part.Samples.Length);
        Assert.IsLessThan(whole.Length, part.Samples.Length);
        CollectionAssert.AreEqual(whole[..(part.Samples.Length - 1000)], part.Samples[..^1000]); // the last window has no successor to overlap with
    }

    [TestMethod]
    [DataRow(Vorbis)]
    [DataRow(Opus)]
    public void A_missing_page_is_found_by_the_next_ones_number(int format)
    {
        byte[] bytes = Write(format, Tone);
        int[] pages = Pages(bytes);
        IsDamaged([.. bytes[..pages[^3]], .. bytes[pages[^2]..]], "follows where");
    }

    [TestMethod]
    [DataRow(Vorbis)]
    [DataRow(Opus)]
    public void A_page_after_the_end_of_its_stream_is_damage(int format)
    {
        byte[] bytes = Write(format, Tone);
        IsDamaged([.. bytes, .. bytes[Pages(bytes)[^2]..]], "belongs to a stream that has ended");
    }

    [TestMethod]
    [DataRow(Vorbis)]
    [DataRow(Opus)]
    public void A_file_cut_between_two_pages_does_not_end_its_stream(int format)
    {
        byte[] bytes = Write(format, Tone);
        IsDamaged(bytes[..Pages(bytes)[^2]], "does not end the stream");
    }

    [TestMethod]
    public void A_file_cut_inside_a_page_says_which()
    {
        byte[] bytes = Write(Vorbis, Tone);
        int last = Pages(bytes)[^2];
        IsDamaged(bytes[..(last + 100)], $"the Ogg page at byte {last:N0}");
    }

    [TestMethod]
    public void Bytes_between_pages_are_damage_and_tags_after_the_last_are_not()
    {
        byte[] bytes = Write(Opus, Tone);
        int page = Pages(bytes)[^2];
        IsDamaged([.. bytes[..page], .. new byte[10], .. bytes[page..]], "no Ogg page");
        IsWhole([.. bytes, .. "TAG"u8, .. new byte[125]], Tone);
    }

    [TestMethod]
    public void A_chain_of_sounds_is_heard_to_its_end()
    {
        AudioClip clip = Read([.. Write(Vorbis, Tone), .. Write(Vorbis, Sweep(8_000))]);
        Assert.AreEqual(104_000, clip.Samples.Length);
        StringAssert.Contains(clip.Notes.Single(), "A chain of 2 sounds");
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Read([.. Write(Vorbis, Tone), .. Write(Vorbis, Tone, 48_000)])).Message,
            "chains sounds");
    }

    [TestMethod]
    public void The_checksum_is_that_of_the_specification()
    {
        // By RFC 3533: polynomial 04C11DB7, most significant bit first, over the page with its checksum at 0. Bit by bit, beside the product's table.
        byte[] bytes = Write(Opus, Tone);
        byte[] page = bytes[..Pages(bytes)[1]];
        uint said = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(22)), crc = 0;
        page.AsSpan(22, 4).Clear();
        foreach (byte b in page)
        {
            for (int bit = 7; bit >= 0; bit--)
                crc = crc << 1 ^ ((crc >> 31 ^ (uint)(b >> bit & 1)) != 0 ? 0x04C11DB7u : 0);
        }

        Assert.AreEqual(said, crc);
    }
}
