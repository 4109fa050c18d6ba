using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Tensors;

/// <summary>Comparisons of a tensor with a number, element by element; booleans in the tensor's shape. Why: <see cref="Arithmetic"/>.</summary>
public static class Comparisons
{
    /// <summary>x = number.</summary>
    public static Tensor EqualTo(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.eq(held);
    }

    /// <summary>x ≠ number.</summary>
    public static Tensor NotEqualTo(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.ne(held);
    }

    /// <summary>x &lt; number.</summary>
    public static Tensor LessThan(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.lt(held);
    }

    /// <summary>x &gt; number.</summary>
    public static Tensor GreaterThan(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.gt(held);
    }

    /// <summary>x ≥ number.</summary>
    public static Tensor NotLessThan(this Tensor x, long number)
    {
        using var held = number.ToScalar();
        return x.ge(held);
    }
}
