using System.Numerics;
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

    /// <summary>The largest number of a vector. Those of unit length have none above 1; a sum of products of such as these is still finite.</summary>
    public const float Largest = 1e9f;

    public static int ScaleBytes(int width) => sizeof(float) * ((width + Group - 1) / Group);

    public static int VectorBytes(VectorStorage storage, int width) =>
        storage switch { VectorStorage.Single => 4 * width, VectorStorage.Half => 2 * width, _ => width + ScaleBytes(width) };

    public static void Encode(VectorStorage storage, ReadOnlySpan<float> vector, Span<byte> bytes)
    {
        if (storage == VectorStorage.Single)
        {
            MemoryMarshal.AsBytes(vector).CopyTo(bytes);
        }
        else if (storage == VectorStorage.Half)
        {
            TensorPrimitives.ConvertToHalf(vector, MemoryMarshal.Cast<byte, Half>(bytes));
        }
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
        if (storage == VectorStorage.Single)
        {
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(vector);
        }
        else if (storage == VectorStorage.Half)
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), vector);
        }
        else
        {
            var scales = MemoryMarshal.Cast<byte, float>(bytes[..ScaleBytes(vector.Length)]);
            var numbers = MemoryMarshal.Cast<byte, sbyte>(bytes[ScaleBytes(vector.Length)..]);
            int i = 0;
            for (; i + Vector128<sbyte>.Count <= vector.Length; i += Vector128<sbyte>.Count) // never across groups
                (Floats(numbers[i..]) * scales[i / Group]).CopyTo(vector[i..]);
            for (; i < vector.Length; i++) vector[i] = numbers[i] * scales[i / Group];
        }
    }

    /// <summary>Whether all numbers of a vector are finite, and none is beyond <see cref="Largest"/>.</summary>
    public static bool IsFinite(VectorStorage storage, int width, ReadOnlySpan<byte> bytes) => storage switch
    {
        VectorStorage.Single => IsWithin(MemoryMarshal.Cast<byte, float>(bytes), Largest),
        VectorStorage.Half => !HasOtherHalf(MemoryMarshal.Cast<byte, ushort>(bytes)),
        _ => IsWithin(MemoryMarshal.Cast<byte, float>(bytes[..ScaleBytes(width)]), Largest / 127),
    };

    /// <summary>Whether no number is beyond a magnitude, and none is NaN, which is the largest of magnitudes.</summary>
    public static bool IsWithin(ReadOnlySpan<float> numbers, float most) =>
        numbers.IsEmpty || TensorPrimitives.MaxMagnitude(numbers) is var largest && largest >= -most && largest <= most;

    // Infinities and NaN are the numbers whose five bits of exponent are all set; float16 has no instruction for it.
    private static bool HasOtherHalf(ReadOnlySpan<ushort> halves)
    {
        const ushort Exponent = 0x7c00;
        int i = 0;
        for (; i + Vector<ushort>.Count <= halves.Length; i += Vector<ushort>.Count)
            if (Vector.EqualsAny(new Vector<ushort>(halves[i..]) & new Vector<ushort>(Exponent), new Vector<ushort>(Exponent))) return true;
        for (; i < halves.Length; i++)
            if ((halves[i] & Exponent) == Exponent) return true;
        return false;
    }

    /// <summary>The first 16 integers.</summary>
    public static Vector512<float> Floats(ReadOnlySpan<sbyte> numbers)
    {
        var integers = Vector128.Create(numbers);
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(integers));
        var (low, high) = Vector128.Widen(integers);
        return Vector512.Create(
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(low), Vector128.WidenUpper(low))),
            Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high))));
    }
}
