using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mint.ML.Retrieval;

/// <summary>The inner loops of a search: products, conversions and checks of vectors as an index keeps them.</summary>
/// <remarks>
/// A search of a program just started lasts less long than the run time takes to notice what is hot, and most of all where one processor must also compile.
/// What is called here from elsewhere is therefore compiled at full optimisation at its first call, and calls nothing that is not.
/// </remarks>
internal static unsafe class VectorProducts
{
    /// <summary>Numbers of a register.</summary>
    public const int Lanes = 16;

    /// <summary>Vectors of an item that meet a panel at a time: with two panels their sums fill half of the registers.</summary>
    public const int VectorsAtATime = 8;

    /// <summary>The least multiple of <see cref="VectorsAtATime"/> that holds so many vectors.</summary>
    public static int Padded(int vectors) => (vectors + VectorsAtATime - 1) / VectorsAtATime * VectorsAtATime;

    private const int Ahead = 4096; // bytes: the processor's own reading ahead stops at the end of each page

    /// <summary>The highest product of a query's vectors with an item's.</summary>
    /// <param name="storage">How the item is kept.</param>
    /// <param name="item">The item's bytes.</param>
    /// <param name="query">(vectors, width).</param>
    /// <param name="width">Numbers a vector.</param>
    public static float Highest(VectorStorage storage, ReadOnlySpan<byte> item, ReadOnlySpan<float> query, int width)
    {
        fixed (byte* first = item)
        fixed (float* asked = query)
        {
            float highest = float.NegativeInfinity;
            for (float* q = asked; q < asked + query.Length; q += width)
            {
                highest = Math.Max(highest, storage switch
                {
                    VectorStorage.Single => OfSingle(first, first + item.Length, q, width),
                    VectorStorage.Half => OfHalf(first, first + item.Length, q, width),
                    _ => OfInt8(first, first + item.Length, q, width),
                });
            }
            return highest;
        }
    }

