using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Mint.ML.Retrieval;

/// <summary>An item that a search found.</summary>
/// <param name="Row">Its place in the index.</param>
/// <param name="Id">What it was added as: a path, or any name.</param>
/// <param name="Similarity">The highest cosine similarity of one of the query's vectors with one of the item's.</param>
public sealed record SearchHit(long Row, string Id, float Similarity);

/// <summary>A file of embeddings, several unit vectors an item, searched exactly without being read into memory.</summary>
/// <remarks>
/// The similarity is the maximum over vectors, as in MINT's audio-text contrastive objective. The file is mapped: a search holds one item a thread, whatever
/// the number of items. See <see cref="EmbeddingIndexWriter"/> for making and extending one. Searches may run at the same time.
/// </remarks>
public sealed class EmbeddingIndex : IDisposable
{
    private const int BlockBytes = 1 << 22; // a millisecond's work or so: threads share it out evenly, and a cancel is heard
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
        var prepared = new QueryVectors(queries, Width);
        int block = Math.Max(1, BlockBytes / (header.VectorBytes * header.Vectors));
        long blocks = (header.Count + block - 1) / block;
        var best = queries.Select(_ => new TopK(k)).ToArray();
        using var mapped = new Mapped(view.SafeMemoryMappedViewHandle);
        Parallel.For(0L, blocks, new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount },
            () => new Scan(header, prepared, k),
            (b, _, scan) => Score(b * block, (int)Math.Min(block, header.Count - b * block), mapped, prepared, scan),
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
        view.SafeMemoryMappedViewHandle.ReadSpan((ulong)(IndexHeader.Bytes + row * header.Vectors * header.VectorBytes), bytes.AsSpan());
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

    /// <summary>What a thread works in.</summary>
    private sealed class Scan(IndexHeader header, QueryVectors queries, int k)
    {
        public readonly float[] Item = new float[(header.Vectors + QueryVectors.VectorsAtATime - 1) / QueryVectors.VectorsAtATime * QueryVectors.VectorsAtATime * header.Width];
        public readonly Vector512<float>[] Room = new Vector512<float>[queries.Panels];
        public readonly float[] Highest = new float[queries.Count];
        public readonly TopK[] Best = [.. Enumerable.Range(0, queries.Count).Select(_ => new TopK(k))];
    }

    /// <summary>The file's bytes, which stay mapped as long as this lives, even if the index is disposed.</summary>
    private sealed unsafe class Mapped : IDisposable
    {
        private readonly SafeBuffer buffer;
        private readonly byte* start;

        public Mapped(SafeBuffer buffer)
        {
            this.buffer = buffer;
            buffer.AcquirePointer(ref start);
        }

        public ReadOnlySpan<byte> Bytes(long from, int count) => new(start + from, count);

        public void Dispose() => buffer.ReleasePointer();
    }

    private Scan Score(long first, int count, Mapped file, QueryVectors queries, Scan scan)
    {
        int item = header.Vectors * header.Width, itemBytes = header.Vectors * header.VectorBytes;
        var bytes = file.Bytes(IndexHeader.Bytes + first * itemBytes, count * itemBytes);
        for (int i = 0; i < count; i++)
        {
            var own = bytes.Slice(i * itemBytes, itemBytes);
            if (queries.Panels == 0) queries.HighestOfFew(header.Storage, own, scan.Item, scan.Highest);
            else
            {
                for (int v = 0; v < header.Vectors; v++)
                    VectorCodec.Decode(header.Storage, own.Slice(v * header.VectorBytes, header.VectorBytes), scan.Item.AsSpan(v * header.Width, header.Width));
                // The last vector again, where their number does not fill the registers: it changes no maximum.
                for (int at = item; at < scan.Item.Length; at += header.Width) scan.Item.AsSpan(item - header.Width, header.Width).CopyTo(scan.Item.AsSpan(at));
                queries.Highest(scan.Item, scan.Room, scan.Highest);
            }
            for (int q = 0; q < scan.Best.Length; q++) scan.Best[q].Add(first + i, scan.Highest[q]);
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
