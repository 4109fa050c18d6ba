using static TorchSharp.torch;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class AutogradTests
{
    public static IEnumerable<object[]> Functions()
    {
        static object[] F(string name, Func<Tensor, Tensor> f) => [name, f];
        yield return F("square", x => x * x);
        yield return F("exp", x => x.exp());
        yield return F("log", x => (x.abs() + 1).log());
        yield return F("sigmoid", x => x.sigmoid());
        yield return F("tanh", x => x.tanh());
        yield return F("gelu", x => x.gelu());
        yield return F("silu", x => x.silu());
        yield return F("softmax", x => x.softmax(1) * x);
        yield return F("log_softmax", x => x.log_softmax(1) * x);
        yield return F("matmul", x => x.matmul(x.t()));
        yield return F("std", x => x.std(1));
        yield return F("norm", x => x.norm(1, false, 2f));
        yield return F("sum of views", x => x.view(-1)[1..3] * x.permute(1, 0).reshape(-1)[2..4]);
        yield return F("cat and stack", x => cat(new[] { x, x * 2 }, 0).pow(2));
        yield return F("gather", x => x.gather(1, tensor(new long[,] { { 2, 0 }, { 1, 1 } })).pow(3));
        yield return F("index", x => x[TensorIndex.Colon, TensorIndex.Tensor(tensor(new long[] { 0, 0, 2 }))].pow(2));
        yield return F("where", x => where(x > 0, x * x, x * 3));
        yield return F("division", x => 1.0 / (x * x + 1));
        yield return F("einsum", x => einsum("ij,kj->ik", x, x).pow(2));
        yield return F("logsumexp", x => x.logsumexp(1));
        yield return F("spectrum", x => fft.rfft(x).abs().pow(2));
    }

    [TestMethod]
    [DynamicData(nameof(Functions))]
    public void Gradient_agrees_with_differences(string name, Func<Tensor, Tensor> function)
    {
        using var x = tensor(new double[,] { { 0.3, -1.2, 0.7 }, { 1.5, 0.2, -0.4 } });
        Check.Gradient(function, x, 1e-5);
    }

    [TestMethod]
    public void Gradients_add_up_until_cleared()
    {
        using var x = tensor(new float[] { 1, 2, 3 }, requires_grad: true);
        Assert.IsNull(x.grad);
        (x * x).sum().backward();
        Check.Equal([2, 4, 6], x.grad!);
        (x * x).sum().backward();
        Check.Equal([4, 8, 12], x.grad!);
        x.grad = null;
        Assert.IsNull(x.grad);
    }

    [TestMethod]
    public void Leaves_and_intermediates()
    {
        using var x = ones(2, requires_grad: true);
        using var y = x * 2;
        Assert.IsTrue(x.is_leaf);
        Assert.IsFalse(y.is_leaf);
        Assert.IsTrue(y.requires_grad);
        Assert.IsFalse(y.detach().requires_grad);
        y.retain_grad();
        y.sum().backward();
        Check.Equal([1, 1], y.grad!);
    }

    [TestMethod]
    public void No_gradients_are_recorded_inside_no_grad()
    {
        using var x = ones(2, requires_grad: true);
        using (no_grad())
        {
            Assert.IsFalse(is_grad_enabled());
            Assert.IsFalse((x * 2).requires_grad);
            using (enable_grad()) Assert.IsTrue((x * 2).requires_grad);
            Assert.IsFalse(is_grad_enabled());
        }
        Assert.IsTrue(is_grad_enabled());
        using (inference_mode())
        {
            Assert.IsTrue(is_inference_mode_enabled());
            Assert.IsFalse((x * 2).requires_grad);
        }
        Assert.IsTrue((x * 2).requires_grad);
    }

    [TestMethod]
    public void In_place_write_to_a_leaf_is_an_error_outside_no_grad()
    {
        using var x = ones(2, requires_grad: true);
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => x.add_(1));
        using (no_grad()) x.add_(1);
        Check.Equal([2, 2], x);
        Assert.IsTrue(x.requires_grad);
    }

    [TestMethod]
    public void In_place_write_into_a_view_is_seen_by_the_gradient()
    {
        using var x = tensor(new float[] { 1, 2, 3 }, requires_grad: true);
        using var buffer = zeros(3);
        using (var view = buffer.narrow(0, 0, 3)) view.copy_(x * x);
        Assert.IsTrue(buffer.requires_grad);
        buffer.sum().backward();
        Check.Equal([2, 4, 6], x.grad!);
    }

    [TestMethod]
    public void Grad_returns_gradients_without_storing_them()
    {
        using var x = tensor(3f, requires_grad: true);
        using var y = x * x * x;
        var first = autograd.grad([y], [x], create_graph: true)[0];
        Assert.AreEqual(27f, first.item<float>());
        var second = autograd.grad([first], [x])[0];
        Assert.AreEqual(18f, second.item<float>());
        Assert.IsNull(x.grad);
    }

    [TestMethod]
    public void Weighted_backward()
    {
        using var x = tensor(new float[] { 1, 2 }, requires_grad: true);
        using var y = x * x;
        y.backward([tensor(new float[] { 10, 100 })]);
        Check.Equal([20, 400], x.grad!);
    }

    [TestMethod]
    public void Second_backward_through_a_freed_graph_is_an_error()
    {
        using var x = tensor(new float[] { 1, 2 }, requires_grad: true);
        using var y = (x * x).sum();
        y.backward(retain_graph: true);
        y.backward();
        Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => y.backward());
    }
}
