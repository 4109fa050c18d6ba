using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace Mint.ML.Layers;

/// <summary>softmax(s q kᵀ + bias) v of the few queries of a step of decoding, by one core, from keys and values as they lie.</summary>
/// <remarks>
/// libtorch's kernel copies them for each of its small products. Here a query reads the keys that its bias does not mask, and those alone: of the slots that
/// beams share, most are other beams'. A row's result is a function of these, whatever else stands in the batch. One core of an AMD EPYC, 8 prompts, 12 heads
/// of 64 numbers that no cache holds, in libtorch's time: 0.6 to 0.75 for 5 queries on 52 keys, 0.45 to 0.6 for 5 beams on 75 or 150 slots. Without a mask
/// 0.8 to 0.9 at 16 queries, and from 32 on no less.
/// </remarks>
internal static unsafe class FewQueries
{
    private const int Lanes = 16, Columns = 2 * Lanes, Together = 4, Most = 16;

    /// <summary>The result without a gradient, where this is the faster way; else null.</summary>
    /// <param name="query">(B, H, L, d), float32 on the CPU, as the others are.</param>
    /// <param name="key">(B, H, S, d).</param>
    /// <param name="value">(B, H, S, d).</param>
    /// <param name="bias">Broadcast to (B, H, L, S), or null.</param>
    /// <param name="scale">What the products are multiplied by.</param>
    /// <returns>(B, H, L, d), in memory (B, L, H, d): merging the heads copies nothing.</returns>
    public static Tensor? Of(Tensor query, Tensor key, Tensor value, Tensor? bias, double scale) => Of(query, (key, value), null, bias, scale);

    /// <summary>As <see cref="Of(Tensor, Tensor, Tensor, Tensor?, double)"/>, of keys and values in two places: (B, H, S, d) and (B, H, S', d) each.</summary>
    /// <param name="query">(B, H, L, d).</param>
    /// <param name="first">Keys and values.</param>
    /// <param name="second">Those after them, or null.</param>
    /// <param name="bias">Broadcast to (B, H, L, S + S'), or null.</param>
    /// <param name="scale">What the products are multiplied by.</param>
    public static Tensor? Of(Tensor query, (Tensor Keys, Tensor Values) first, (Tensor Keys, Tensor Values)? second, Tensor? bias, double scale)
    {
        long[] shape = query.shape;
        if (shape.Length != 4 || shape[2] > Most || shape[3] < Columns || shape[3] % Lanes != 0 || !RowProducts.Available || get_num_threads() > 1
            || !Fit(query) || query.numel() == 0 || !Serves(first) || second is { } more && !Serves(more) || bias is not null && !Fit(bias))
        {
            return null;
        }
        Sizes sizes = new((int)shape[0], (int)shape[1], (int)shape[2], (int)shape[3]);
        using var scope = NewDisposeScope();
        var result = empty(shape[0], shape[2], shape[1], shape[3]).transpose(1, 2);
        Keys a = new(first), b = second is { } rest ? new(rest) : default;
        var shift = bias?.expand(shape[0], shape[1], shape[2], a.Count + b.Count);
        if (shift is not null && shift.stride(3) != 1) shift = shift.contiguous();
        Rows q = new(query), to = new(result), added = shift is null ? default : new(shift);
        if (q.Step != 1 || !a.Dense || !b.Dense) return null;
        Attend(q, a, b, added, to, sizes, (float)scale);
        GC.KeepAlive((query, first, second, bias));
        return result.MoveToOuterDisposeScope();

        static bool Fit(Tensor x) => DenseProduct.Plain(x) && !(x.requires_grad && is_grad_enabled());

        bool Serves((Tensor Keys, Tensor Values) part) => part.Keys.shape is var keys && keys.SequenceEqual([shape[0], shape[1], keys[^2], shape[3]])
            && keys.SequenceEqual(part.Values.shape) && part.Keys.numel() > 0 && Fit(part.Keys) && Fit(part.Values);
    }

    private readonly record struct Sizes(int Batch, int Heads, int Queries, int Width);

