using System.Buffers.Binary;
using System.Text;

namespace Mint.ML.Audio;

/// <summary>
/// AIFF, AU, CAF and Wave64 by the size that their header gives the samples, against the file's and what follows them: libsndfile takes the smaller one in silence.
/// </summary>
internal static class SizedContainers
{
    private const int MaxChunks = 1_000, CafHeader = 12;

    public static Examined? Examine(Stream file, long start, string kind)
    {
        var bytes = new ByteWindow(file);
        return kind switch
        {
            "AIFF" => Walk(bytes, start, 12, Aiff),
            "CAF" => Walk(bytes, start, 8, Caf),
            "Wave64" => Walk(bytes, start, 40, Wave64),
            "AU" => bytes.At(start, 12) is { Length: 12 } header ? Sun(bytes, start, BinaryPrimitives.ReadUInt32BigEndian(header[4..]),
                BinaryPrimitives.ReadUInt32BigEndian(header[8..])) : null,
            _ => null,
        };
    }

    private delegate long Size(ReadOnlySpan<byte> header);

    /// <summary>How a container's chunks are written.</summary>
    /// <param name="Samples">Name of the chunk that holds the sound.</param>
    /// <param name="HeaderBytes">A chunk's name and size, and whatever else stands before its contents.</param>
    /// <param name="Padding">What contents are filled up to.</param>
    /// <param name="Size">Bytes of contents; negative where they are left open.</param>
    /// <param name="Least">Bytes of an empty chunk of sound.</param>
    private sealed record Chunks(string Samples, int HeaderBytes, int Padding, Size Size, int Least);

    // SSND begins with an offset and a block size, of four bytes each.
    private static readonly Chunks Aiff = new("SSND", 8, 2, header => BinaryPrimitives.ReadUInt32BigEndian(header[4..]), 8);

    private static readonly Chunks Caf = new("data", CafHeader, 1, header => BinaryPrimitives.ReadInt64BigEndian(header[4..]), 4);

    // A GUID that begins with the name, and a size that counts its own header of 24 bytes.
    private static readonly Chunks Wave64 = new("data", 24, 8, header => BinaryPrimitives.ReadInt64LittleEndian(header[16..]) - 24, 0);

    private static Examined? Walk(ByteWindow bytes, long start, int first, Chunks chunks)
    {
        byte[] samples = Encoding.ASCII.GetBytes(chunks.Samples);
        long position = start + first;
        for (int chunk = 0; chunk < MaxChunks && bytes.At(position, chunks.HeaderBytes) is var header && header.Length == chunks.HeaderBytes; chunk++)
        {
            long length = chunks.Size(header);
            position += chunks.HeaderBytes;
            if (header.StartsWith(samples)) return Sound(bytes, start, position, length, chunks);
            if (length < 0 || length > bytes.Length - position) return null; // libsndfile says what is wrong with such a header
            position += Padded(length, chunks);
        }

        return null;
    }

    private static long Padded(long length, Chunks chunks) => length > long.MaxValue / 2 ? length : (length + chunks.Padding - 1) / chunks.Padding * chunks.Padding;

    // The samples begin at position and the header gives them length bytes: what of that is true?
    private static Examined Sound(ByteWindow bytes, long start, long position, long length, Chunks chunks)
    {
        long left = bytes.Length - position;
        bool open = IsOpen(length, left) || length <= chunks.Least && left > chunks.Least && !ChunksFollow(bytes, position + Math.Max(0, length), chunks);
        if (open) length = left;
        string? damage = open ? null : length > left ? TooFew(length, left)
            : ChunksFollow(bytes, position + Padded(length, chunks), chunks) || ChunksFollow(bytes, position + length, chunks) ? null
            : TooMany(length, left - length);
        bool ends = chunks == Wave64 && length < left; // libsndfile takes all that follows in it for sound
        // It opens no CAF that is cut off or of open size, whose size counts four bytes of the header, and no AIFF that seems empty.
        var size = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(size, Math.Min(length, left) + (chunks == Caf ? 4 : 0));
        return new Examined(new Part(start, ends ? position + length : bytes.Length))
        {
            Damage = damage,
            Corrections = !open && length <= left ? [] : chunks == Caf ? [(position - 8, size)] : chunks == Aiff ? [(position - 4, size[4..])] : [],
        };
    }

    // The header of AU has no chunks: an offset, and a size that all ones leave open.
    private static Examined Sun(ByteWindow bytes, long start, uint offset, uint size)
    {
        long position = start + offset, left = Math.Max(0, bytes.Length - position);
        bool open = size == 0 && left > 0 || IsOpen(size, left);
        string? damage = open ? null : size > left ? TooFew(size, left) : size < left && !bytes.IsTail(position + size) ? TooMany(size, left - size) : null;
        return new Examined(new Part(start, bytes.Length))
        {
            Damage = damage,
            Corrections = size > left || open ? [(start + 8, [255, 255, 255, 255])] : [],
        };
    }

    // What writers leave that cannot go back: nothing, or as much as a size holds, less what they count besides (sox: 7F000000).
    private static bool IsOpen(long size, long left) => size < 0 || size > left
        && size is >= 0x7F00_0000 and <= 0x8000_1000 or > uint.MaxValue - 4096 and <= uint.MaxValue or > long.MaxValue - 4096;

    private static bool ChunksFollow(ByteWindow bytes, long position, Chunks chunks)
    {
        for (int chunk = 0; chunk < MaxChunks; chunk++)
        {
            if (position >= bytes.Length || bytes.IsTail(position)) return true;
            var header = bytes.At(position, chunks.HeaderBytes);
            if (header.Length < chunks.HeaderBytes || header[..4].ContainsAnyExceptInRange((byte)' ', (byte)'~')
                || header.StartsWith(Encoding.ASCII.GetBytes(chunks.Samples)))
            {
                return false;
            }
            long length = chunks.Size(header);
            if (length < 0 || length > bytes.Length - position - chunks.HeaderBytes) return false;
            position += chunks.HeaderBytes + Padded(length, chunks);
        }

        return false;
    }

    private static string TooFew(long size, long left) =>
        $"its header gives the samples {size:N0} bytes, but only {Math.Max(0, left):N0} follow: the file is cut off or its header lies";

    private static string TooMany(long size, long more) => $"its header gives the samples {size:N0} bytes, but {more:N0} more follow that are no chunks";
}
