using System.Buffers.Binary;
using System.Text;

namespace Mint.ML.Retrieval;

/// <summary>Writes an index, item by item, beside its final place; <see cref="Commit"/> puts it there.</summary>
/// <remarks>Vectors are written as they come, so memory holds names only. Without <see cref="Commit"/> nothing changes.</remarks>
public sealed class EmbeddingIndexWriter : IDisposable
{
    private readonly string path, temporary;
    private readonly FileStream stream;
    private readonly IndexHeader start;
    private readonly List<string> ids;
    private readonly byte[] bytes;
    private bool committed;

    private EmbeddingIndexWriter(string path, IndexHeader start, IEnumerable<string> ids)
    {
        (this.path, this.start, this.ids) = (path, start, [.. ids]);
        temporary = path + ".partial";
        bytes = new byte[start.VectorBytes];
        stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        start.Write(stream);
    }

    /// <summary>Begins a new index.</summary>
    /// <param name="path">The file; one that is there is replaced on <see cref="Commit"/>.</param>
    /// <param name="vectorsPerItem">Vectors an item: 32 queries for MINT, 1 for texts.</param>
    /// <param name="width">Numbers a vector: 256 for MINT.</param>
    /// <param name="storage">Half by default: half the size of Single at no loss that ranks show.</param>
    public static EmbeddingIndexWriter Create(string path, int vectorsPerItem, int width, VectorStorage storage = VectorStorage.Half)
    {
        if (vectorsPerItem is < 1 or > 4096) throw new ArgumentOutOfRangeException(nameof(vectorsPerItem), vectorsPerItem, "An item has 1 to 4,096 vectors.");
        if (width is < 1 or > 16384) throw new ArgumentOutOfRangeException(nameof(width), width, "A vector has 1 to 16,384 numbers.");
        return new EmbeddingIndexWriter(path, new IndexHeader(storage, vectorsPerItem, width, 0, 0), []);
    }

    /// <summary>Begins a copy of an index, to be added to.</summary>
    /// <exception cref="InvalidDataException">The file is not an index, or not a whole one.</exception>
    public static EmbeddingIndexWriter Append(string path)
    {
        using var old = File.OpenRead(path);
        var (header, ids) = IndexHeader.Read(old, path);
        var writer = new EmbeddingIndexWriter(path, header, ids);
        try
        {
            old.Position = IndexHeader.Bytes;
            byte[] buffer = new byte[1 << 20];
            for (long left = header.VectorsEnd - IndexHeader.Bytes; left > 0;)
            {
                int size = (int)Math.Min(left, buffer.Length);
                old.ReadExactly(buffer, 0, size);
                writer.stream.Write(buffer, 0, size);
                left -= size;
            }
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Adds an item.</summary>
    /// <param name="id">A path, or any name.</param>
    /// <param name="vectors">(vectorsPerItem, width), each of unit length if similarities shall be cosines.</param>
    public void Add(string id, float[,] vectors)
    {
        if (vectors.GetLength(0) != start.Vectors || vectors.GetLength(1) != start.Width)
            throw new ArgumentException($"'{id}' has vectors of shape ({vectors.GetLength(0)}, {vectors.GetLength(1)}); the index has ({start.Vectors}, {start.Width}).");
        float[] vector = new float[start.Width];
        foreach (float x in vectors)
            if (!float.IsFinite(x)) throw new ArgumentException($"'{id}' has a number that is not finite.");
        for (int v = 0; v < start.Vectors; v++)
        {
            for (int e = 0; e < start.Width; e++) vector[e] = vectors[v, e];
            VectorCodec.Encode(start.Storage, vector, bytes);
            stream.Write(bytes);
        }
        ids.Add(id);
    }

    /// <summary>Finishes the file and puts it in its place.</summary>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(!stream.CanWrite, this);
        long idBytes = 0;
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (string id in ids)
        {
            byte[] name = Encoding.UTF8.GetBytes(id);
            BinaryPrimitives.WriteInt32LittleEndian(length, name.Length);
            stream.Write(length);
            stream.Write(name);
            idBytes += sizeof(int) + name.Length;
        }
        stream.Position = 0;
        (start with { Count = ids.Count, IdBytes = idBytes }).Write(stream);
        stream.Dispose();
        File.Move(temporary, path, overwrite: true);
        committed = true;
    }

    /// <summary>Ends writing; what was not committed is removed.</summary>
    public void Dispose()
    {
        stream.Dispose();
        if (!committed && File.Exists(temporary)) File.Delete(temporary);
    }
}
