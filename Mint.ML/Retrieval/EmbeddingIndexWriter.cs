using System.Buffers.Binary;
using System.Text;
using Mint.ML.Files;

namespace Mint.ML.Retrieval;

/// <summary>Writes an index, item by item, beside its final place; <see cref="Commit"/> puts it there.</summary>
/// <remarks>Vectors are written as they come, so memory holds names only. Without <see cref="Commit"/> nothing changes.</remarks>
public sealed class EmbeddingIndexWriter : IDisposable
{
    private static readonly TimeSpan Forgotten = TimeSpan.FromDays(1); // a copy that nothing was added to for so long is of a killed process

    // Linux keeps what one call wrote as one piece of its cache where it can, and maps pieces of 2 MB and more as huge pages: a search that has just begun
    // then touches 184 MB in 4 ms instead of 60 (EPYC, ext4).
    private const int WriteBytes = 1 << 22;

    private readonly string path;
    private readonly FolderLock held;
    private readonly AtomicFile file;
    private readonly (long, DateTime) before; // what the place held when this began
    private readonly IndexHeader start;
    private readonly List<string> ids;
    private readonly byte[] bytes;

    private EmbeddingIndexWriter(string path, FolderLock held, IndexHeader start, IEnumerable<string> ids)
    {
        (this.path, this.held, this.start, this.ids, before) = (path, held, start, [.. ids], State(path));
        bytes = new byte[start.VectorBytes];
        file = new AtomicFile(path, bufferSize: WriteBytes);
        start.Write(file.Stream);
    }

    /// <summary>Begins a new index.</summary>
    /// <param name="path">The file; one that is there is replaced on <see cref="Commit"/>.</param>
    /// <param name="vectorsPerItem">Vectors an item: 32 queries for MINT, 1 for texts.</param>
    /// <param name="width">Numbers a vector: 256 for MINT.</param>
    /// <param name="storage">Half by default: half the size of Single at no loss that ranks show.</param>
    /// <exception cref="IOException">Another process writes this index.</exception>
    public static EmbeddingIndexWriter Create(string path, int vectorsPerItem, int width, VectorStorage storage = VectorStorage.Half)
    {
        if (vectorsPerItem is < 1 or > 4096) throw new ArgumentOutOfRangeException(nameof(vectorsPerItem), vectorsPerItem, "An item has 1 to 4,096 vectors.");
        if (width is < 1 or > 16384) throw new ArgumentOutOfRangeException(nameof(width), width, "A vector has 1 to 16,384 numbers.");
        return Hold(path, held => new EmbeddingIndexWriter(path, held, new IndexHeader(storage, vectorsPerItem, width, 0, 0), []));
    }

    /// <summary>Begins a copy of an index, to be added to.</summary>
    /// <exception cref="FileNotFoundException">There is no such index.</exception>
    /// <exception cref="InvalidDataException">The file is not an index, or not a whole one.</exception>
    /// <exception cref="IOException">Another process writes this index.</exception>
    public static EmbeddingIndexWriter Append(string path) => File.Exists(path) ? Hold(path, held => Append(path, held))
        : throw new FileNotFoundException($"There is no index '{path}'.", path);

    private static EmbeddingIndexWriter Append(string path, FolderLock held)
    {
        using var old = File.OpenRead(path);
        var (header, ids) = IndexHeader.Read(old, path);
        var writer = new EmbeddingIndexWriter(path, held, header, ids);
        try
        {
            old.Position = IndexHeader.Bytes;
            byte[] buffer = new byte[1 << 20];
            for (long left = header.VectorsEnd - IndexHeader.Bytes; left > 0;)
            {
                int size = (int)Math.Min(left, buffer.Length);
                old.ReadExactly(buffer, 0, size);
                writer.file.Stream.Write(buffer, 0, size);
                left -= size;
            }
            return writer;
        }
        catch
        {
            writer.file.Dispose();
            throw;
        }
    }

    // The lock outlives this only in the writer.
    private static EmbeddingIndexWriter Hold(string path, Func<FolderLock, EmbeddingIndexWriter> begin)
    {
        var held = FolderLock.TakeFile(path);
        try
        {
            AtomicFile.Sweep(Path.GetDirectoryName(Path.GetFullPath(path))!, name => name == Path.GetFileName(path), Forgotten);
            return begin(held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static (long, DateTime) State(string path) => new FileInfo(path) is { Exists: true } file ? (file.Length, file.LastWriteTimeUtc) : default;

    /// <summary>Adds an item.</summary>
    /// <param name="id">A path, or any name.</param>
    /// <param name="vectors">(vectorsPerItem, width), each of unit length if similarities shall be cosines.</param>
    public void Add(string id, float[,] vectors)
    {
        if (vectors.GetLength(0) != start.Vectors || vectors.GetLength(1) != start.Width)
        {
            throw new ArgumentException($"'{id}' has vectors of shape ({vectors.GetLength(0)}, {vectors.GetLength(1)}); the index has ({start.Vectors}, "
                + $"{start.Width}).");
        }

        float[] vector = new float[start.Width];
        foreach (float x in vectors)
        {
            if (!(MathF.Abs(x) <= VectorCodec.Largest))
            {
                throw new ArgumentException($"'{id}' has the number {x}; a vector's are finite, and of unit "
                + $"length at most 1.");
            }
        }

        for (int v = 0; v < start.Vectors; v++)
        {
            for (int e = 0; e < start.Width; e++) vector[e] = vectors[v, e];
            VectorCodec.Encode(start.Storage, vector, bytes);
            file.Stream.Write(bytes);
        }
        ids.Add(id);
    }

    /// <summary>Adds items of other indexes as they are kept there.</summary>
    /// <param name="from">Where items stand, by their names, in files of the same storage and shape.</param>
    /// <param name="picked">Which of the items, and in which order.</param>
    internal void AddFrom(IReadOnlyDictionary<string, (FileStream File, long Row)> from, IEnumerable<string> picked)
    {
        byte[] item = new byte[start.Vectors * start.VectorBytes];
        foreach (string id in picked)
        {
            var (other, row) = from[id];
            other.Position = IndexHeader.Bytes + row * item.Length;
            other.ReadExactly(item);
            file.Stream.Write(item);
            ids.Add(id);
        }
    }

    /// <summary>Finishes the file and puts it in its place.</summary>
    /// <exception cref="InvalidOperationException">The place has changed since this writer began: another one of this process wrote there.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(!file.Stream.CanWrite, this);
        if (State(path) != before)
        {
            throw new InvalidOperationException($"{path} has changed since this writer began, and would lose what was added. Append to it anew, one writer "
                + $"at a time.");
        }
        var stream = file.Stream;
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
        file.Commit();
    }

    /// <summary>Ends writing; what was not committed is removed.</summary>
    public void Dispose()
    {
        file.Dispose();
        held.Dispose();
    }
}
