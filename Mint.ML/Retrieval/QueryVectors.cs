using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Mint.ML.Retrieval;

/// <summary>The vectors of some queries, laid out for products with the vectors of one item after the other.</summary>
/// <remarks>
/// 16 vectors of queries stand side by side in a lane each: a number of the item meets all of them in one instruction, the maximum over the item's
/// vectors is a maximum of lanes, and no sum runs across a register. Lanes are wasted on one query or three: those are multiplied along the
/// vector, from the bytes of the index. The two sums differ in their last bits.
/// </remarks>
internal sealed class QueryVectors
{
    private const int Lanes = 16, Few = 3;
    private const int WidePanels = 4;                                   // 4 panels x 4 vectors: 16 sums stay in registers
    private readonly int width;
    private readonly int[] ends;                                        // of each query's vectors among all
    private readonly float[][] vectors;                                 // of few queries
    private readonly Vector512<float>[] panels;                         // panel p, number e at p * width + e

    /// <exception cref="ArgumentException">A query has no vectors, vectors of another width, or numbers that are not finite or beyond 1e9.</exception>
    public QueryVectors(IReadOnlyList<float[,]> queries, int width)
    {
        this.width = width;
        ends = new int[queries.Count];
        for (int q = 0, end = 0; q < queries.Count; q++)
        {
            float[,] query = queries[q];
            if (query.GetLength(0) == 0 || query.GetLength(1) != width)
                throw new ArgumentException($"Query {q} is ({query.GetLength(0)}, {query.GetLength(1)}); the index has vectors of {width}.", nameof(queries));
            foreach (float x in query)
            {
                if (!(MathF.Abs(x) <= VectorCodec.Largest))
                {
                    throw new ArgumentException($"Query {q} has the number {x}, which is none of a vector.",
                    nameof(queries));
                }
            }

            ends[q] = end += query.GetLength(0);
        }
        int count = ends.Length == 0 ? 0 : ends[^1];
        vectors = count > Few ? [] : [.. queries.SelectMany(query => query.Cast<float>().Chunk(width))];
        Panels = count > Few ? (count + Lanes - 1) / Lanes : 0;
        panels = new Vector512<float>[Panels * width];
        var numbers = MemoryMarshal.Cast<Vector512<float>, float>(panels.AsSpan());
        for (int q = 0, row = 0; q < queries.Count && Panels > 0; q++)
        {
            for (int v = 0; v < queries[q].GetLength(0); v++, row++)
                for (int e = 0; e < width; e++) numbers[(row / Lanes * width + e) * Lanes + row % Lanes] = queries[q][v, e];
        }
    }

    /// <summary>Panels of 16 vectors; <see cref="Highest(ReadOnlySpan{float}, Span{Vector512{float}}, Span{float})"/> needs room for as many. None for few
    /// vectors, which <see cref="HighestOfFew"/> is for.</summary>
    public int Panels { get; }

    public int Count => ends.Length;

    /// <summary>The highest product of a query's vectors with an item's, for every query.</summary>
    /// <param name="item">(vectors, width), the vectors a multiple of <see cref="VectorsAtATime"/>.</param>
    /// <param name="room">As many as <see cref="Panels"/>; overwritten.</param>
    /// <param name="highest">One number a query.</param>
    public void Highest(ReadOnlySpan<float> item, Span<Vector512<float>> room, Span<float> highest)
    {
        int panel = 0;
        for (; panel + WidePanels <= Panels; panel += WidePanels)
        {
            FourPanels(item, panels.AsSpan(panel * width, WidePanels * width), room.Slice(panel, WidePanels));
        }
        for (; panel < Panels; panel++) room[panel] = OnePanel(item, panels.AsSpan(panel * width, width));
        var products = MemoryMarshal.Cast<Vector512<float>, float>(room);
        for (int q = 0, row = 0; q < ends.Length; q++)
        {
            float best = float.NegativeInfinity;
            for (; row < ends[q]; row++) best = Math.Max(best, products[row]);
            highest[q] = best;
        }
    }