    /// <summary>Where the rows of a tensor of four dimensions lie.</summary>
    private readonly struct Rows
    {
        private readonly float* start;
        private readonly long batch, head;

        public Rows(Tensor x)
        {
            long[] strides = x.stride();
            (batch, head, Row, Step) = (strides[0], strides[1], strides[2], strides[3]);
            using var first = x.as_strided([1], [1], x.storage_offset()); // a span is given of what lies together alone
            start = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
        }

        /// <summary>From a row to the next.</summary>
        public long Row { get; }

        /// <summary>From a number of a row to the next.</summary>
        public long Step { get; }

        public float* At(int b, int h, int row) => start + b * batch + h * head + row * Row;
    }

    /// <summary>Keys and values of one place.</summary>
    private readonly struct Keys((Tensor Keys, Tensor Values) part)
    {
        public readonly Rows K = new(part.Keys), V = new(part.Values);

        public int Count { get; } = (int)part.Keys.shape[2];

        public bool Dense => Count == 0 || K.Step == 1 && V.Step == 1;
    }

    private static void Attend(Rows q, Keys first, Keys second, Rows added, Rows to, Sizes size, float scale)
    {
        int room = first.Count + second.Count + 4 * Lanes, split = 0, count = 0;
        float* listed = null;
        fixed (int* seen = new int[room])
        fixed (float* shift = new float[room], weights = new float[room])
        {
            for (int b = 0; b < size.Batch; b++)
            {
                for (int h = 0; h < size.Heads; h++)
                {
                    for (int row = 0; row < size.Queries; row++)
                    {
                        float* bias = added.At(b, h, row);
                        if (count == 0 || bias != listed) (split, count) = List(listed = bias, first.Count, second.Count, seen, shift); // rows may share a bias
                        float* query = q.At(b, h, row);
                        Score(query, first.K.At(b, h, 0), first.K.Row, size.Width, scale, seen, shift, 0, split, weights);
                        Score(query, second.K.At(b, h, 0), second.K.Row, size.Width, scale, seen, shift, split, count, weights);
                        float total = Exponentials(weights, count);
                        Mix(first.V.At(b, h, 0), first.V.Row, second.V.At(b, h, 0), second.V.Row, size.Width, seen, weights, split, count, total,
                            to.At(b, h, row));
                    }
                }
            }
        }
    }

    // The keys that a query sees, and what is added to their scores: those of the first place up to split, of the second up to count.
    // Where all are masked, all are seen: the lowest value everywhere makes all weights equal.
    private static (int Split, int Count) List(float* bias, int first, int second, int* seen, float* shift)
    {
        float* rest = bias is null ? null : bias + first;
        for (bool all = false; ; all = true)
        {
            int split = List(bias, first, all, seen, shift), count = split + List(rest, second, all, seen + split, shift + split);
            if (count > 0) return (split, count);
        }
    }

