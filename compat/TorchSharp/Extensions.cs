using System.Numerics;
using static TorchSharp.torch;

namespace TorchSharp;

public static partial class TensorExtensionMethods
{
    public static int ElementSize(this ScalarType type) => type switch
    {
        ScalarType.Byte or ScalarType.Int8 or ScalarType.Bool => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 or ScalarType.Float64 or ScalarType.ComplexFloat32 => 8,
        ScalarType.ComplexFloat64 => 16,
        _ => throw new NotImplementedException($"The size of {type} is not known."),
    };

    public static long TotalSize(this IEnumerable<long> shape)
    {
        long total = 1;
        foreach (var size in shape) total *= size;
        return total;
    }

    public static ReadOnlySpan<int> IntShape(this Tensor tensor) => Array.ConvertAll(tensor.shape, size => (int)size);

    public static float ToSingle(this Tensor value) => (float)value;
    public static double ToDouble(this Tensor value) => (double)value;
    public static byte ToByte(this Tensor value) => (byte)value;
    public static sbyte ToSByte(this Tensor value) => (sbyte)value;
    public static short ToInt16(this Tensor value) => (short)value;
    public static int ToInt32(this Tensor value) => (int)value;
    public static long ToInt64(this Tensor value) => (long)value;
    public static bool ToBoolean(this Tensor value) => (bool)value;
    public static Half ToHalf(this Tensor value) => (Half)(float)value;
    public static (float Real, float Imaginary) ToComplexFloat32(this Tensor value) => value.ToScalar().ToComplexFloat32();
    public static Complex ToComplexFloat64(this Tensor value) => value.ToScalar().ToComplexFloat64();
}