    /// <summary>The highest product of a query's vectors with those of an item that is not in an index.</summary>
    /// <param name="item">(V, width).</param>
    /// <param name="highest">One number a query.</param>
    public void Highest(float[,] item, Span<float> highest)
    {
        var numbers = MemoryMarshal.CreateReadOnlySpan(ref item[0, 0], item.Length);
        if (Panels == 0)
        {
            HighestOfFew(VectorStorage.Single, MemoryMarshal.AsBytes(numbers), [], highest);
            return;
        }
        int rows = (item.GetLength(0) + VectorsAtATime - 1) / VectorsAtATime * VectorsAtATime;
        var padded = new float[rows * width];
        numbers.CopyTo(padded);
        // The last vector again, as in an index: it changes no maximum.
        for (int at = numbers.Length; at < padded.Length; at += width) numbers[^width..].CopyTo(padded.AsSpan(at));
        Highest(padded, new Vector512<float>[Panels], highest);
    }

    /// <summary>As <see cref="Highest(ReadOnlySpan{float}, Span{Vector512{float}}, Span{float})"/>, for queries without panels.</summary>
    /// <param name="storage">How the item is kept.</param>
    /// <param name="item">The item's bytes.</param>
    /// <param name="vector">Room for one of its vectors.</param>
    /// <param name="highest">One number a query.</param>
    public void HighestOfFew(VectorStorage storage, ReadOnlySpan<byte> item, float[] vector, Span<float> highest)
    {
        highest.Fill(float.NegativeInfinity);
        int size = VectorCodec.VectorBytes(storage, width);
        for (; !item.IsEmpty; item = item[size..])
        {
            var bytes = item[..size];
            ReadOnlySpan<float> numbers = storage == VectorStorage.Half ? vector.AsSpan(0, width) : default;
            if (storage == VectorStorage.Single) numbers = MemoryMarshal.Cast<byte, float>(bytes);
            else if (storage == VectorStorage.Half) VectorCodec.Decode(storage, bytes, vector.AsSpan(0, width));
            for (int q = 0, row = 0; q < ends.Length; q++)
            {
                for (; row < ends[q]; row++)
                {
                    highest[q] = Math.Max(highest[q], storage == VectorStorage.Int8 ? Int8Product(vectors[row], bytes)
                        : TensorPrimitives.Dot(vectors[row], numbers));
                }
            }
        }
    }

    private static float Int8Product(ReadOnlySpan<float> query, ReadOnlySpan<byte> bytes)
    {
        var scales = MemoryMarshal.Cast<byte, float>(bytes[..VectorCodec.ScaleBytes(query.Length)]);
        var numbers = MemoryMarshal.Cast<byte, sbyte>(bytes[VectorCodec.ScaleBytes(query.Length)..]);
        var sums = Vector512<float>.Zero;
        int i = 0;
        for (; i + VectorCodec.Group <= query.Length; i += VectorCodec.Group)
        {
            var group = VectorCodec.Floats(numbers[i..]) * Vector512.Create(query[i..]);
            group = Vector512.FusedMultiplyAdd(VectorCodec.Floats(numbers[(i + Lanes)..]), Vector512.Create(query[(i + Lanes)..]), group);
            sums = Vector512.FusedMultiplyAdd(group, Vector512.Create(scales[i / VectorCodec.Group]), sums);
        }
        float sum = Vector512.Sum(sums);
        for (; i < query.Length; i++) sum += query[i] * numbers[i] * scales[i / VectorCodec.Group];
        return sum;
    }

    /// <summary>An item's vectors are read so many at a time.</summary>
    public const int VectorsAtATime = 8;

