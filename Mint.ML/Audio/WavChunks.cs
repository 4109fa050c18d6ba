using System.Buffers.Binary;
using System.Text;

namespace Mint.ML.Audio;

/// <summary>The format of a WAV file's samples.</summary>
internal readonly record struct WavFormat(ushort Tag, int Channels, int SampleRate, int Align, int Bits)
{
    public const ushort Pcm = 1, IeeeFloat = 3, Extensible = 0xFFFE;

    /// <summary>Whether the samples are frames of MPEG audio, layers 1 to 3.</summary>
    public bool IsMpeg => Tag is 0x50 or 0x55;

    /// <summary>Whether <see cref="WavReader"/> decodes it; anything else is libsndfile's.</summary>
    public bool IsPlain => (Tag, Bits) is (Pcm, 8 or 16 or 24 or 32) or (IeeeFloat, 32 or 64);
}

/// <summary>
/// The chunks of RIFF/WAVE, and of RF64 and BW64 (EBU Tech 3306), whose sizes above 4 GB stand in a "ds64" chunk: where the samples are, and
/// what the file's real size and the chunks behind them say of the header.
/// </summary>
internal sealed record WavChunks(WavFormat Format, Examined Data)
{
    private const int MaxChunks = 1_000;

    /// <summary>Writers that cannot go back leave a size as large as it gets, less the header that they count in.</summary>
    private const uint OpenSlack = 4096;

