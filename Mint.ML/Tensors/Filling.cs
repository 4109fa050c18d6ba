using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Tensors;

/// <summary>Tensors made of one number or of numbers that count up, and numbers put into tensors. Why: <see cref="Arithmetic"/>.</summary>
public static class Filling
{
    private static readonly Scalar zero = 0.ToScalar(), one = 1.ToScalar();

    /// <summary>0, 1, ... as a vector of <paramref name="count"/> elements: torch.arange(count).</summary>
    public static Tensor Indices(long count, ScalarType dtype = ScalarType.Int64, Device? device = null) => Indices(0, count, dtype, device);

    /// <summary>start, start + 1, ... up to end, which is not among them: torch.arange(start, end).</summary>
    public static Tensor Indices(long start, long end, ScalarType dtype = ScalarType.Int64, Device? device = null)
    {
        using var first = start.ToScalar();
        using var past = end.ToScalar();
        return arange(first, past, one, dtype, device);
    }

    /// <summary>A tensor of a shape with one number everywhere: torch.full.</summary>
    public static Tensor Filled(long[] shape, long number, ScalarType dtype = ScalarType.Int64, Device? device = null)
    {
        using var held = number.ToScalar();
        return full(shape, held, dtype, device);
    }

    /// <inheritdoc cref="Filled(long[], long, ScalarType, Device)"/>
    public static Tensor Filled(long[] shape, double number, ScalarType dtype, Device? device = null)
    {
        using var held = number.ToScalar();
        return full(shape, held, dtype, device);
    }

    /// <summary>A tensor of x's shape, type and device with one number everywhere: torch.full_like.</summary>
    public static Tensor FilledLike(Tensor x, double number)
    {
        using var held = number.ToScalar();
        return full_like(x, held);
    }

    /// <summary>Puts a number everywhere.</summary>
    public static Tensor Fill_(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.fill_(held);
    }

    /// <summary>x with 0 where the mask is true.</summary>
    public static Tensor ZeroWhere(this Tensor x, Tensor mask) => x.masked_fill(mask, zero);

    /// <summary>x with a number where the mask is true.</summary>
    public static Tensor FillWhere(this Tensor x, Tensor mask, double number)
    {
        using var held = number.ToScalar();
        return x.masked_fill(mask, held);
    }

    /// <summary>Puts a number where the mask is true.</summary>
    public static Tensor FillWhere_(this Tensor x, Tensor mask, double number)
    {
        using var held = number.ToScalar();
        return x.masked_fill_(mask, held);
    }

    /// <summary>Puts a number at indices of a dimension.</summary>
    public static Tensor FillAt_(this Tensor x, long dimension, Tensor indices, double number)
    {
        using var held = number.ToScalar();
        return x.index_fill_(dimension, indices, held);
    }
}
