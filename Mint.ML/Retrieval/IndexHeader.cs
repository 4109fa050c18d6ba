using System.Buffers.Binary;
using System.Text;

namespace Mint.ML.Retrieval;

/// <summary>The first bytes of an index: what follows, and how much. After it the vectors, then every id as its length (int32) and UTF-8.</summary>
internal sealed record IndexHeader(VectorStorage Storage, int Vectors, int Width, long Count, long IdBytes)
{
    public const int Bytes = 64;
    private static readonly byte[] magic = "MINTIDX1"u8.ToArray();

    public int VectorBytes => VectorCodec.VectorBytes(Storage, Width);

    public long VectorsEnd => Bytes + Count * Vectors * VectorBytes;

    public void Write(Stream stream)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        bytes.Clear();
        magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], (int)Storage);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], Vectors);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], Width);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], Count);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], IdBytes);
        stream.Write(bytes);
    }

    /// <summary>Reads the header and the ids, and checks that the file is as long as they say.</summary>
    public static (IndexHeader Header, string[] Ids) Read(Stream stream, string path)
    {
        byte[] bytes = new byte[Bytes];
        if (stream.ReadAtLeast(bytes, Bytes, throwOnEndOfStream: false) < Bytes || !bytes.AsSpan(0, magic.Length).SequenceEqual(magic))
            throw new InvalidDataException($"'{path}' is not a search index.");
        var header =
            new IndexHeader((VectorStorage)BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)), BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12)),
            BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(16)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(24)),
                BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(32)));
        if (header.Storage is < VectorStorage.Single or > VectorStorage.Int8 || header.Vectors is < 1 or > 4096 || header.Width is < 1 or > 16384
            || header.Count is < 0 or > int.MaxValue || header.IdBytes < 0 || header.IdBytes > Array.MaxLength)
        {
            throw new InvalidDataException($"'{path}': the header of the index is damaged. Build the index again.");
        }
        // Any of these products fits: 2^31 items of 2^12 vectors of 2^16 bytes is 2^59.
        if (stream.Length != header.VectorsEnd + header.IdBytes)
        {
            throw new InvalidDataException($"'{path}' has {stream.Length} bytes, its header says {header.VectorsEnd + header.IdBytes}: the file was cut or "
                + "damaged. Build the index again.");
        }

        stream.Position = header.VectorsEnd;
        byte[] ids = new byte[header.IdBytes];
        stream.ReadExactly(ids);
        return (header, Names(ids, (int)header.Count, path));
    }

    private static string[] Names(ReadOnlySpan<byte> bytes, int count, string path)
    {
        if (count > bytes.Length / sizeof(int)) throw Damaged();
        string[] names = new string[count];
        for (int i = 0; i < count; i++)
        {
            int length = bytes.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes);
            if (length < 0 || length > bytes.Length - sizeof(int)) throw Damaged();
            names[i] = Encoding.UTF8.GetString(bytes.Slice(sizeof(int), length));
            bytes = bytes[(sizeof(int) + length)..];
        }
        return bytes.IsEmpty ? names : throw Damaged();

        InvalidDataException Damaged() => new($"'{path}': the names of the index's items are damaged. Build the index again.");
    }
}