    // Behind them the last one again, without weight, up to a whole register.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int List(float* bias, int keys, bool all, int* seen, float* shift)
    {
        int count = 0;
        for (int key = 0; key < keys; key += Lanes)
        {
            var index = Vector512<int>.Indices + Vector512.Create(key);
            var open = Vector512.LessThan(index, Vector512.Create(keys)).AsSingle();
            var added = bias is null ? Vector512<float>.Zero : Avx512F.MaskLoad(bias + key, open, Vector512<float>.Zero);
            if (!all) open = Vector512.AndNot(open, Vector512.LessThanOrEqual(added, Vector512.Create(float.MinValue)));
            Avx512F.Compress(index, open.AsInt32(), index).Store(seen + count);
            Avx512F.Compress(added, open, added).Store(shift + count);
            count += BitOperations.PopCount(open.ExtractMostSignificantBits());
        }
        if (count == 0) return 0;
        Vector512.Create(seen[count - 1]).Store(seen + count);
        Vector512.Create(float.NegativeInfinity).Store(shift + count);
        return (count + Lanes - 1) / Lanes * Lanes;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score(float* q, float* k, long stride, int width, float scale, int* seen, float* shift, int from, int count,
        float* scores)
    {
        for (int at = from; at < count; at += Together)
        {
            float* ka = k + seen[at] * stride, kb = k + seen[at + 1] * stride, kc = k + seen[at + 2] * stride, kd = k + seen[at + 3] * stride;
            Vector512<float> a = default, b = default, c = default, d = default;
            for (nint i = 0; i < width; i += Lanes)
            {
                var x = Vector512.Load(q + i);
                a = Vector512.FusedMultiplyAdd(x, Vector512.Load(ka + i), a);
                b = Vector512.FusedMultiplyAdd(x, Vector512.Load(kb + i), b);
                c = Vector512.FusedMultiplyAdd(x, Vector512.Load(kc + i), c);
                d = Vector512.FusedMultiplyAdd(x, Vector512.Load(kd + i), d);
            }
            var sums = RowProducts.Sums(a, b, c, d);
            Vector128.FusedMultiplyAdd(sums, Vector128.Create(scale), Vector128.Load(shift + at)).Store(scores + at);
        }
    }

    // exp(x - the largest), in place; their sum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Exponentials(float* x, int count)
    {
        // Below the lowest value there is but -∞. Where every score is, all weights are 0, as libtorch has it, and their sum counts as 1, which e⁰ is else.
        var most = Vector512.Create(float.MinValue);
        for (int i = 0; i < count; i += Lanes) most = Avx512F.Max(most, Vector512.Load(x + i)); // of a NaN, NaN
        var half = Vector256.Max(most.GetLower(), most.GetUpper());
        var four = Vector128.Max(half.GetLower(), half.GetUpper());
        var largest = Vector512.Create(MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3])));
        var sum = Vector512<float>.Zero;
        for (int i = 0; i < count; i += Lanes)
        {
            var weight = Exponential(Vector512.Load(x + i) - largest);
            weight.Store(x + i);
            sum += weight;
        }
        return MathF.Max(Vector512.Sum(sum), 1);
    }

    // eˣ of x ≤ 0, within two units of the last place; from -104 down exactly 0. .NET's own computes in double precision, and takes three times as long.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Exponential(Vector512<float> x)
    {
        x = Avx512F.Max(Vector512.Create(-128f), x); // of a NaN, NaN
        var whole = Vector512.Round(x * Vector512.Create(1.44269504f));                               // eˣ is 2 to this by e to the rest, at most ln 2 / 2
        var rest = Vector512.FusedMultiplyAdd(whole, Vector512.Create(-0.693145752f), x);             // ln 2 in two parts: the first times whole is exact
        rest = Vector512.FusedMultiplyAdd(whole, Vector512.Create(-1.42860677e-6f), rest);
        var series = Vector512.Create(1f / 5040);
        series = Vector512.FusedMultiplyAdd(series, rest, Vector512.Create(1f / 720));
        series = Vector512.FusedMultiplyAdd(series, rest, Vector512.Create(1f / 120));
        series = Vector512.FusedMultiplyAdd(series, rest, Vector512.Create(1f / 24));
        series = Vector512.FusedMultiplyAdd(series, rest, Vector512.Create(1f / 6));
        series = Vector512.FusedMultiplyAdd(series, rest, Vector512.Create(1f / 2));
        series = Vector512.FusedMultiplyAdd(series, rest, Vector512<float>.One);
        series = Vector512.FusedMultiplyAdd(series, rest, Vector512<float>.One);
        return Avx512F.Scale(series, whole);
    }

    // The values by their weights, over the weights' sum. The last columns are computed twice where 32 does not divide their number: to the same bits.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(float* first, long firstStride, float* second, long secondStride, int width, int* seen, float* weights, int split, int count,
        float total, float* to)
    {
        var whole = Vector512.Create(total);
        for (int from = 0; from < width; from += Columns)
        {
            int column = Math.Min(from, width - Columns);
            Vector512<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
            float* v = first;
            long stride = firstStride;
            for (int at = 0; at < count; at += Together)
            {
                if (at == split)
                {
                    v = second;
                    stride = secondStride;
                }
                float* va = v + seen[at] * stride + column, vb = v + seen[at + 1] * stride + column;
                float* vc = v + seen[at + 2] * stride + column, vd = v + seen[at + 3] * stride + column;
                var weight = Vector512.Create(weights[at]);
                a0 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(va), a0);
                a1 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(va + Lanes), a1);
                weight = Vector512.Create(weights[at + 1]);
                b0 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(vb), b0);
                b1 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(vb + Lanes), b1);
                weight = Vector512.Create(weights[at + 2]);
                c0 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(vc), c0);
                c1 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(vc + Lanes), c1);
                weight = Vector512.Create(weights[at + 3]);
                d0 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(vd), d0);
                d1 = Vector512.FusedMultiplyAdd(weight, Vector512.Load(vd + Lanes), d1);
            }
            ((a0 + b0 + (c0 + d0)) / whole).Store(to + column);
            ((a1 + b1 + (c1 + d1)) / whole).Store(to + column + Lanes);
        }
    }
}
