using System.IO.MemoryMappedFiles;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.Win32.SafeHandles;
using Mint.ML.Native;

namespace Mint.ML.Retrieval;

/// <summary>An item that a search found.</summary>
/// <param name="Row">Its place in the index.</param>
/// <param name="Id">What it was added as: a path, or any name.</param>
/// <param name="Similarity">The highest cosine similarity of one of the query's vectors with one of the item's.</param>
public sealed record SearchHit(long Row, string Id, float Similarity);

/// <summary>A file of embeddings, several unit vectors an item, searched exactly without being read into memory.</summary>
/// <remarks>
/// The similarity is the maximum over vectors, as in MINT's audio-text contrastive objective. The file is mapped, or read block by block: a search holds
/// a few megabytes a thread, whatever the number of items. Vectors are checked for numbers that are not finite when they are first met.
/// See <see cref="EmbeddingIndexWriter"/> for making and extending one, which replaces the file and leaves an open one as it was. Searches may run at the same
/// time.
/// </remarks>
public sealed class EmbeddingIndex : IDisposable
{
    private const int BlockBytes = 1 << 22; // a millisecond's work or so: threads share it out evenly, and a cancel is heard
    private readonly string path;
    private readonly FileStream file; // one open for header, ids and vectors: another file that takes the name is not mixed in
    private readonly DateTime written; // when it was last, as it was opened
    private readonly MemoryMappedFile? map;
    private readonly MemoryMappedViewAccessor? view;
    private readonly IndexHeader header;
    private readonly int block;       // items
    private readonly bool[] finite;   // of each block, whether that is known

