using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class AutogradFunctionTests
{
    private sealed class Cube : SingleTensorFunction<Cube>
    {
        public override string Name => nameof(Cube);

        public override Tensor forward(AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            ctx.save_for_backward([x]);
            ctx.save_data("factor", vars[1]);
            return x * x * x * (double)vars[1];
        }

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
        {
            var x = ctx.get_saved_variables()[0];
            return [grad_output * x * x * 3 * (double)ctx.get_data("factor"), null!];
        }
    }

    /// <summary>What activation checkpointing does: nothing is kept but the input, and backward computes again.</summary>
    private sealed class Recompute : SingleTensorFunction<Recompute>
    {
        public override string Name => nameof(Recompute);

        public override Tensor forward(AutogradContext ctx, params object[] vars)
        {
            ctx.save_for_backward([(Tensor)vars[1]]);
            ctx.save_data("body", vars[0]);
            return ((Func<Tensor, Tensor>)vars[0])((Tensor)vars[1]);
        }

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output)
        {
            using var grads = enable_grad();
            var x = ctx.get_saved_variables()[0].detach().requires_grad_();
            var y = ((Func<Tensor, Tensor>)ctx.get_data("body"))(x);
            autograd.backward(y, grad_output);
            return [null!, x.grad!];
        }
    }

    private sealed class Failing : SingleTensorFunction<Failing>
    {
        public override string Name => nameof(Failing);
        public override Tensor forward(AutogradContext ctx, params object[] vars) => (Tensor)vars[0] * 2;
        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) => throw new NotSupportedException("no derivative today");
    }

    [TestMethod]
    public void Hand_written_derivative_is_used()
    {
        using var x = tensor(new double[] { 1, 2, -3 }, requires_grad: true);
        using var y = Cube.apply(x, 2.0);
        Assert.IsTrue(y.requires_grad);
        y.sum().backward();
        Check.Equal([6, 24, 54], x.grad!);
        Check.Gradient(t => Cube.apply(t.sin(), 0.5), tensor(new double[] { 0.3, -0.8 }));
    }

    [TestMethod]
    public void Without_gradients_it_is_a_plain_call()
    {
        using var x = tensor(new double[] { 2 });
        Assert.IsFalse(Cube.apply(x, 1.0).requires_grad);
        using var leaf = tensor(new double[] { 2 }, requires_grad: true);
        using (no_grad()) Assert.IsFalse(Cube.apply(leaf, 1.0).requires_grad);
    }

    [TestMethod]
    public void Computing_again_in_backward_gives_the_same_gradients()
    {
        manual_seed(4);
        using var x = randn(3, 4, requires_grad: true);
        using var w = randn(4, 4, requires_grad: true);
        Func<Tensor, Tensor> body = t => t.matmul(w).tanh().matmul(w);
        body(x).pow(2).sum().backward();
        var (gx, gw) = (x.grad!.clone(), w.grad!.clone());
        x.grad = null;
        w.grad = null;
        Recompute.apply(body, x).pow(2).sum().backward();
        Assert.IsTrue(gx.allclose(x.grad!, 1e-4, 1e-5));
        Assert.IsTrue(gw.allclose(w.grad!, 1e-4, 1e-5));
    }

    [TestMethod]
    public void Error_in_backward_reaches_the_caller()
    {
        using var x = ones(2, requires_grad: true);
        using var y = Failing.apply(x).sum();
        StringAssert.Contains(Assert.Throws<Exception>(() => y.backward()).Message, "no derivative today");
    }

    [TestMethod]
    public void Graphs_leave_no_tensor_behind()
    {
        using var x = tensor(new double[] { 1, 2 }, requires_grad: true);
        x.grad = zeros(2, ScalarType.Float64);
        for (int i = 0; i < 3; i++) Step();
        long before = Tensor.TotalCount;
        for (int i = 0; i < 50; i++) Step();
        Assert.AreEqual(before, Tensor.TotalCount);

        void Step()
        {
            using var scope = NewDisposeScope();
            Cube.apply(x, 1.0).sum().backward();
        }
    }
}
