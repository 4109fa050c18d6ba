using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class GeluGradientTests
{
    [TestMethod]
    public void The_gradient_is_right_whatever_order_of_memory_it_comes_back_in()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var (x, weight) = (randn(3, 10, 16), randn(16, 4, 3));
        Tensor Gradient(Func<Tensor, Tensor> gelu)
        {
            var leaf = x.clone().requires_grad_(true);
            var y = functional.conv1d(gelu(leaf).transpose(1, 2), weight, padding: 1, groups: 4); // its input's gradient is channels first
            (y * y).sum().backward();
            return leaf.grad!;
        }
        var wanted = Gradient(t => t * 0.5 * (1 + (t / Math.Sqrt(2)).erf()));
        Assert.IsTrue(Gradient(functional.gelu).allclose(wanted, 1e-4, 1e-4));
    }
}
