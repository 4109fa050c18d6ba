using static TorchSharp.torch;

namespace Compat.Tests.TorchSharpTests;

/// <summary>Assertions on tensors, against values written down or computed in plain C#.</summary>
internal static class Check
{
    public static float[] Values(Tensor t)
    {
        using var plain = t.detach().cpu().to_type(ScalarType.Float32).contiguous();
        return plain.data<float>().ToArray();
    }

    public static long[] Whole(Tensor t)
    {
        using var plain = t.cpu().to_type(ScalarType.Int64).contiguous();
        return plain.data<long>().ToArray();
    }

    public static void Equal(float[] expected, Tensor actual, double tolerance = 1e-5)
    {
        var values = Values(actual);
        Assert.AreEqual(expected.Length, values.Length, $"number of elements of {string.Join("x", actual.shape)}");
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], values[i], tolerance * Math.Max(1, Math.Abs(expected[i])), $"element {i} of [{string.Join(", ", values)}]");
    }

    // C# prefers this overload for whole literals, also where the tensor holds fractions.
    public static void Equal(long[] expected, Tensor actual)
    {
        if (actual.is_floating_point()) Equal(Array.ConvertAll(expected, i => (float)i), actual);
        else CollectionAssert.AreEqual(expected, Whole(actual));
    }

    public static void Shape(long[] expected, Tensor actual) => CollectionAssert.AreEqual(expected, actual.shape);

    /// <summary>The gradient of a scalar function against differences of the function itself, in double precision.</summary>
    public static void Gradient(Func<Tensor, Tensor> function, Tensor at, double tolerance = 1e-5)
    {
        const double Step = 1e-5;
        using var scope = NewDisposeScope();
        var x = at.to_type(ScalarType.Float64).clone().requires_grad_();
        function(x).sum().backward();
        var gradient = x.grad!.contiguous().data<double>().ToArray();
        var point = x.detach().contiguous().data<double>().ToArray();
        for (int i = 0; i < point.Length; i++)
        {
            double Moved(double by)
            {
                var moved = (double[])point.Clone();
                moved[i] += by;
                return function(tensor(moved).reshape(at.shape)).sum().item<double>();
            }
            double slope = (Moved(Step) - Moved(-Step)) / (2 * Step);
            Assert.AreEqual(slope, gradient[i], tolerance * Math.Max(1, Math.Abs(slope)), $"derivative by element {i}");
        }
    }
}
