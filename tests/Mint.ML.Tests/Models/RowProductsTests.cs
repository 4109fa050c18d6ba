using Mint.ML.Layers;
using Mint.ML.Native;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

/// <summary>Products of few rows in 512-bit registers.</summary>
[TestClass]
public sealed class RowProductsTests
{
    [TestInitialize]
    public void Needs_512_bits()
    {
        if (!RowProducts.Available || !CallersThreads.Available)
            Assert.Inconclusive("This processor has no AVX-512, or the threads of this libtorch cannot be limited.");
    }

    // Numbers of rows and outputs that are multiples of a tile's four and six, and that are not.
    [TestMethod]
    [DataRow(4, 16, 6)]
    [DataRow(5, 48, 7)]
    [DataRow(7, 768, 96)]
    [DataRow(40, 2048, 101)]
    [DataRow(128, 64, 11)]
    public void Product_is_that_of_double_precision(int rows, int inputs, int outputs)
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (Drawn(1, 1, rows, inputs), Drawn(2, outputs, inputs), Drawn(3, outputs));
        foreach (var shift in new[] { null, bias })
        {
            var product = Product(x, weight, shift);
            var expected = x.to(float64).matmul(weight.to(float64).t());
            if (shift is not null) expected = expected + shift.to(float64);
            CollectionAssert.AreEqual(new long[] { 1, rows, outputs }, product.shape);
            Assert.IsLessThan(1e-6, ((product.to(float64) - expected).norm() / expected.norm()).item<double>());
        }
    }

    [TestMethod]
    public void A_rows_product_is_the_same_whatever_rows_stand_beside_it()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (Drawn(1, 41, 96), Drawn(2, 50, 96));
        var all = Product(x, weight, null);
        for (int rows = 4; rows <= 9; rows++)
        {
            for (int from = 0; from + rows <= 41; from += 11)
                Assert.IsTrue(Product(x.narrow(0, from, rows), weight, null).Equals(all.narrow(0, from, rows)), $"{rows} rows from {from}");
        }
    }

    [TestMethod]
    public void Rows_that_do_not_lie_together_are_read_as_they_are()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (Drawn(1, 6, 32, 2), Drawn(2, 12, 32));
        var apart = x.select(2, 1); // (6, 32), every other number
        Assert.IsTrue(Product(apart, weight, null).Equals(Product(apart.contiguous(), weight, null)));
    }

    [TestMethod]
    [DataRow(3, 32, 12)]
    [DataRow(129, 32, 12)]
    [DataRow(8, 72, 12)]
    [DataRow(8, 32, 5)]
    public void Other_sizes_are_left_to_other_products(int rows, int inputs, int outputs)
    {
        using var scope = NewDisposeScope();
        using var limit = CallersThreads.Limit(1);
        Assert.IsNull(RowProducts.Of(Drawn(1, rows, inputs), Drawn(2, outputs, inputs), null));
        Assert.IsNull(RowProducts.Of(Drawn(1, 8, 32), Drawn(2, 32, 12).t(), null), "a weight (inputs, outputs) in memory");
    }

    private static Tensor Product(Tensor x, Tensor weight, Tensor? bias)
    {
        using var limit = CallersThreads.Limit(1);
        var product = RowProducts.Of(x, weight, bias);
        Assert.IsNotNull(product);
        return product;
    }

    private static Tensor Drawn(ulong seed, params long[] shape) => randn(shape, generator: new Generator(seed));
}
