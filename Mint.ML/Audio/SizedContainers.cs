using System.Buffers.Binary;

namespace Mint.ML.Audio;

/// <summary>
/// AIFF, AU, CAF and Wave64 by the size that their header gives the samples, against the file's: libsndfile takes the smaller one in silence.
/// </summary>
internal static class SizedContainers
{
    private const int MaxChunks = 1_000, CafHeader = 12;

    public static Examined? Examine(Stream file, long start, string kind)
    {
        var bytes = new ByteWindow(file);
        return kind switch
        {
            "AIFF" => Walk(bytes, start, 12, "SSND"u8, 8, 2, h => BinaryPrimitives.ReadUInt32BigEndian(h[4..])),
            "CAF" => Walk(bytes, start, 8, "data"u8, CafHeader, 1, h => BinaryPrimitives.ReadInt64BigEndian(h[4..])),
            // A GUID that begins with the name, and a size that counts its own header of 24 bytes.
            "Wave64" => Walk(bytes, start, 40, "data"u8, 24, 8, h => BinaryPrimitives.ReadInt64LittleEndian(h[16..]) - 24),
            "AU" => bytes.At(start, 12) is { Length: 12 } header && BinaryPrimitives.ReadUInt32BigEndian(header[8..]) is var size and not uint.MaxValue
                ? Judge(bytes, start, start + BinaryPrimitives.ReadUInt32BigEndian(header[4..]), size) : null,
            _ => null,
        };
    }

    private delegate long Size(ReadOnlySpan<byte> header);

    private static Examined? Walk(ByteWindow bytes, long start, int first, ReadOnlySpan<byte> samples, int headerBytes, int padding, Size size)
    {
        long position = start + first;
        for (int chunk = 0; chunk < MaxChunks && bytes.At(position, headerBytes) is var header && header.Length == headerBytes; chunk++)
        {
            long length = size(header);
            position += headerBytes;
            if (header.StartsWith(samples))
            {
                Examined? cut = length < 0 ? null : Judge(bytes, start, position, length);
                if (headerBytes != CafHeader || cut is null && length >= 0)
                {
                    return cut;
                }

                // libsndfile opens no CAF file that is cut off, nor one of size -1, "to the end". The size counts the header's last four bytes.
                var size64 = new byte[sizeof(long)];
                BinaryPrimitives.WriteInt64BigEndian(size64, bytes.Length - position + 4);
                return (cut ?? new Examined(new Part(start, bytes.Length))) with { Corrections = [(position - 8, size64)] };
            }

            if (length < 0 || length > bytes.Length - position)
            {
                return null; // libsndfile says what is wrong with such a header
            }

            position += (length + padding - 1) / padding * padding;
        }

        return null;
    }

    private static Examined? Judge(ByteWindow bytes, long start, long samples, long size) => size <= bytes.Length - samples ? null
        : new Examined(new Part(start, bytes.Length))
        {
            Damage = $"its header gives the samples {size:N0} bytes, but only {Math.Max(0, bytes.Length - samples):N0} follow: the file is cut off or its "
                + "header lies",
        };
}
