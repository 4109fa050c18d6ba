using Mint.ML.Checkpoints;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

/// <summary>The inputs of a fixture folder for tests of something else than parity with the original, which Mint.ML.Parity compares.</summary>
internal sealed class ModelFixture : IDisposable
{
    private readonly Dictionary<string, Tensor> tensors;
    private readonly double tolerance;

    /// <param name="folder">Under tests/fixtures.</param>
    /// <param name="tolerance">Of a tensor's largest magnitude.</param>
    public ModelFixture(string folder, double tolerance = 2e-5)
    {
        tensors = Safetensors.ReadAll(Fixtures.Path(folder, "io.safetensors"));
        this.tolerance = tolerance;
    }

    public Tensor this[string name] => tensors[name];

    public Tensor Mask(string name) => tensors[name].to(ScalarType.Bool);

    /// <summary>Compares with a tensor of the fixture, at all positions or at those where <paramref name="mask"/> (B, T) is true.</summary>
    public void Check(string name, Tensor actual, Tensor? mask = null)
    {
        var expected = tensors[name];
        CollectionAssert.AreEqual(expected.shape, actual.shape, $"{name}: shape");
        double error = RelativeError(expected, actual, mask);
        Console.WriteLine($"{name}: {error:0.0e+0}");
        Assert.IsLessThan(tolerance, error, name);
    }

    /// <summary>Largest difference over largest magnitude; both (B, T, ...) when there is a mask.</summary>
    public static double RelativeError(Tensor expected, Tensor actual, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        if (mask is not null)
        {
            expected = expected.reshape(mask.numel(), -1)[mask.view(-1)];
            actual = actual.reshape(mask.numel(), -1)[mask.view(-1)];
        }
        double magnitude = expected.abs().max().to(ScalarType.Float64).item<double>();
        double difference = (expected - actual).abs().max().to(ScalarType.Float64).item<double>();
        Assert.IsGreaterThan(0, magnitude);
        return double.IsNaN(difference) ? double.PositiveInfinity : difference / magnitude;
    }

    public void Dispose()
    {
        foreach (var tensor in tensors.Values) tensor.Dispose();
    }
}
