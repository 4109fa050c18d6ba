using Mint.ML.Layers;
using Mint.ML.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

/// <summary>Products by oneDNN, on every processor: there where MKL is the faster one, too.</summary>
[TestClass]
public sealed class DenseProductTests
{
    [TestInitialize]
    public void Needs_oneDNN()
    {
        if (!OneDnnProducts.Available) Assert.Inconclusive("This libtorch was built without oneDNN.");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Product_and_gradients_are_those_of_double_precision(bool biased)
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (Drawn(1, 4, 5, 33), Drawn(2, 17, 33), biased ? Drawn(3, 17) : null);
        var (wideX, wideWeight, wideBias) = (Wide(x), Wide(weight), bias is null ? null : Wide(bias));
        var slope = randn([4, 5, 17], generator: new Generator(4));

        var product = DenseProduct.ByOneDnn(x, weight, bias);
        product.backward([slope]);
        var expected = wideX.matmul(wideWeight.t());
        if (wideBias is not null) expected = expected + wideBias;
        expected.backward([slope.to(float64)]);

        Near(expected, product);
        Near(wideX.grad!, x.grad!);
        Near(wideWeight.grad!, weight.grad!);
        if (bias is not null) Near(wideBias!.grad!, bias.grad!);
    }

    [TestMethod]
    public void What_is_frozen_gets_no_gradient_and_what_is_before_it_does()
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (Drawn(1, 6, 8), Drawn(2, 4, 8).requires_grad_(false), Drawn(3, 4));
        DenseProduct.ByOneDnn(x, weight, bias).sum().backward();
        Assert.IsNull(weight.grad);
        Near(weight.sum([0]).unsqueeze(0).expand(6, 8), x.grad!);
        Near(full(4, 6.0f), bias.grad!);
        using (no_grad()) Assert.IsFalse(DenseProduct.ByOneDnn(x, weight, bias).requires_grad);
    }

    [TestMethod]
    public void Gradients_of_parameters_add_up_over_uses_and_over_steps()
    {
        using var scope = NewDisposeScope();
        var (first, second) = (Drawn(1, 6, 8), Drawn(5, 3, 8));
        var (weight, bias) = (new Parameter(Drawn(2, 4, 8).detach()), new Parameter(Drawn(3, 4).detach()));
        for (int step = 0; step < 2; step++)
            (DenseProduct.ByOneDnn(first, weight, bias).sum() + DenseProduct.ByOneDnn(second, weight, bias).sum()).backward();
        var expected = (first.sum([0]) + second.sum([0])).detach() * 2; // of a sum, every output's row of the weight gets the sum of the inputs
        Near(expected.unsqueeze(0).expand(4, 8), weight.grad!);
        Near(full(4, 18.0f), bias.grad!);
    }

    [TestMethod]
    public void Rows_that_lie_apart_in_memory_are_multiplied_as_what_they_are()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (x, weight) = (Drawn(1, 33, 12).t(), Drawn(2, 33, 17).t());
        Near(x.to(float64).matmul(weight.to(float64).t()), DenseProduct.ByOneDnn(x, weight, null));
    }

    [TestMethod]
    public void A_width_that_fills_no_register_is_multiplied_right_for_any_number_of_rows()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        foreach (var (inputs, outputs) in ((long, long)[])[(48, 72), (64, 64), (1, 1), (31, 100), (768, 769)])
        {
            var weight = Drawn(2, outputs, inputs);
            foreach (long rows in (long[])[1, 2, 7, 40, 300])
            {
                var x = Drawn(rows, rows, inputs);
                Near(x.to(float64).matmul(weight.to(float64).t()), DenseProduct.ByOneDnn(x, weight, null));
            }
        }
    }

    [TestMethod]
    public void Products_of_a_graph_leave_no_tensor_behind()
    {
        using var x = Drawn(1, 6, 8);
        using var weight = Drawn(2, 4, 8);
        using var bias = Drawn(3, 4);
        LiveTensors.AssertSteady(() =>
        {
            using var scope = NewDisposeScope();
            DenseProduct.ByOneDnn(x, weight, bias).sum().backward();
        });
    }

    private static Tensor Drawn(long seed, params long[] shape) => randn(shape, generator: new Generator((ulong)seed)).requires_grad_();

    private static Tensor Wide(Tensor x) => x.detach().to(float64).requires_grad_();

    private static void Near(Tensor expected, Tensor actual)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape);
        Assert.IsLessThan(1e-6, ModelFixture.RelativeError(actual.detach(), expected.detach().to(float32)));
    }
}