    // The last fourteen bytes of the GUID that an extensible header wraps a plain format tag in.
    private static ReadOnlySpan<byte> TagGuid => [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

    /// <summary>True when the first twelve bytes are those of such a file.</summary>
    public static bool Recognises(ReadOnlySpan<byte> start) =>
        start.Length >= 12 && (start.StartsWith("RIFF"u8) || start.StartsWith("RF64"u8) || start.StartsWith("BW64"u8)) && start[8..].StartsWith("WAVE"u8);

    /// <summary>Reads the chunks up to the samples, and looks at those behind.</summary>
    /// <exception cref="AudioFormatException">There are no samples to be found, or their format contradicts itself.</exception>
    public static WavChunks Read(Stream stream, string file)
    {
        var bytes = new ByteWindow(stream);
        WavFormat? format = null;
        long longSize = -1, position = 12;
        for (int chunk = 0; chunk < MaxChunks; chunk++)
        {
            ReadOnlySpan<byte> header = bytes.At(position, 8);
            if (header.Length < 8)
                throw Bad(file, format is null ? "the file ends before its format chunk" : "the file ends before its data chunk");

            uint size = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            long body = position + 8;
            if (header.StartsWith("data"u8))
            {
                WavFormat found = format ?? throw Bad(file, "the data chunk stands before the format chunk");
                return new WavChunks(found, Examine(bytes, body, size == uint.MaxValue && longSize >= 0 ? longSize : size, longSize >= 0, found.Align));
            }

            if (size > bytes.Length - body)
            {
                throw Bad(file, $"chunk '{Name(header[..4])}' claims {size:N0} bytes but only {bytes.Length - body:N0} follow: the file is cut off or its "
                    + "header lies");
            }

            if (header.StartsWith("fmt "u8))
            {
                format = ReadFormat(bytes.At(body, (int)Math.Min(size, 64)), size, file);
            }
            else if (header.StartsWith("ds64"u8) && bytes.At(body, 16) is { Length: 16 } sizes)
            {
                longSize = Math.Max(-1, BinaryPrimitives.ReadInt64LittleEndian(sizes[8..])); // after the size of the file
            }

            position = body + size + (size & 1); // chunks are padded to even sizes
        }

        throw Bad(file, $"no data chunk among the first {MaxChunks:N0} chunks");
    }

    // The samples begin at start and the header gives them size bytes: what of that is true?
    private static Examined Examine(ByteWindow bytes, long start, long size, bool isLong, int frame)
    {
        long left = bytes.Length - start, fits = left / frame * frame;
        bool open = size == 0 && left > 0 && !ChunksFollow(bytes, start, out _)
            || size > left && (size is > uint.MaxValue - OpenSlack and <= uint.MaxValue or > int.MaxValue - OpenSlack and <= int.MaxValue + 1L);
        if (open)
        {
            string? inside = fits < left ? $"it is cut off: its last frame has {left - fits} of {frame} bytes" : null;
            return new Examined(new Part(start, start + fits)) { Damage = inside, Samples = fits / frame, Corrections = Size(fits) };
        }

        if (size > left)
        {
            return new Examined(new Part(start, start + fits))
            {
                Damage = $"chunk 'data' claims {size:N0} bytes but only {left:N0} follow: the file is cut off or its header lies",
                Samples = fits / frame,
                Corrections = Size(fits),
            };
        }

        fits = size / frame * frame;
        string? damage = fits < size ? $"the data chunk's {size:N0} bytes are not a whole number of {frame}-byte frames" : null;
        long end = start + size;
        // Some writers do not pad an odd chunk.
        if (damage is null && !ChunksFollow(bytes, end + (size & 1), out string? second) && !((size & 1) != 0 && ChunksFollow(bytes, end, out second)))
            damage = second ?? $"its header gives the samples {size:N0} bytes, but {bytes.Length - end:N0} more follow that are no chunks of a WAV file";

        return new Examined(new Part(start, start + fits)) { Damage = damage, Samples = fits / frame };

        // For libsndfile, which is given the whole file with a true size in it.
        IReadOnlyList<(long, byte[])> Size(long value) => isLong || value > uint.MaxValue ? [] : [(start - 4, BitConverter.GetBytes((uint)value))];
    }

    // Whether chunks, or what taggers append, stand from here to the end. Metadata that is cut off loses no sound; a second data chunk would.
    private static bool ChunksFollow(ByteWindow bytes, long position, out string? second)
    {
        second = null;
        for (int chunk = 0; chunk < MaxChunks; chunk++)
        {
            if (position >= bytes.Length || bytes.IsTail(position))
                return true;

            ReadOnlySpan<byte> header = bytes.At(position, 8);
            if (header.Length < 8 || header[..4].ContainsAnyExceptInRange((byte)' ', (byte)'~'))
                return false;

            if (header.StartsWith("data"u8))
            {
                second = $"a second data chunk stands at byte {position:N0}";
                return false;
            }

            uint size = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            if (size > bytes.Length - position - 8)
            {
                return header.StartsWith("LIST"u8) || header.StartsWith("id3 "u8) || header.StartsWith("bext"u8) || header.StartsWith("cue "u8)
                    || header.StartsWith("smpl"u8) || header.StartsWith("_PMX"u8) || header.StartsWith("iXML"u8);
            }

            position += 8 + size + (size & 1);
        }

        return false;
    }

    private static WavFormat ReadFormat(ReadOnlySpan<byte> bytes, uint size, string file)
    {
        if (size is < 16 or > 1024)
            throw Bad(file, $"the format chunk has {size:N0} bytes; 16 to 40 are usual");

        ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        uint rate = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        int align = BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]);
        if (tag == WavFormat.Extensible)
        {
            if (size < 40 || !bytes.Slice(26, 14).SequenceEqual(TagGuid))
                throw Bad(file, "its extensible format chunk is incomplete or holds an unknown identifier");

            tag = BinaryPrimitives.ReadUInt16LittleEndian(bytes[24..]);
        }

        var format = new WavFormat(tag, channels, (int)Math.Min(rate, int.MaxValue), Math.Max(align, 1), bits);
        if (format.IsPlain && (channels == 0 || align != channels * bits / 8))
            throw Bad(file, $"its header contradicts itself: {channels} channels of {bits} bits, but {align} bytes a frame");

        return format;
    }

    private static string Name(ReadOnlySpan<byte> id)
    {
        var name = new StringBuilder();
        foreach (byte b in id)
            name.Append(b is >= 32 and < 127 ? (char)b : '?');

        return name.ToString();
    }

    private static AudioFormatException Bad(string file, string problem) =>
        new(file, problem, "Copy the file again from its source, or write it anew (ffmpeg -i in.wav out.wav).");
}
