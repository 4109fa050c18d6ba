using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Mint.ML.Retrieval;

/// <summary>How an index keeps its numbers.</summary>
public enum VectorStorage
{
    /// <summary>4 bytes, exact.</summary>
    Single,

    /// <summary>2 bytes, about three decimal digits.</summary>
    Half,

    /// <summary>1 byte, and for every 32 numbers of a vector a scale: their largest magnitude over 127.</summary>
    Int8,
}

/// <summary>Vectors as an index's bytes.</summary>
internal static class VectorCodec
{
    /// <summary>Numbers that share a scale. Fewer than a vector has, as one outlier would coarsen them all.</summary>
    public const int Group = 32;

    public static int ScaleBytes(int width) => sizeof(float) * ((width + Group - 1) / Group);

    public static int VectorBytes(VectorStorage storage, int width) => storage switch { VectorStorage.Single => 4 * width, VectorStorage.Half => 2 * width, _ => width + ScaleBytes(width) };

    public static void Encode(VectorStorage storage, ReadOnlySpan<float> vector, Span<byte> bytes)
    {
        if (storage == VectorStorage.Single) MemoryMarshal.AsBytes(vector).CopyTo(bytes);
        else if (storage == VectorStorage.Half) TensorPrimitives.ConvertToHalf(vector, MemoryMarshal.Cast<byte, Half>(bytes));
        else
        {
            var scales = MemoryMarshal.Cast<byte, float>(bytes[..ScaleBytes(vector.Length)]);
            bytes = bytes[ScaleBytes(vector.Length)..];
            for (int g = 0; g < scales.Length; g++)
            {
                var group = vector.Slice(g * Group, Math.Min(Group, vector.Length - g * Group));
                scales[g] = Math.Abs(TensorPrimitives.MaxMagnitude(group)) is > 0 and var largest ? largest / 127 : 1;
                for (int i = 0; i < group.Length; i++) bytes[g * Group + i] = (byte)(sbyte)Math.Clamp(MathF.Round(group[i] / scales[g]), -127, 127);
            }
        }
    }

    public static void Decode(VectorStorage storage, ReadOnlySpan<byte> bytes, Span<float> vector)
    {
        if (storage == VectorStorage.Single) MemoryMarshal.Cast<byte, float>(bytes).CopyTo(vector);
        else if (storage == VectorStorage.Half) TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), vector);
        else
        {
            var scales = MemoryMarshal.Cast<byte, float>(bytes[..ScaleBytes(vector.Length)]);
            for (int i = 0; i < vector.Length; i++) vector[i] = (sbyte)bytes[ScaleBytes(vector.Length) + i] * scales[i / Group];
        }
    }
}

/// <summary>The vectors of a query, also as 16-bit integers for products with 8-bit ones.</summary>
internal sealed class QueryVectors
{
    // A group's sum is below 127 * 8191 * 32 and fits into 32 bits.
    private const float Most = 8191;
    private readonly float[][] vectors;
    private readonly short[][] integers;
    private readonly float[] scales;

    private QueryVectors(float[][] vectors)
    {
        this.vectors = vectors;
        scales = [.. vectors.Select(vector => Math.Abs(TensorPrimitives.MaxMagnitude<float>(vector)) is > 0 and var largest ? largest / Most : 1)];
        integers = [.. vectors.Select((vector, i) => vector.Select(x => (short)MathF.Round(x / scales[i])).ToArray())];
    }

    public static QueryVectors From(float[,] query, int width, int number)
    {
        if (query.GetLength(0) == 0 || query.GetLength(1) != width)
            throw new ArgumentException($"Query {number} is ({query.GetLength(0)}, {query.GetLength(1)}); the index has vectors of {width}.");
        float[][] vectors = [.. Enumerable.Range(0, query.GetLength(0)).Select(v => Enumerable.Range(0, width).Select(e => query[v, e]).ToArray())];
        if (vectors.Any(vector => vector.Any(x => !float.IsFinite(x)))) throw new ArgumentException($"Query {number} has a number that is not finite.");
        return new QueryVectors(vectors);
    }

    public float Highest(ReadOnlySpan<float> vector)
    {
        float highest = float.NegativeInfinity;
        foreach (float[] own in vectors) highest = Math.Max(highest, TensorPrimitives.Dot(own, vector));
        return highest;
    }

    public float HighestInt8(ReadOnlySpan<byte> bytes)
    {
        int width = integers[0].Length, split = VectorCodec.ScaleBytes(width);
        var scalesOfGroups = MemoryMarshal.Cast<byte, float>(bytes[..split]);
        var numbers = MemoryMarshal.Cast<byte, sbyte>(bytes[split..]);
        float highest = float.NegativeInfinity;
        for (int v = 0; v < integers.Length; v++) highest = Math.Max(highest, Dot(integers[v], numbers, scalesOfGroups) * scales[v]);
        return highest;
    }

    private static float Dot(ReadOnlySpan<short> a, ReadOnlySpan<sbyte> b, ReadOnlySpan<float> scales)
    {
        var sums = Vector256<float>.Zero;
        int g = 0;
        if (Avx2.IsSupported)
        {
            for (; (g + 1) * VectorCodec.Group <= b.Length; g++)
            {
                int i = g * VectorCodec.Group;
                var products = Avx2.MultiplyAddAdjacent(Vector256.Create(a.Slice(i, 16)), Avx2.ConvertToVector256Int16(Vector128.Create(b.Slice(i, 16))))
                    + Avx2.MultiplyAddAdjacent(Vector256.Create(a.Slice(i + 16, 16)), Avx2.ConvertToVector256Int16(Vector128.Create(b.Slice(i + 16, 16))));
                sums += Vector256.ConvertToSingle(products) * scales[g];
            }
        }
        float sum = Vector256.Sum(sums);
        for (; g < scales.Length; g++)
        {
            int part = 0;
            for (int i = g * VectorCodec.Group; i < Math.Min(b.Length, (g + 1) * VectorCodec.Group); i++) part += a[i] * b[i];
            sum += part * scales[g];
        }
        return sum;
    }
}
