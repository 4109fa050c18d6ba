namespace Mint.ML.Audio;

/// <summary>Bytes of a file at any place, read in blocks: for walks that mostly go forward.</summary>
internal sealed class ByteWindow(Stream file)
{
    private readonly byte[] block = new byte[65_536];
    private long start;
    private int filled;

    public long Length { get; } = file.Length;

    /// <summary>The bytes from <paramref name="position"/> on, fewer than <paramref name="count"/> only where the file ends.</summary>
    public ReadOnlySpan<byte> At(long position, int count)
    {
        if (position >= Length)
            return [];

        if (position < start || position + count > start + filled)
        {
            file.Position = start = position;
            filled = file.ReadAtLeast(block, count, throwOnEndOfStream: false);
        }

        int offset = (int)(position - start);
        return offset >= filled ? [] : block.AsSpan(offset, Math.Min(count, filled - offset));
    }

    /// <summary>Whether the file's rest is what taggers and copiers append (ID3, APE and Lyrics3 tags, zeros): no sound, and no damage.</summary>
    public bool IsTail(long position)
    {
        ReadOnlySpan<byte> next = At(position, 11);
        if (next.StartsWith("TAG"u8) || next.StartsWith("ID3"u8) || next.StartsWith("APETAGEX"u8) || next.StartsWith("LYRICSBEGIN"u8))
            return true;

        for (; position < Length; position += next.Length)
        {
            next = At(position, block.Length);
            if (next.IsEmpty || next.ContainsAnyExcept((byte)0))
                return next.IsEmpty;
        }

        return true;
    }

    /// <summary>Where the file goes on after ID3v2 tags at <paramref name="position"/>; there, when there are none.</summary>
    public long AfterId3(long position)
    {
        while (At(position, 10) is { Length: 10 } tag && tag.StartsWith("ID3"u8) && ((tag[6] | tag[7] | tag[8] | tag[9]) & 0x80) == 0)
        {
            int size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9];
            position += 10 + size + ((tag[5] & 0x10) != 0 ? 10 : 0);
        }

        return Math.Min(position, Length);
    }
}
