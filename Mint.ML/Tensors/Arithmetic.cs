using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Tensors;

/// <summary>Arithmetic of a tensor and a number, and sums of tensors: what stands in for operators of TorchSharp that are not safe.</summary>
/// <remarks>
/// <para>
/// TorchSharp 0.107 turns a number given to an operator into a temporary <see cref="Scalar"/>, which owns native memory and has a finalizer. Nothing
/// keeps it alive while libtorch reads it: a collection that another thread starts at that moment frees it under libtorch's hands ("Unknown
/// scalar type", in training a crash). <c>x + y</c> is among them: its factor of y, alpha, is such a number. Here the Scalar is in a <c>using</c>
/// or static, and so lives until the call has returned.
/// </para>
/// <para>
/// No number is in <c>x - y</c>, <c>x * y</c>, <c>x / y</c>, <c>-x</c> and products of matrices: those stay operators. As in PyTorch, an underscore at
/// the end of a name says that it happens in place. A whole number keeps the type of an integer tensor; a double makes it floating point.
/// </para>
/// <para>A test reads the code of our assemblies and finds what is not written so.</para>
/// </remarks>
public static class Arithmetic
{
    private static readonly Scalar one = 1.ToScalar(), two = 2.ToScalar();

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, one);

    /// <summary>x + number.</summary>
    public static Tensor Plus(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.add(held, one);
    }

    /// <inheritdoc cref="Plus(Tensor, long)"/>
    public static Tensor Plus(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.add(held, one);
    }

    /// <summary>x += y.</summary>
    public static Tensor Plus_(this Tensor x, Tensor y) => x.add_(y, one);

    /// <summary>x += factor y.</summary>
    public static Tensor Plus_(this Tensor x, Tensor y, double factor)
    {
        using var held = factor.ToScalar();
        return x.add_(y, held);
    }

    /// <summary>x += factor y z.</summary>
    public static Tensor PlusProduct_(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using var held = factor.ToScalar();
        return x.addcmul_(y, z, held);
    }

    /// <summary>x += factor y / z.</summary>
    public static Tensor PlusQuotient_(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using var held = factor.ToScalar();
        return x.addcdiv_(y, z, held);
    }

    /// <summary>x += number.</summary>
    public static Tensor Plus_(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.add_(held, one);
    }

    /// <inheritdoc cref="Plus_(Tensor, long)"/>
    public static Tensor Plus_(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.add_(held, one);
    }

    /// <summary>x - number.</summary>
    public static Tensor Minus(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.sub(held);
    }

    /// <inheritdoc cref="Minus(Tensor, long)"/>
    public static Tensor Minus(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.sub(held);
    }

    /// <summary>1 - x.</summary>
    public static Tensor FromOne(this Tensor x)
    {
        using var negative = x.neg();
        return negative.add(one, one);
    }

    /// <summary>number x.</summary>
    public static Tensor Times(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.mul(held);
    }

    /// <inheritdoc cref="Times(Tensor, long)"/>
    public static Tensor Times(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.mul(held);
    }

    /// <summary>x *= number.</summary>
    public static Tensor Times_(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.mul_(held);
    }

    /// <summary>x / number.</summary>
    public static Tensor Over(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.div(held);
    }

    /// <summary>x /= number.</summary>
    public static Tensor Over_(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.div_(held);
    }

    /// <summary>x / number, rounded down.</summary>
    public static Tensor FloorOver(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.div(held, RoundingMode.floor);
    }

    /// <summary>What <see cref="FloorOver"/> leaves over.</summary>
    public static Tensor Remainder(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.remainder(held);
    }

    /// <summary>x².</summary>
    public static Tensor Squared(this Tensor x) => x.pow(two);

    /// <summary>The larger of x and a bound.</summary>
    public static Tensor AtLeast(this Tensor x, long bound)
    {
        using var held = bound.ToScalar();
        return x.clamp_min(held);
    }

    /// <inheritdoc cref="AtLeast(Tensor, long)"/>
    public static Tensor AtLeast(this Tensor x, double bound)
    {
        using var held = bound.ToScalar();
        return x.clamp_min(held);
    }

    /// <summary>The smaller of x and a bound.</summary>
    public static Tensor AtMost(this Tensor x, long bound)
    {
        using var held = bound.ToScalar();
        return x.clamp_max(held);
    }
}
