using System.Buffers.Binary;

namespace Mint.ML.Audio;

/// <summary>
/// FLAC by its frames (RFC 9639): each has a checksum of its header, one of all its bytes, and its number. A frame's length stands nowhere; it
/// ends where its checksum comes out and another header begins. The count of samples is theirs, not the header's, which streams leave at 0.
/// </summary>
internal static class FlacFrames
{
    private const int StreamInfoBytes = 34, LongestHeader = 16;

    /// <summary>Eight channels of 65,535 samples of 32 bits, uncompressed, are 2.1 MB; what goes on longer is no frame.</summary>
    private const int LongestFrame = 4 << 20;

    private static readonly ushort[] Table = MakeTable();

    private readonly record struct Header(bool Variable, int BlockSize, long Number);

    /// <summary>Walks the file from its "fLaC" on, and through those that were joined to it; null when even its header is not there.</summary>
    public static Examined? Examine(Stream file, long start)
    {
        var bytes = new ByteWindow(file);
        List<Part> parts = [];
        List<(long, byte[])> corrections = [];
        long samples = 0;
        string? damage = null, note = null;
        for (long next = start; damage is null && (next == start || bytes.At(next, 4).StartsWith("fLaC"u8)); next = parts[^1].End)
        {
            if (One(bytes, next) is not { } one)
            {
                if (parts.Count == 0) return null;
                damage = $"the FLAC header at byte {next:N0} is damaged";
                break;
            }
            parts.AddRange(one.Parts);
            corrections.AddRange(one.Corrections);
            samples += one.Samples!.Value;
            (damage, note) = (one.Damage, note ?? one.Note);
            if (parts[^1].End == next) break;
        }

        string? chain = parts.Count > 1 ? $"A chain of {parts.Count} sounds, heard one after the other." : null;
        return new Examined([.. parts])
        {
            Damage = damage,
            Samples = samples,
            Note = note is null ? chain : chain is null ? note : $"{chain} {note}",
            Corrections = corrections,
        };
    }

    private static Examined? One(ByteWindow bytes, long start)
    {
        if (bytes.At(start, 8 + StreamInfoBytes) is not { Length: 8 + StreamInfoBytes } info || (info[4] & 0x7F) != 0)
            return null;

        // 20 bits of sample rate, 3 of channels, 5 of bits a sample, 36 of samples
        ulong packed = BinaryPrimitives.ReadUInt64BigEndian(info[18..]);
        int rate = (int)(packed >> 44);
        long announced = (long)(packed & 0xF_FFFF_FFFF);
        if (rate == 0 || FirstFrame(bytes, start + 4) is not { } first)
            return null;

        (long samples, long end, string? damage, string? note) = Walk(bytes, first, rate, announced);
        if (damage is null && samples < announced)
            damage = $"it ends early: {samples:N0} of {announced:N0} samples are there, up to {(double)samples / rate:F2} s";

        if (announced != 0 && samples > announced)
            note ??= $"Its header says {announced:N0} samples, and {samples:N0} are there: all are heard.";

        byte[] total = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(total, packed & ~0xF_FFFF_FFFFul | (ulong)Math.Min(samples, 0xF_FFFF_FFFF));
        return new Examined(new Part(start, end))
        {
            Damage = damage,
            Samples = samples,
            Note = note,
            Corrections = samples == announced ? [] : [(start + 18, total)],
        };
    }

    // Where the frames begin: after the metadata blocks, each with its length.
    private static long? FirstFrame(ByteWindow bytes, long position)
    {
        while (bytes.At(position, 4) is { Length: 4 } block)
        {
            bool last = (block[0] & 0x80) != 0;
            position += 4 + (block[1] << 16 | block[2] << 8 | block[3]);
            if (last)
                return position <= bytes.Length ? position : null;
        }

        return null;
    }

