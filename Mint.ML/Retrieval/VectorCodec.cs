using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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

    /// <summary>Whether all numbers of some vectors are finite, and none is beyond <see cref="Largest"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a first search comes here for every item
    public static bool IsFinite(VectorStorage storage, int width, ReadOnlySpan<byte> bytes)
    {
        if (storage == VectorStorage.Single) return VectorProducts.IsWithin(MemoryMarshal.Cast<byte, float>(bytes), Largest);
        if (storage == VectorStorage.Half) return VectorProducts.IsFinite(MemoryMarshal.Cast<byte, ushort>(bytes));
        for (; !bytes.IsEmpty; bytes = bytes[VectorBytes(storage, width)..])
            if (!VectorProducts.IsWithin(MemoryMarshal.Cast<byte, float>(bytes[..ScaleBytes(width)]), Largest / 127)) return false;
        return true;
    }
}