    // One method a storage: an index has one, and the others are not compiled.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float OfSingle(byte* vector, byte* end, float* query, int width)
    {
        float highest = float.NegativeInfinity;
        for (; vector < end; vector += sizeof(float) * width) highest = Math.Max(highest, Product((float*)vector, query, width));
        return highest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float OfHalf(byte* vector, byte* end, float* query, int width)
    {
        float highest = float.NegativeInfinity;
        for (; vector < end; vector += sizeof(ushort) * width) highest = Math.Max(highest, Product((ushort*)vector, query, width));
        return highest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float OfInt8(byte* vector, byte* end, float* query, int width)
    {
        float highest = float.NegativeInfinity;
        int scales = VectorCodec.ScaleBytes(width);
        for (; vector < end; vector += scales + width) highest = Math.Max(highest, Product((float*)vector, (sbyte*)(vector + scales), query, width));
        return highest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Product(float* x, float* q, int width)
    {
        Vector512<float> a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i + 4 * Lanes <= width; i += 4 * Lanes)
        {
            Prefetch(x + i);
            Prefetch(x + i + Lanes);
            Prefetch(x + i + 2 * Lanes);
            Prefetch(x + i + 3 * Lanes);
            a = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), Vector512.Load(q + i), a);
            b = Vector512.FusedMultiplyAdd(Vector512.Load(x + i + Lanes), Vector512.Load(q + i + Lanes), b);
            c = Vector512.FusedMultiplyAdd(Vector512.Load(x + i + 2 * Lanes), Vector512.Load(q + i + 2 * Lanes), c);
            d = Vector512.FusedMultiplyAdd(Vector512.Load(x + i + 3 * Lanes), Vector512.Load(q + i + 3 * Lanes), d);
        }
        for (; i + Lanes <= width; i += Lanes) a = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), Vector512.Load(q + i), a);
        float sum = Vector512.Sum(a + b + (c + d));
        for (; i < width; i++) sum += x[i] * q[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Product(ushort* x, float* q, int width)
    {
        Vector512<float> a = default, b = default;
        int i = 0;
        for (; i + 2 * Lanes <= width; i += 2 * Lanes)
        {
            Prefetch(x + i);
            a = Vector512.FusedMultiplyAdd(Floats(x + i), Vector512.Load(q + i), a);
            b = Vector512.FusedMultiplyAdd(Floats(x + i + Lanes), Vector512.Load(q + i + Lanes), b);
        }
        float sum = Vector512.Sum(a + b);
        for (; i < width; i++) sum += (float)BitConverter.UInt16BitsToHalf(x[i]) * q[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Product(float* scales, sbyte* x, float* q, int width)
    {
        var sums = Vector512<float>.Zero;
        int i = 0;
        for (; i + VectorCodec.Group <= width; i += VectorCodec.Group)
        {
            Prefetch(x + i);
            var group = Floats(x + i) * Vector512.Load(q + i);
            group = Vector512.FusedMultiplyAdd(Floats(x + i + Lanes), Vector512.Load(q + i + Lanes), group);
            sums = Vector512.FusedMultiplyAdd(group, Vector512.Create(scales[i / VectorCodec.Group]), sums);
        }
        float sum = Vector512.Sum(sums);
        for (; i < width; i++) sum += q[i] * x[i] * scales[i / VectorCodec.Group];
        return sum;
    }

    /// <summary>The highest products of an item's vectors with those of some panels, lane by lane.</summary>
    /// <param name="item">(vectors, width), the vectors a multiple of <see cref="VectorsAtATime"/>.</param>
    /// <param name="panels">Panels of 16 vectors of queries: panel p, number e at p * width + e.</param>
    /// <param name="width">Numbers a vector.</param>
    /// <param name="best">One a panel; overwritten.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Highest(ReadOnlySpan<float> item, ReadOnlySpan<Vector512<float>> panels, int width, Span<Vector512<float>> best)
    {
        fixed (float* x = item)
        fixed (Vector512<float>* q = panels)
        fixed (Vector512<float>* to = best)
        {
            // Two panels of 256 numbers lie in the nearest cache while all of the item passes by them.
            int panel = 0;
            for (; panel + 2 <= best.Length; panel += 2) TwoPanels(x, item.Length, q + panel * width, width, to + panel);
            if (panel < best.Length) OnePanel(x, item.Length, q + panel * width, width, to + panel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoPanels(float* x, int numbers, Vector512<float>* q, int width, Vector512<float>* best)
    {
        Vector512<float> best0 = Vector512.Create(float.NegativeInfinity), best1 = best0;
        var r = q + width;
        for (float* end = x + numbers; x < end; x += VectorsAtATime * width)
        {
            float* x1 = x + width, x2 = x1 + width, x3 = x2 + width, x4 = x3 + width, x5 = x4 + width, x6 = x5 + width, x7 = x6 + width;
            Vector512<float> a0 = default, b0 = default, c0 = default, d0 = default, e0 = default, f0 = default, g0 = default, h0 = default;
            Vector512<float> a1 = default, b1 = default, c1 = default, d1 = default, e1 = default, f1 = default, g1 = default, h1 = default;
            for (nint i = 0; i < width; i++)
            {
                Vector512<float> q0 = q[i], q1 = r[i], number = Vector512.Create(x[i]);
                a0 = Vector512.FusedMultiplyAdd(number, q0, a0);
                a1 = Vector512.FusedMultiplyAdd(number, q1, a1);
                number = Vector512.Create(x1[i]);
                b0 = Vector512.FusedMultiplyAdd(number, q0, b0);
                b1 = Vector512.FusedMultiplyAdd(number, q1, b1);
                number = Vector512.Create(x2[i]);
                c0 = Vector512.FusedMultiplyAdd(number, q0, c0);
                c1 = Vector512.FusedMultiplyAdd(number, q1, c1);
                number = Vector512.Create(x3[i]);
                d0 = Vector512.FusedMultiplyAdd(number, q0, d0);
                d1 = Vector512.FusedMultiplyAdd(number, q1, d1);
                number = Vector512.Create(x4[i]);
                e0 = Vector512.FusedMultiplyAdd(number, q0, e0);
                e1 = Vector512.FusedMultiplyAdd(number, q1, e1);
                number = Vector512.Create(x5[i]);
                f0 = Vector512.FusedMultiplyAdd(number, q0, f0);
                f1 = Vector512.FusedMultiplyAdd(number, q1, f1);
                number = Vector512.Create(x6[i]);
                g0 = Vector512.FusedMultiplyAdd(number, q0, g0);
                g1 = Vector512.FusedMultiplyAdd(number, q1, g1);
                number = Vector512.Create(x7[i]);
                h0 = Vector512.FusedMultiplyAdd(number, q0, h0);
                h1 = Vector512.FusedMultiplyAdd(number, q1, h1);
            }
            // (MaxNative: without the instructions for NaN, which no index and no query has.)
            best0 = Vector512.MaxNative(best0, Vector512.MaxNative(Vector512.MaxNative(Vector512.MaxNative(a0, b0), Vector512.MaxNative(c0, d0)),
                Vector512.MaxNative(Vector512.MaxNative(e0, f0), Vector512.MaxNative(g0, h0))));
            best1 = Vector512.MaxNative(best1, Vector512.MaxNative(Vector512.MaxNative(Vector512.MaxNative(a1, b1), Vector512.MaxNative(c1, d1)),
                Vector512.MaxNative(Vector512.MaxNative(e1, f1), Vector512.MaxNative(g1, h1))));
        }
        (best[0], best[1]) = (best0, best1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OnePanel(float* x, int numbers, Vector512<float>* q, int width, Vector512<float>* best)
    {
        var highest = Vector512.Create(float.NegativeInfinity);
        for (float* end = x + numbers; x < end; x += VectorsAtATime * width)
        {
            float* x1 = x + width, x2 = x1 + width, x3 = x2 + width, x4 = x3 + width, x5 = x4 + width, x6 = x5 + width, x7 = x6 + width;
            Vector512<float> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
            for (nint i = 0; i < width; i++)
            {
                var q0 = q[i];
                a = Vector512.FusedMultiplyAdd(Vector512.Create(x[i]), q0, a);
                b = Vector512.FusedMultiplyAdd(Vector512.Create(x1[i]), q0, b);
                c = Vector512.FusedMultiplyAdd(Vector512.Create(x2[i]), q0, c);
                d = Vector512.FusedMultiplyAdd(Vector512.Create(x3[i]), q0, d);
                e = Vector512.FusedMultiplyAdd(Vector512.Create(x4[i]), q0, e);
                f = Vector512.FusedMultiplyAdd(Vector512.Create(x5[i]), q0, f);
                g = Vector512.FusedMultiplyAdd(Vector512.Create(x6[i]), q0, g);
                h = Vector512.FusedMultiplyAdd(Vector512.Create(x7[i]), q0, h);
            }
            highest = Vector512.MaxNative(highest,
                Vector512.MaxNative(Vector512.MaxNative(Vector512.MaxNative(a, b), Vector512.MaxNative(c, d)),
                    Vector512.MaxNative(Vector512.MaxNative(e, f), Vector512.MaxNative(g, h))));
        }
        *best = highest;
    }

    /// <summary>Numbers of an index as they were before.</summary>
    /// <param name="storage">How they are kept.</param>
    /// <param name="bytes">Of vectors.</param>
    /// <param name="width">Numbers a vector.</param>
    /// <param name="numbers">As many vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Decode(VectorStorage storage, ReadOnlySpan<byte> bytes, int width, Span<float> numbers)
    {
        if (storage == VectorStorage.Single)
        {
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(numbers);
            return;
        }
        int size = VectorCodec.VectorBytes(storage, width), scaleBytes = VectorCodec.ScaleBytes(width);
        fixed (byte* first = bytes)
        fixed (float* to = numbers[..(bytes.Length / size * width)])
        {
            float* y = to;
            for (byte* vector = first; vector + size <= first + bytes.Length; vector += size, y += width)
            {
                int i = 0;
                if (storage == VectorStorage.Half)
                {
                    var x = (ushort*)vector;
                    for (; i + Lanes <= width; i += Lanes) Floats(x + i).Store(y + i);
                    for (; i < width; i++) y[i] = (float)BitConverter.UInt16BitsToHalf(x[i]);
                }
                else
                {
                    float* scales = (float*)vector;
                    var x = (sbyte*)(vector + scaleBytes);
                    for (; i + Lanes <= width; i += Lanes) (Floats(x + i) * scales[i / VectorCodec.Group]).Store(y + i); // never across groups
                    for (; i < width; i++) y[i] = x[i] * scales[i / VectorCodec.Group];
                }
            }
        }
    }

    /// <summary>Whether no number is beyond a magnitude, and none is NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool IsWithin(ReadOnlySpan<float> numbers, float most)
    {
        fixed (float* x = numbers)
        {
            int i = 0;
            for (var bound = Vector512.Create(most); i + Lanes <= numbers.Length; i += Lanes)
                if (!Vector512.LessThanOrEqualAll(Vector512.Abs(Vector512.Load(x + i)), bound)) return false;
            for (; i < numbers.Length; i++)
                if (!(MathF.Abs(x[i]) <= most)) return false;
        }
        return true;
    }

    /// <summary>Whether no number is infinite or NaN: those have all five bits of the exponent set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool IsFinite(ReadOnlySpan<ushort> halves)
    {
        const ushort Exponent = 0x7c00;
        fixed (ushort* x = halves)
        {
            int i = 0;
            for (var set = Vector512.Create(Exponent); i + 2 * Lanes <= halves.Length; i += 2 * Lanes)
                if (Vector512.EqualsAny(Vector512.Load(x + i) & set, set)) return false;
            for (; i < halves.Length; i++)
                if ((x[i] & Exponent) == Exponent) return false;
        }
        return true;
    }

    // The bits of a float16 moved to where a float32 has them make a number too small by 2^(127 - 15); the product is exact, also of subnormal ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Floats(ushort* halves)
    {
        var half = Vector256.Load((short*)halves);
        var wide = Avx512F.IsSupported ? Avx512F.ConvertToVector512Int32(half) : Vector512.Create(Vector256.WidenLower(half), Vector256.WidenUpper(half));
        return ((wide << 13) & Vector512.Create(unchecked((int)0x8fffe000))).AsSingle() * Vector512.Create(5.192296858534828e33f);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Floats(sbyte* numbers)
    {
        var integers = Vector128.Load(numbers);
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(integers));
        var (low, high) = Vector128.Widen(integers);
        return Vector512.Create(
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(low), Vector128.WidenUpper(low))),
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high))));
    }

    // Read once a search, a line need not displace what the larger caches hold: so 655 MB took 0.88 of the time, and 328 MB of halves as well (EPYC).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(void* numbers)
    {
        if (Sse.IsSupported) Sse.PrefetchNonTemporal((byte*)numbers + Ahead);
    }
}