    private static (long Samples, long End, string? Damage, string? Note) Walk(ByteWindow bytes, long position, int rate, long announced)
    {
        long samples = 0, frame = position;
        if (position == bytes.Length)
        {
            return (0, position, null, null);
        }

        if (Parse(bytes.At(position, LongestHeader)) is not { } header)
        {
            return (0, position, $"it is damaged: no FLAC frame stands at byte {position:N0}, where the first should", null);
        }

        // A recording may begin in a stream's middle; what a header counts is there from the first sample on.
        double missing = (double)header.Number * (header.Variable ? 1 : header.BlockSize) / rate;
        string? note = header.Number == 0 ? null
            : FormattableString.Invariant($"It begins {missing:F2} s after its stream did: what came before is not in the file.");
        if (note is not null && announced != 0)
        {
            return (0, position, FormattableString.Invariant($"it is damaged: its first {missing:F2} s are missing"), null);
        }

        ushort crc = 0;
        bool ended = false;
        long complete = -1; // where the last of the announced samples may end
        while (true)
        {
            bool ends = crc == 0 && position > frame;
            // Zeros keep a checksum at 0, and are looked through once.
            if (ends && (position == bytes.Length || !(ended && bytes.At(position, 1)[0] == 0) && bytes.IsTail(position)
                || bytes.At(position, 4).StartsWith("fLaC"u8)))
            {
                return (samples + header.BlockSize, position, null, note);
            }

            if (ends && complete < 0 && samples + header.BlockSize == announced)
                complete = position;

            if (ends && Parse(bytes.At(position, LongestHeader)) is { } next && next.Variable == header.Variable)
            {
                samples += header.BlockSize;
                long expected = header.Variable ? header.Number + header.BlockSize : header.Number + 1;
                if (next.Number != expected)
                {
                    return (samples, position,
                        $"it is damaged: at byte {position:N0} (after {(double)samples / rate:F2} s) FLAC {(header.Variable ? "sample" : "frame")} "
                            + $"{next.Number:N0} follows where {expected:N0} should", note);
                }

                (frame, header) = (position, next);
            }

            if (position == bytes.Length || position - frame > LongestFrame)
            {
                // All that was announced is there, and then something else. (Where a checksum came out by chance, the decoder will miss the last frame.)
                if (complete >= 0)
                {
                    return (announced, bytes.Length, null, $"The last {bytes.Length - complete:N0} bytes, from byte {complete:N0} on, are no FLAC frames.");
                }

                return (samples, frame, $"it is damaged or cut off: the FLAC frame at byte {frame:N0} (after {(double)samples / rate:F2} s) does not have "
                    + "its checksum", note);
            }

            ended = ends;
            crc = (ushort)(crc << 8 ^ Table[crc >> 8 ^ bytes.At(position, 1)[0]]);
            position++;
        }
    }

    private static Header? Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 6 || bytes[0] != 0xFF || (bytes[1] & 0xFE) != 0xF8 || (bytes[3] & 1) != 0)
            return null;

        int sizeCode = bytes[2] >> 4, rateCode = bytes[2] & 15;
        int at = 4;
        if (sizeCode == 0 || rateCode == 15 || ReadNumber(bytes, ref at) is not { } number)
            return null;

        int extra = (sizeCode is 6 ? 1 : sizeCode is 7 ? 2 : 0) + (rateCode is 12 ? 1 : rateCode is 13 or 14 ? 2 : 0);
        if (at + extra >= bytes.Length || Crc8(bytes[..(at + extra)]) != bytes[at + extra])
            return null;

        int size = sizeCode switch
        {
            1 => 192,
            <= 5 => 576 << sizeCode - 2,
            6 => bytes[at] + 1,
            7 => (bytes[at] << 8 | bytes[at + 1]) + 1,
            _ => 256 << sizeCode - 8,
        };
        return new Header((bytes[1] & 1) != 0, size, number);
    }

    // A number of up to 36 bits, coded as UTF-8 codes characters.
    private static long? ReadNumber(ReadOnlySpan<byte> bytes, ref int at)
    {
        byte first = bytes[at++];
        int more = int.Max(0, System.Numerics.BitOperations.LeadingZeroCount((uint)(byte)~first) - 24 - 1);
        if (first is >= 0x80 and < 0xC0 or 0xFF || at + more > bytes.Length)
            return null;

        long number = more == 0 ? first : first & 0x3F >> more;
        for (int i = 0; i < more; i++)
        {
            if ((bytes[at] & 0xC0) != 0x80)
                return null;

            number = number << 6 | (uint)(bytes[at++] & 0x3F);
        }

        return number;
    }

    private static byte Crc8(ReadOnlySpan<byte> bytes)
    {
        int crc = 0;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 0x80) != 0 ? crc << 1 & 0xFF ^ 0x07 : crc << 1;
        }

        return (byte)crc;
    }

    // CRC-16 with the polynomial 0x8005, from 0: over a frame and its checksum it comes out 0.
    private static ushort[] MakeTable()
    {
        var table = new ushort[256];
        for (int i = 0; i < 256; i++)
        {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x8005 : crc << 1;

            table[i] = (ushort)crc;
        }

        return table;
    }
}