    private EmbeddingIndex(string path, bool mapped)
    {
        this.path = path;
        file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1);
        try
        {
            written = File.GetLastWriteTimeUtc(file.SafeFileHandle);
            (header, Ids) = IndexHeader.Read(file, path);
            block = (int)Math.Clamp(Math.Min(BlockBytes / ItemBytes, header.Count), 1, int.MaxValue); // no thread takes more room than a small index needs
            finite = new bool[(header.Count + block - 1) / block];
            if (!mapped) return;
            map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            using var mappedFile = new Mapped(view.SafeMemoryMappedViewHandle);
            mappedFile.Advise(header.VectorsEnd);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private int ItemBytes => header.Vectors * header.VectorBytes;

    /// <summary>Names of the items, in the order of rows.</summary>
    public IReadOnlyList<string> Ids { get; }

    /// <summary>Vectors an item.</summary>
    public int VectorsPerItem => header.Vectors;

    /// <summary>Numbers a vector.</summary>
    public int Width => header.Width;

    /// <summary>How the vectors are kept.</summary>
    public VectorStorage Storage => header.Storage;

    /// <summary>Opens an index.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mapped">
    /// Whether the file is mapped, as it is by default: nothing is copied. The process ends when another program shortens a mapped file while it is searched,
    /// which nothing can catch; this library's own writers never do. False reads it instead, and that is an error like others: for servers, and files that
    /// others may change.
    /// </param>
    /// <exception cref="InvalidDataException">The file is not an index, or not a whole one.</exception>
    public static EmbeddingIndex Open(string path, bool mapped = true) => new(path, mapped);

    /// <summary>Finds the k most similar items of each query.</summary>
    /// <param name="queries">Each (V, Width): one vector of a text, or the Q vectors of a clip.</param>
    /// <param name="k">Most hits a query.</param>
    /// <param name="cancel">Stops between blocks.</param>
    /// <returns>For each query its hits, most similar first; of equal ones the lower row.</returns>
    /// <exception cref="InvalidDataException">An item has a number that is not finite, or the file was shortened since it was opened.</exception>
    public IReadOnlyList<IReadOnlyList<SearchHit>> Search(IReadOnlyList<float[,]> queries, int k, CancellationToken cancel = default)
    {
        if (k <= 0) throw new ArgumentOutOfRangeException(nameof(k), k, "k must be above 0.");
        var prepared = new QueryVectors(queries, Width);
        CheckLength();
        using var mapped = view is null ? null : new Mapped(view.SafeMemoryMappedViewHandle);
        var sweep = new Sweep(this, mapped, prepared, (int)Math.Min(k, header.Count), cancel);
        sweep.Run();
        var found = new SearchHit[queries.Count][];
        for (int q = 0; q < found.Length; q++) found[q] = Hits(sweep.Best[q]);
        return found;
    }

    private SearchHit[] Hits(TopK best)
    {
        var hits = new SearchHit[best.Count];
        for (int i = hits.Length - 1; i >= 0; i--)
        {
            best.TakeWorst(out long row, out float score);
            hits[i] = new SearchHit(row, Ids[(int)row], score);
        }
        return hits;
    }

    /// <summary>The vectors of an item as they are kept, (VectorsPerItem, Width).</summary>
    public float[,] Vectors(long row)
    {
        if (row < 0 || row >= header.Count) throw new ArgumentOutOfRangeException(nameof(row), row, $"The index has rows 0 to {header.Count - 1}.");
        byte[] bytes = new byte[ItemBytes];
        Read(row, bytes);
        if (!VectorCodec.IsFinite(header.Storage, header.Width, bytes)) throw NotFinite(row);
        var vectors = new float[header.Vectors, header.Width];
        VectorProducts.Decode(header.Storage, bytes, header.Width, MemoryMarshal.CreateSpan(ref vectors[0, 0], vectors.Length));
        return vectors;
    }

    /// <summary>The bytes of the file that was opened, whatever has taken its name since.</summary>
    /// <exception cref="InvalidDataException">Another program wrote into it.</exception>
    internal FileStream Content()
    {
        CheckLength();
        if (File.GetLastWriteTimeUtc(file.SafeFileHandle) != written)
            throw new InvalidDataException($"'{path}' was changed by another program since it was opened. Build the index again.");
        return new(new SafeFileHandle(file.SafeFileHandle.DangerousGetHandle(), ownsHandle: false), FileAccess.Read) { Position = 0 };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view?.Dispose();
        map?.Dispose();
        file.Dispose();
    }

    /// <summary>The items of a block.</summary>
    private ReadOnlySpan<byte> Block(int number, Mapped? mapped, Scan scan)
    {
        long first = (long)number * block;
        int bytes = (int)Math.Min(block, header.Count - first) * ItemBytes;
        ReadOnlySpan<byte> items;
        if (mapped is not null)
        {
            items = mapped.Bytes(IndexHeader.Bytes + first * ItemBytes, bytes);
        }
        else
        {
            scan.Block ??= new byte[block * ItemBytes];
            Read(first, scan.Block.AsSpan(0, bytes));
            items = scan.Block.AsSpan(0, bytes);
        }
        return items;
    }

    private void Read(long row, Span<byte> bytes)
    {
        long from = IndexHeader.Bytes + row * ItemBytes;
        for (int read = 0, got; read < bytes.Length; read += got)
            if ((got = RandomAccess.Read(file.SafeFileHandle, bytes[read..], from + read)) == 0) throw Shortened();
    }

    private void CheckLength()
    {
        if (RandomAccess.GetLength(file.SafeFileHandle) != header.VectorsEnd + header.IdBytes) throw Shortened();
    }

    private InvalidDataException Shortened() =>
        new($"'{path}' was changed by another program since it was opened: it is no longer as long as it was. Build the index again.");

    // One such number would be first in every search, or hide others, without a word.
    private InvalidDataException NotFinite(long row) =>
        new($"'{path}': item {row}, '{Ids[(int)row]}', has a number that is not finite or beyond 1e9, which no writer of this library puts there. "
            + "Build the index again.");

    /// <summary>One search: every block by whichever thread comes to it first.</summary>
    /// <remarks>Not Parallel.For: all that it compiles and registers before the first block took longer than searching 20,000 clips.</remarks>
    private sealed class Sweep
    {
        private readonly EmbeddingIndex index;
        private readonly Mapped? mapped;
        private readonly QueryVectors queries;
        private readonly int k;
        private readonly CancellationToken cancel;
        private int next;
        private Exception? failure;

        public Sweep(EmbeddingIndex index, Mapped? mapped, QueryVectors queries, int k, CancellationToken cancel)
        {
            (this.index, this.mapped, this.queries, this.k, this.cancel) = (index, mapped, queries, k, cancel);
            Best = TopK.Each(queries.Count, k);
        }

        public TopK[] Best { get; }

        public void Run()
        {
            // Waiting runs here what no other thread has begun, so that a busy pool delays nothing.
            var others = new Task[Math.Clamp(index.finite.Length, 1, Environment.ProcessorCount) - 1];
            for (int i = 0; i < others.Length; i++) others[i] = Task.Run(Work, CancellationToken.None);
            Work();
            Task.WaitAll(others, CancellationToken.None);
            if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        }

        private void Work()
        {
            try
            {
                var scan = new Scan(index.header, queries, k);
                for (int number; (number = Interlocked.Increment(ref next) - 1) < index.finite.Length;)
                {
                    cancel.ThrowIfCancellationRequested();
                    index.Score(number, index.Block(number, mapped, scan), queries, scan);
                }
                lock (Best)
                    for (int q = 0; q < Best.Length; q++) Best[q].Add(scan.Best[q]);
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, error, null);
                Volatile.Write(ref next, index.finite.Length); // the others end with the blocks that they have
            }
        }
    }

