using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Mint.ML.Retrieval;

/// <summary>An item that a search found.</summary>
/// <param name="Row">Its place in the index.</param>
/// <param name="Id">What it was added as: a path, or any name.</param>
/// <param name="Similarity">The highest cosine similarity of one of the query's vectors with one of the item's.</param>
public sealed record SearchHit(long Row, string Id, float Similarity);

/// <summary>A file of embeddings, several unit vectors an item, searched exactly without being read into memory.</summary>
/// <remarks>
/// The similarity is the maximum over vectors, as in MINT's audio-text contrastive objective. The file is mapped: a search holds one block of items a thread, whatever
/// the number of items. See <see cref="EmbeddingIndexWriter"/> for making and extending one. Searches may run at the same time.
/// </remarks>
public sealed class EmbeddingIndex : IDisposable
{
    private const int BlockBytes = 1 << 19; // stays in the second-level cache
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly IndexHeader header;

    private EmbeddingIndex(string path)
    {
        using (var stream = File.OpenRead(path)) (header, Ids) = IndexHeader.Read(stream, path);
        file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>Names of the items, in the order of rows.</summary>
    public IReadOnlyList<string> Ids { get; }

    /// <summary>Vectors an item.</summary>
    public int VectorsPerItem => header.Vectors;

    /// <summary>Numbers a vector.</summary>
    public int Width => header.Width;

    /// <summary>How the vectors are kept.</summary>
    public VectorStorage Storage => header.Storage;

    /// <summary>Opens an index.</summary>
    /// <exception cref="InvalidDataException">The file is not an index, or not a whole one.</exception>
    public static EmbeddingIndex Open(string path) => new(path);

    /// <summary>Finds the k most similar items of each query.</summary>
    /// <param name="queries">Each (V, Width): one vector of a text, or the Q vectors of a clip.</param>
    /// <param name="k">Most hits a query.</param>
    /// <param name="cancel">Stops between blocks.</param>
    /// <returns>For each query its hits, most similar first; of equal ones the lower row.</returns>
    public IReadOnlyList<IReadOnlyList<SearchHit>> Search(IReadOnlyList<float[,]> queries, int k, CancellationToken cancel = default)
    {
        if (k <= 0) throw new ArgumentOutOfRangeException(nameof(k), k, "k must be above 0.");
        var prepared = queries.Select((query, i) => QueryVectors.From(query, Width, i)).ToArray();
        int block = Math.Max(1, BlockBytes / (header.VectorBytes * header.Vectors));
        long blocks = (header.Count + block - 1) / block;
        var best = prepared.Select(_ => new TopK(k)).ToArray();
        Parallel.For(0L, blocks, new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount },
            () => new Scan(new byte[block * header.Vectors * header.VectorBytes], new float[header.Width], [.. prepared.Select(_ => new TopK(k))]),
            (b, _, scan) => Score(b * block, (int)Math.Min(block, header.Count - b * block), prepared, scan),
            scan =>
            {
                lock (best)
                    for (int q = 0; q < best.Length; q++) best[q].Add(scan.Best[q]);
            });
        return [.. best.Select(found => found.Sorted().Select(hit => new SearchHit(hit.Row, Ids[(int)hit.Row], hit.Score)).ToArray())];
    }

    /// <summary>The vectors of an item as they are kept, (VectorsPerItem, Width).</summary>
    public float[,] Vectors(long row)
    {
        if (row < 0 || row >= header.Count) throw new ArgumentOutOfRangeException(nameof(row), row, $"The index has rows 0 to {header.Count - 1}.");
        byte[] bytes = new byte[header.Vectors * header.VectorBytes];
        Read(row, bytes);
        var vectors = new float[header.Vectors, header.Width];
        float[] vector = new float[header.Width];
        for (int v = 0; v < header.Vectors; v++)
        {
            VectorCodec.Decode(header.Storage, bytes.AsSpan(v * header.VectorBytes, header.VectorBytes), vector);
            for (int e = 0; e < header.Width; e++) vectors[v, e] = vector[e];
        }
        return vectors;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view.Dispose();
        file.Dispose();
    }

    private sealed record Scan(byte[] Bytes, float[] Vector, TopK[] Best);

    private void Read(long row, Span<byte> bytes) =>
        view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(IndexHeader.Bytes + row * header.Vectors * header.VectorBytes), bytes);

    private Scan Score(long first, int count, QueryVectors[] queries, Scan scan)
    {
        int item = header.Vectors * header.VectorBytes;
        Read(first, scan.Bytes.AsSpan(0, count * item));
        Span<float> highest = new float[queries.Length];
        for (int i = 0; i < count; i++)
        {
            highest.Fill(float.NegativeInfinity);
            for (int v = 0; v < header.Vectors; v++)
            {
                var bytes = scan.Bytes.AsSpan(i * item + v * header.VectorBytes, header.VectorBytes);
                if (header.Storage == VectorStorage.Int8)
                {
                    for (int q = 0; q < queries.Length; q++) highest[q] = Math.Max(highest[q], queries[q].HighestInt8(bytes));
                    continue;
                }
                ReadOnlySpan<float> vector = scan.Vector;
                if (header.Storage == VectorStorage.Single) vector = MemoryMarshal.Cast<byte, float>(bytes);
                else VectorCodec.Decode(header.Storage, bytes, scan.Vector);
                for (int q = 0; q < queries.Length; q++) highest[q] = Math.Max(highest[q], queries[q].Highest(vector));
            }
            for (int q = 0; q < queries.Length; q++) scan.Best[q].Add(first + i, highest[q]);
        }
        return scan;
    }
}

/// <summary>The best k of what is added; of equal scores the lower row.</summary>
internal sealed class TopK(int k)
{
    private static readonly Comparer<(float Score, long Row)> worstFirst = Comparer<(float Score, long Row)>.Create((a, b) =>
        a.Score != b.Score ? a.Score.CompareTo(b.Score) : b.Row.CompareTo(a.Row));

    private readonly SortedSet<(float Score, long Row)> kept = new(worstFirst);
    private float worst = float.NegativeInfinity;

    public void Add(long row, float score)
    {
        if (kept.Count == k && score < worst) return;
        kept.Add((score, row));
        if (kept.Count > k) kept.Remove(kept.Min);
        worst = kept.Min.Score;
    }

    public void Add(TopK other)
    {
        foreach (var (score, row) in other.kept) Add(row, score);
    }

    public IEnumerable<(float Score, long Row)> Sorted() => kept.Reverse();
}
