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
    private const int Lanes = VectorProducts.Lanes, Few = 3;
    private readonly int width;
    private readonly int[] ends;                                        // of each query's vectors among all
    private readonly float[][] few;                                     // (V, width) of each of few queries
    private readonly Vector512<float>[] panels;                         // panel p, number e at p * width + e

    /// <exception cref="ArgumentException">A query has no vectors, vectors of another width, or numbers that are not finite or beyond 1e9.</exception>
    public QueryVectors(IReadOnlyList<float[,]> queries, int width)
    {
        this.width = width;
        ends = new int[queries.Count];
        float[][] flat = new float[queries.Count][];
        int count = 0;
        for (int q = 0; q < flat.Length; q++)
        {
            flat[q] = Flat(queries[q], q);
            ends[q] = count += queries[q].GetLength(0);
        }
        few = count > Few ? [] : flat;
        Panels = count > Few ? (count + Lanes - 1) / Lanes : 0;
        panels = Panels > 0 ? SideBySide(flat) : [];
    }

    // Copied as bytes: code that reads (V, width) number by number is compiled for each such type before the first answer.
    private float[] Flat(float[,] query, int q)
    {
        if (query.GetLength(0) == 0 || query.GetLength(1) != width)
            throw new ArgumentException($"Query {q} is ({query.GetLength(0)}, {query.GetLength(1)}); the index has vectors of {width}.", "queries");
        float[] numbers = new float[query.Length];
        Buffer.BlockCopy(query, 0, numbers, 0, sizeof(float) * numbers.Length);
        if (!VectorProducts.IsWithin(numbers, VectorCodec.Largest))
        {
            float odd = numbers.First(x => !(MathF.Abs(x) <= VectorCodec.Largest));
            throw new ArgumentException($"Query {q} has the number {odd}, which is none of a vector.", "queries");
        }
        return numbers;
    }

    private Vector512<float>[] SideBySide(float[][] flat)
    {
        var side = new Vector512<float>[Panels * width];
        var numbers = MemoryMarshal.Cast<Vector512<float>, float>(side.AsSpan());
        int row = 0;
        foreach (float[] query in flat)
        {
            for (int v = 0; v < query.Length; v += width, row++)
                for (int e = 0; e < width; e++) numbers[(row / Lanes * width + e) * Lanes + row % Lanes] = query[v + e];
        }
        return side;
    }

    /// <summary>Panels of 16 vectors; <see cref="Highest(ReadOnlySpan{float}, Span{Vector512{float}}, Span{float})"/> needs room for as many. None for few
    /// vectors, which <see cref="HighestOfFew"/> is for.</summary>
    public int Panels { get; }

    public int Count => ends.Length;

    /// <summary>The highest product of a query's vectors with an item's, for every query.</summary>
    /// <param name="item">(vectors, width), the vectors a multiple of <see cref="VectorProducts.VectorsAtATime"/>.</param>
    /// <param name="room">As many as <see cref="Panels"/>; overwritten.</param>
    /// <param name="highest">One number a query.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Highest(ReadOnlySpan<float> item, Span<Vector512<float>> room, Span<float> highest)
    {
        VectorProducts.Highest(item, panels, width, room);
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
            HighestOfFew(VectorStorage.Single, MemoryMarshal.AsBytes(numbers), highest);
            return;
        }
        int rows = VectorProducts.Padded(item.GetLength(0));
        var padded = new float[rows * width];
        numbers.CopyTo(padded);
        // The last vector again, as in an index: it changes no maximum.
        for (int at = numbers.Length; at < padded.Length; at += width) numbers[^width..].CopyTo(padded.AsSpan(at));
        Highest(padded, new Vector512<float>[Panels], highest);
    }

    /// <summary>As <see cref="Highest(ReadOnlySpan{float}, Span{Vector512{float}}, Span{float})"/>, for queries without panels.</summary>
    /// <param name="storage">How the item is kept.</param>
    /// <param name="item">The item's bytes.</param>
    /// <param name="highest">One number a query.</param>
    public void HighestOfFew(VectorStorage storage, ReadOnlySpan<byte> item, Span<float> highest)
    {
        for (int q = 0; q < few.Length; q++) highest[q] = VectorProducts.Highest(storage, item, few[q], width);
    }
}