    /// <summary>What a thread works in.</summary>
    private sealed class Scan
    {
        public byte[]? Block; // of a file that is not mapped
        public readonly float[] Item;
        public readonly Vector512<float>[] Room;
        public readonly float[] Highest;
        public readonly TopK[] Best;

        public Scan(IndexHeader header, QueryVectors queries, int k)
        {
            Item = new float[VectorProducts.Padded(header.Vectors) * header.Width];
            Room = new Vector512<float>[queries.Panels];
            Highest = new float[queries.Count];
            Best = TopK.Each(queries.Count, k);
        }
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

        public void Advise(long bytes) => HugePages.Advise(start, bytes);

        public ReadOnlySpan<byte> Bytes(long from, int count) => new(start + from, count);

        public void Dispose() => buffer.ReleasePointer();
    }

    private void Score(int number, ReadOnlySpan<byte> bytes, QueryVectors queries, Scan scan)
    {
        long first = (long)number * block;
        int numbers = header.Vectors * header.Width, itemBytes = ItemBytes;
        bool inPlace = header.Storage == VectorStorage.Single && numbers == scan.Item.Length;
        for (int i = 0; i < bytes.Length / itemBytes; i++)
        {
            var own = bytes.Slice(i * itemBytes, itemBytes);
            if (!finite[number] && !VectorCodec.IsFinite(header.Storage, header.Width, own)) throw NotFinite(first + i);
            if (queries.Panels == 0)
            {
                queries.HighestOfFew(header.Storage, own, scan.Highest);
            }
            else if (inPlace)
            {
                queries.Highest(MemoryMarshal.Cast<byte, float>(own), scan.Room, scan.Highest);
            }
            else
            {
                VectorProducts.Decode(header.Storage, own, header.Width, scan.Item);
                // The last vector again, where their number does not fill the registers: it changes no maximum.
                for (int at = numbers; at < scan.Item.Length; at += header.Width)
                    scan.Item.AsSpan(numbers - header.Width, header.Width).CopyTo(scan.Item.AsSpan(at));
                queries.Highest(scan.Item, scan.Room, scan.Highest);
            }
            for (int q = 0; q < scan.Best.Length; q++)
                if (scan.Highest[q] >= scan.Best[q].Worst) scan.Best[q].Add(first + i, scan.Highest[q]);
        }
        finite[number] = true;
    }
}