    private Vector512<float> OnePanel(ReadOnlySpan<float> item, ReadOnlySpan<Vector512<float>> query)
    {
        var best = Vector512.Create(float.NegativeInfinity);
        for (; item.Length >= VectorsAtATime * width; item = item[(VectorsAtATime * width)..])
        {
            Vector512<float> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
            ref float x = ref MemoryMarshal.GetReference(item);
            for (int i = 0; i < query.Length; i++, x = ref Unsafe.Add(ref x, 1))
            {
                var q = query[i];
                a = Vector512.FusedMultiplyAdd(Vector512.Create(x), q, a);
                b = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref x, width)), q, b);
                c = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref x, 2 * width)), q, c);
                d = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref x, 3 * width)), q, d);
                e = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref x, 4 * width)), q, e);
                f = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref x, 5 * width)), q, f);
                g = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref x, 6 * width)), q, g);
                h = Vector512.FusedMultiplyAdd(Vector512.Create(Unsafe.Add(ref x, 7 * width)), q, h);
            }
            best = Vector512.Max(best,
                Vector512.Max(Vector512.Max(Vector512.Max(a, b), Vector512.Max(c, d)), Vector512.Max(Vector512.Max(e, f), Vector512.Max(g, h))));
        }
        return best;
    }

    private void FourPanels(ReadOnlySpan<float> item, ReadOnlySpan<Vector512<float>> query, Span<Vector512<float>> best)
    {
        best.Fill(Vector512.Create(float.NegativeInfinity));
        for (; item.Length >= 4 * width; item = item[(4 * width)..])
        {
            Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
            Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
            ref float x = ref MemoryMarshal.GetReference(item);
            ref var q = ref MemoryMarshal.GetReference(query);
            for (int i = 0; i < width; i++, x = ref Unsafe.Add(ref x, 1), q = ref Unsafe.Add(ref q, 1))
            {
                var (q0, q1, q2, q3) = (q, Unsafe.Add(ref q, width), Unsafe.Add(ref q, 2 * width), Unsafe.Add(ref q, 3 * width));
                var number = Vector512.Create(x);
                (a0, a1) = (Vector512.FusedMultiplyAdd(number, q0, a0), Vector512.FusedMultiplyAdd(number, q1, a1));
                (a2, a3) = (Vector512.FusedMultiplyAdd(number, q2, a2), Vector512.FusedMultiplyAdd(number, q3, a3));
                number = Vector512.Create(Unsafe.Add(ref x, width));
                (b0, b1) = (Vector512.FusedMultiplyAdd(number, q0, b0), Vector512.FusedMultiplyAdd(number, q1, b1));
                (b2, b3) = (Vector512.FusedMultiplyAdd(number, q2, b2), Vector512.FusedMultiplyAdd(number, q3, b3));
                number = Vector512.Create(Unsafe.Add(ref x, 2 * width));
                (c0, c1) = (Vector512.FusedMultiplyAdd(number, q0, c0), Vector512.FusedMultiplyAdd(number, q1, c1));
                (c2, c3) = (Vector512.FusedMultiplyAdd(number, q2, c2), Vector512.FusedMultiplyAdd(number, q3, c3));
                number = Vector512.Create(Unsafe.Add(ref x, 3 * width));
                (d0, d1) = (Vector512.FusedMultiplyAdd(number, q0, d0), Vector512.FusedMultiplyAdd(number, q1, d1));
                (d2, d3) = (Vector512.FusedMultiplyAdd(number, q2, d2), Vector512.FusedMultiplyAdd(number, q3, d3));
            }
            best[0] = Vector512.Max(best[0], Vector512.Max(Vector512.Max(a0, b0), Vector512.Max(c0, d0)));
            best[1] = Vector512.Max(best[1], Vector512.Max(Vector512.Max(a1, b1), Vector512.Max(c1, d1)));
            best[2] = Vector512.Max(best[2], Vector512.Max(Vector512.Max(a2, b2), Vector512.Max(c2, d2)));
            best[3] = Vector512.Max(best[3], Vector512.Max(Vector512.Max(a3, b3), Vector512.Max(c3, d3)));
        }
    }
}
