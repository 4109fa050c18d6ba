using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.autograd;

namespace Mint.ML.Tests.Packages;

/// <summary>What the product leans on in TorchSharp and libtorch and what another version could change.</summary>
[TestClass]
public sealed class TorchSharpTests
{
    private sealed class Cube : SingleTensorFunction<Cube>
    {
        public override string Name => nameof(Cube);

        public override Tensor forward(AutogradContext ctx, params object[] vars)
        {
            ctx.save_for_backward([(Tensor)vars[0]]);
            ctx.save_data("factor", vars[1]);
            return ((Tensor)vars[0]).pow(3) * (double)vars[1];
        }

        public override List<Tensor> backward(AutogradContext ctx, Tensor grad_output) =>
            [grad_output * ctx.get_saved_variables()[0].pow(2) * 3 * (double)ctx.get_data("factor"), null!];
    }

    private static double[] Doubles(Tensor tensor) => tensor.to(ScalarType.Float64).contiguous().data<double>().ToArray();

    [TestMethod]
    public void A_scope_disposes_what_was_made_in_it_and_hands_on_what_is_moved()
    {
        using var outside = ones(1);
        Tensor inside, moved, free;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
            {
                inside = outside.clone();
                moved = ones(1).MoveToOuterDisposeScope();
                free = ones(1).DetachFromDisposeScope();
            }
            Assert.IsTrue(inside.IsInvalid);
            Assert.IsFalse(moved.IsInvalid);
        }
        Assert.IsTrue(moved.IsInvalid);
        Assert.IsFalse(free.IsInvalid || outside.IsInvalid);
        free.Dispose();
        free.Dispose();
        Assert.Throws<InvalidOperationException>(() => free.shape);
    }

    [TestMethod]
    public void Scopes_belong_to_their_thread_and_views_hold_their_memory()
    {
        using var scope = NewDisposeScope();
        Tensor? elsewhere = null;
        var thread = new Thread(() => elsewhere = ones(1));
        thread.Start();
        thread.Join();
        Assert.IsFalse(scope.Contains(elsewhere!));
        elsewhere!.Dispose();
        var whole = tensor(new float[] { 1, 2, 3 });
        var view = whole[1..];
        whole.Dispose();
        CollectionAssert.AreEqual(new double[] { 2, 3 }, Doubles(view));
    }

    [TestMethod]
    public void A_hand_written_derivative_is_used_and_without_gradients_it_is_a_plain_call()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new double[] { 1, 2, -3 }, requires_grad: true);
        Cube.apply(x, 2.0).sum().backward();
        CollectionAssert.AreEqual(new double[] { 6, 24, 54 }, Doubles(x.grad!));
        using (no_grad()) Assert.IsFalse(Cube.apply(x, 2.0).requires_grad);
    }

    [TestMethod]
    public void Graphs_leave_no_tensor_behind()
    {
        using var x = tensor(new double[] { 1, 2 }, requires_grad: true);
        LiveTensors.AssertSteady(() =>
        {
            using var scope = NewDisposeScope();
            Cube.apply(x, 1.0).sum().backward();
        });
    }

    [TestMethod]
    public void Indices_count_from_the_end_cut_select_and_write_through()
    {
        using var scope = NewDisposeScope();
        var grid = arange(24).reshape(2, 3, 4);
        Assert.AreEqual(23L, grid[-1, -1, -1].item<long>());
        CollectionAssert.AreEqual(new double[] { 3, 7, 11, 15, 19, 23 }, Doubles(grid[TensorIndex.Ellipsis, 3]));
        CollectionAssert.AreEqual(new double[] { 2, 3 }, Doubles(grid[0, 0, ^2..]));
        CollectionAssert.AreEqual(new double[] { 20, 21, 22, 23 }, Doubles(grid[grid > 19]));
        CollectionAssert.AreEqual(new double[] { 2, 1 }, Doubles(tensor(new float[] { 1, 2, 3 }).index_select(0, tensor(new long[] { 1, 0 }))));
        var zero = zeros(2, 2);
        zero[0] = tensor(5f);
        zero[TensorIndex.Colon, 1] = tensor(new float[] { 7, 8 });
        CollectionAssert.AreEqual(new double[] { 5, 7, 0, 8 }, Doubles(zero));
        Assert.Throws<Exception>(() => grid[0, 0, 0, 0]);
    }

    [TestMethod]
    public void A_generator_of_its_own_repeats_goes_on_from_a_state_and_leaves_the_default_alone()
    {
        using var scope = NewDisposeScope();
        using var own = new Generator(9);
        random.manual_seed(1);
        var expected = randn(3);
        random.manual_seed(1);
        var first = randn(3, generator: own);
        Assert.IsTrue(expected.Equals(randn(3)));
        own.manual_seed(9);
        Assert.IsTrue(first.Equals(randn(3, generator: own)));
        var state = own.get_state();
        var next = randperm(20, generator: own);
        own.set_state(state);
        Assert.IsTrue(next.Equals(randperm(20, generator: own)));
        var whole = get_rng_state();
        var drawn = torch.nn.functional.dropout(ones(50), 0.5, training: true);
        set_rng_state(whole);
        Assert.IsTrue(drawn.Equals(torch.nn.functional.dropout(ones(50), 0.5, training: true)));
    }

    [TestMethod]
    public void Gelu_is_the_exact_one_and_a_softmax_over_masked_scores_gives_them_nothing()
    {
        using var scope = NewDisposeScope();
        // x Phi(x) of 1 and of -2, from a table of the normal distribution.
        double[] gelu = Doubles(torch.nn.functional.gelu(tensor(new double[] { 1, -2 })));
        Assert.AreEqual(0.8413447460685429, gelu[0], 1e-12);
        Assert.AreEqual(-2 * 0.022750131948179195, gelu[1], 1e-12);
        // The lowest value masks a key, and a row with no key at all is uniform, not NaN.
        float lowest = float.MinValue;
        double[] weights = Doubles(tensor(new[] { 0f, lowest, 0f, lowest, lowest, lowest }).reshape(2, 3).softmax(-1));
        CollectionAssert.AreEqual(new[] { 0.5, 0, 0.5 }, weights[..3]);
        Assert.AreEqual(1 / 3.0, weights[3], 1e-7);
    }

    [TestMethod]
    public void The_gradient_of_gelu_is_right_whatever_order_of_memory_it_comes_back_in()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var (x, weight) = (randn(3, 10, 16), randn(16, 4, 3));
        Tensor Gradient(Func<Tensor, Tensor> gelu)
        {
            var leaf = x.clone().requires_grad_(true);
            // The gradient of the convolution's input is channels first.
            torch.nn.functional.conv1d(gelu(leaf).transpose(1, 2), weight, padding: 1, groups: 4).pow(2).sum().backward();
            return leaf.grad!;
        }
        Assert.IsTrue(Gradient(torch.nn.functional.gelu).allclose(Gradient(t => t * 0.5 * (1 + (t / Math.Sqrt(2)).erf())), 1e-4, 1e-4));
    }

    /// <summary>
    /// MKL sums a product of fewer than 16 rows in another order than one of more, and one of 3,072 terms in another for every number of rows: a row's
    /// answer depends on the batch in its last bits. No sum of n products may be further from the true one than n u times the sum of their magnitudes,
    /// u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1).
    /// </summary>
    [TestMethod]
    [DataRow(8, 8)]
    [DataRow(100, 40)]
    [DataRow(768, 96)]
    [DataRow(3072, 64)]
    public void A_row_of_a_product_is_the_same_to_rounding_whatever_number_of_rows_it_comes_with(int terms, int outputs)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (x, weight) = (randn([200, terms], generator: generator), randn([outputs, terms], generator: generator));
        var (wideX, wideWeight) = (x.to(ScalarType.Float64), weight.to(ScalarType.Float64));
        var (exact, bound) = (wideX.matmul(wideWeight.t()), wideX.abs().matmul(wideWeight.abs().t()) * (terms * Math.Pow(2, -24)));
        foreach (int rows in (int[])[1, 2, 3, 7, 15, 16, 17, 64, 200])
        {
            var part = torch.nn.functional.linear(x.narrow(0, 0, rows), weight).to(ScalarType.Float64);
            Assert.IsTrue((part - exact.narrow(0, 0, rows)).abs().le(bound.narrow(0, 0, rows)).all().item<bool>(), $"{rows} rows");
        }
    }

    [TestMethod]
    public void A_bfloat16_product_is_summed_wide_and_rounded_once()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var (x, weight) = (randn([33, 512], generator: generator).to(ScalarType.BFloat16), randn([24, 512], generator: generator).to(ScalarType.BFloat16));
        var (wideX, wideWeight) = (x.to(ScalarType.Float64), weight.to(ScalarType.Float64));
        var exact = wideX.matmul(wideWeight.t());
        // Half a step of a number of 8 bits, and float32's error of the sum.
        var bound = exact.abs() * Math.Pow(2, -8) + wideX.abs().matmul(wideWeight.abs().t()) * (512 * Math.Pow(2, -24));
        Assert.IsTrue((torch.nn.functional.linear(x, weight).to(ScalarType.Float64) - exact).abs().le(bound).all().item<bool>());
    }
}
