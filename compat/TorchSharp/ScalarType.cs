using System.Numerics;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Types of elements, numbered as libtorch numbers them.</summary>
    public enum ScalarType : sbyte
    {
        Byte = 0, Int8 = 1, Int16 = 2, Int32 = 3, Int64 = 4, Float16 = 5, Float32 = 6, Float64 = 7,
        ComplexFloat32 = 9, ComplexFloat64 = 10, Bool = 11, BFloat16 = 15,
    }

    public enum RoundingMode { None = 0, trunc = 1, floor = 2 }

    public static ScalarType uint8 = ScalarType.Byte;
    public static ScalarType int8 = ScalarType.Int8;
    public static ScalarType int16 = ScalarType.Int16;
    public static ScalarType int32 = ScalarType.Int32;
    public static ScalarType int64 = ScalarType.Int64;
    public static ScalarType bfloat16 = ScalarType.BFloat16;
    public static ScalarType float16 = ScalarType.Float16;
    public static ScalarType float32 = ScalarType.Float32;
    public static ScalarType float64 = ScalarType.Float64;
    public static ScalarType complex64 = ScalarType.ComplexFloat32;
    public static ScalarType complex128 = ScalarType.ComplexFloat64;
    public static ScalarType cfloat = ScalarType.ComplexFloat32;
    public static ScalarType cdouble = ScalarType.ComplexFloat64;
    public static ScalarType half = ScalarType.Float16;
    public static ScalarType @bool = ScalarType.Bool;
    public static ScalarType @short = ScalarType.Int16;
    public static ScalarType @int = ScalarType.Int32;
    public static ScalarType @long = ScalarType.Int64;
    public static ScalarType @float = ScalarType.Float32;
    public static ScalarType @double = ScalarType.Float64;

    private static ScalarType default_dtype = ScalarType.Float32;

    public static ScalarType get_default_dtype() => default_dtype;

    public static void set_default_dtype(ScalarType dtype) =>
        default_dtype = is_floating_point(dtype) ? dtype : throw new ArgumentException($"The default type must be a floating point type, not {dtype}.", nameof(dtype));

    public static bool is_floating_point(ScalarType type) => type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    public static bool is_complex(ScalarType type) => type is ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64;

    public static bool is_integral(ScalarType type) => type is ScalarType.Byte or ScalarType.Int8 or ScalarType.Int16 or ScalarType.Int32 or ScalarType.Int64 or ScalarType.Bool;

    public static long max_int_value(ScalarType type) => type switch
    {
        ScalarType.Byte => byte.MaxValue,
        ScalarType.Int8 => sbyte.MaxValue,
        ScalarType.Int16 => short.MaxValue,
        ScalarType.Int32 => int.MaxValue,
        ScalarType.Int64 => long.MaxValue,
        ScalarType.Bool => 1,
        _ => throw new ArgumentException($"{type} is not an integral type.", nameof(type)),
    };

    public static bool can_cast(ScalarType from, ScalarType to) => Kind(to) >= Kind(from);

    private static int Kind(ScalarType type) => is_complex(type) ? 3 : is_floating_point(type) ? 2 : type != ScalarType.Bool ? 1 : 0;

    /// <summary>The limits of a floating point type.</summary>
    public struct FInfo
    {
        public int bits;
        public double eps;
        public double max;
        public double min;
        public double tiny;
        public double smallest_normal;
        public double resolution;
    }

    public static FInfo finfo() => finfo(get_default_dtype());

    public static FInfo finfo(ScalarType dtype) => dtype switch
    {
        ScalarType.Float16 => Limits(16, 9.765625E-4, 65504, 6.103515625E-05, 1E-3),
        ScalarType.BFloat16 => Limits(16, 0.0078125, 3.3895313892515355E+38, 1.1754943508222875E-38, 1E-2),
        ScalarType.Float32 or ScalarType.ComplexFloat32 => Limits(32, 1.1920928955078125E-07, float.MaxValue, 1.1754943508222875E-38, 1E-6),
        ScalarType.Float64 or ScalarType.ComplexFloat64 => Limits(64, 2.220446049250313E-16, double.MaxValue, 2.2250738585072014E-308, 1E-15),
        _ => throw new ArgumentException($"finfo() needs a floating point type, not {dtype}.", nameof(dtype)),
    };

    private static FInfo Limits(int bits, double eps, double max, double tiny, double resolution) =>
        new() { bits = bits, eps = eps, max = max, min = -max, tiny = tiny, smallest_normal = tiny, resolution = resolution };

    internal static ScalarType ToScalarType(Type type) =>
        type == typeof(float) ? ScalarType.Float32 : type == typeof(long) ? ScalarType.Int64 : type == typeof(int) ? ScalarType.Int32 :
        type == typeof(double) ? ScalarType.Float64 : type == typeof(bool) ? ScalarType.Bool : type == typeof(byte) ? ScalarType.Byte :
        type == typeof(sbyte) ? ScalarType.Int8 : type == typeof(short) ? ScalarType.Int16 : type == typeof(Half) ? ScalarType.Float16 :
        type == typeof(Complex) ? ScalarType.ComplexFloat64 : type == typeof((float, float)) ? ScalarType.ComplexFloat32 :
        throw new NotSupportedException($"There are no tensors of {type}.");
}
