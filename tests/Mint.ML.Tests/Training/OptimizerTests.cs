using Mint.ML.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

/// <summary>The optimizer against the formulas of the paper, in double precision.</summary>
[TestClass]
public sealed class OptimizerTests
{
    [TestMethod]
    public void Steps_are_those_of_AdamW_and_vectors_do_not_decay()
    {
        using var scope = NewDisposeScope();
        using var generator = new TorchSharp.torch.Generator(3);
        (string name, Parameter parameter)[] trained =
            [("weight", Drawn([4, 3], generator)), ("norm", Drawn([5], generator)), ("bias", Drawn([2, 2], generator))];
        double[] decays = [0.3, 0, 0], rates = [0.1, 0.02, 0.05, 0.01];
        double[][] expected = [.. trained.Select(pair => Values(pair.parameter))];
        double[][] mean = [.. expected.Select(p => new double[p.Length])], square = [.. expected.Select(p => new double[p.Length])];
        using var optimizer = Optimizer.Over(trained, weightDecay: 0.3);
        for (int step = 0; step < rates.Length; step++)
        {
            for (int i = 0; i < trained.Length; i++)
            {
                using var gradient = randn(trained[i].parameter.shape, generator: generator);
                trained[i].parameter.grad = gradient;
                double[] g = Values(gradient);
                for (int k = 0; k < g.Length; k++)
                {
                    mean[i][k] = 0.9 * mean[i][k] + 0.1 * g[k];
                    square[i][k] = 0.999 * square[i][k] + 0.001 * g[k] * g[k];
                    double m = mean[i][k] / (1 - Math.Pow(0.9, step + 1)), v = square[i][k] / (1 - Math.Pow(0.999, step + 1));
                    expected[i][k] = expected[i][k] * (1 - rates[step] * decays[i]) - rates[step] * m / (Math.Sqrt(v) + 1e-8);
                }
            }
            optimizer.Step(rates[step]);
        }
        for (int i = 0; i < trained.Length; i++)
        {
            double[] values = Values(trained[i].parameter);
            for (int k = 0; k < values.Length; k++) Assert.AreEqual(expected[i][k], values[k], 1e-6, $"{trained[i].name}[{k}]");
        }
    }

    [TestMethod]
    public void A_parameter_without_a_gradient_neither_moves_nor_decays()
    {
        using var scope = NewDisposeScope();
        var (idle, busy) = (new Parameter(ones(2, 2)), new Parameter(ones(2, 2)));
        busy.grad = ones(2, 2);
        using var optimizer = Optimizer.Over([("idle", idle), ("busy", busy)], weightDecay: 0.5);
        optimizer.Step(0.1);
        CollectionAssert.AreEqual(new double[] { 1, 1, 1, 1 }, Values(idle));
        Assert.AreEqual(1 - 0.05 - 0.1, Values(busy)[0], 1e-6); // decays by 0.05; the first step is as long as the rate
        optimizer.FreeGradients();
        Assert.IsNull(idle.grad);
        Assert.IsNull(busy.grad);
    }

    [TestMethod]
    public void The_gradient_as_a_whole_is_scaled_down_to_the_longest_norm()
    {
        using var scope = NewDisposeScope();
        var (first, second) = (new Parameter(zeros(2)), new Parameter(zeros(1, 1)));
        (first.grad, second.grad) = (tensor(new[] { 2f, 3f }), tensor(new[,] { { 6f } })); // together 7 long
        using var optimizer = Optimizer.Over([("first", first), ("second", second)], weightDecay: 0);
        optimizer.Step(0.1, longest: 100);
        Assert.AreEqual(6, Values(second.grad!)[0], 1e-6);
        optimizer.Step(0.1, longest: 3.5);
        CollectionAssert.AreEqual(new double[] { 1, 1.5, 3 }, Values(first.grad!).Concat(Values(second.grad!)).Select(value => Math.Round(value, 5)).ToArray());
    }

    // On the CPU, which has the kernel too: that of a GPU computes the same.
    [TestMethod]
    public void The_fused_kernel_makes_the_steps_of_the_operators()
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var generator = new TorchSharp.torch.Generator(7);
        TrainedParameter[] plain = [Of([7, 11], 0.3), Of([5], 0), Of([3, 4], 0.3)];
        TrainedParameter[] fused = [.. plain.Select(one => new TrainedParameter(one.Name, new(one.Parameter.detach().clone()), one.Decay))];
        for (int step = 0; step < 4; step++)
        {
            // The last one is left out of a step, and is one behind from there on.
            int count = step == 1 ? 2 : 3;
            Tensor[] gradients = [.. plain[..count].Select(one => randn(one.Parameter.shape, generator: generator))];
            foreach (var one in plain[..count].Concat(fused[..count])) one.Steps++;
            for (int i = 0; i < count; i++) Optimizer.Move(plain[i], gradients[i], Optimizer.Factors(plain[i], 0.05));
            FusedAdamW.Run([.. fused[..count].Zip(gradients)], 0.05);
        }
        foreach (var (expected, actual) in plain.Zip(fused))
        {
            foreach (var (one, other) in (ReadOnlySpan<(Tensor, Tensor)>)[(expected.Parameter, actual.Parameter), (expected.Mean, actual.Mean),
                (expected.Square, actual.Square)])
            {
                Assert.IsLessThan(1e-6, (one - other).abs().max().item<float>());
            }
            expected.Dispose();
            actual.Dispose();
        }

        TrainedParameter Of(long[] shape, double decay) => new("weight", Drawn(shape, generator), decay);
    }

    [TestMethod]
    public void One_pass_over_the_memory_is_the_operators_but_for_a_last_bit_and_the_same_with_any_number_of_threads()
    {
        using var scope = NewDisposeScope();
        using var generator = new TorchSharp.torch.Generator(5);
        // More than one piece, and no whole number of registers.
        Parameter first = Drawn([211, 701], generator), second = new(first.detach().clone()), third = new(first.detach().clone());
        using TrainedParameter one = new("weight", first, 0.05), three = new("weight", second, 0.05), operators = new("weight", third, 0.05);
        for (int step = 1; step <= 5; step++)
        {
            // Gradients of all sizes, down to those whose squares vanish.
            var gradient = randn(first.shape, generator: generator) * pow(tensor(10f), randint(-25, 3, first.shape, generator: generator));
            if (step == 3) gradient = zeros_like(first);
            one.Steps = step;
            var factors = Optimizer.Factors(one, 1e-3 * step);
            using (no_grad())
            {
                AdamWPass.Run([new(one, gradient, factors)], threads: 1);
                AdamWPass.Run([new(three, gradient, factors)], threads: 3);
                Optimizer.Move(operators, gradient, factors);
                Assert.IsTrue(first.equal(second).all().item<bool>() && one.Mean.equal(three.Mean).all().item<bool>()
                    && one.Square.equal(three.Square).all().item<bool>(), $"threads, step {step}");
                Assert.IsTrue(one.Mean.equal(operators.Mean).all().item<bool>(), $"mean, step {step}");
                Assert.IsTrue(one.Square.equal(operators.Square).all().item<bool>(), $"square, step {step}");
                float apart = ((first - third).abs() / third.abs().clamp_min(1e-2)).max().item<float>();
                Assert.IsLessThanOrEqualTo(1.2e-7f, apart, $"parameter, step {step}"); // 2^-23
                third.copy_(first);
            }
        }
    }

    [TestMethod]
    public void What_does_not_lie_in_memory_as_float32_is_moved_by_the_operators()
    {
        using var scope = NewDisposeScope();
        Parameter plain = new(ones(4, 3)), half = new(ones(4, 3, dtype: ScalarType.BFloat16));
        half.grad = ones(4, 3, dtype: ScalarType.BFloat16);
        plain.grad = ones(3, 4).t();
        using var optimizer = Optimizer.Over([("plain", plain), ("half", half)], weightDecay: 0.5);
        using (var turned = plain.grad) Assert.AreEqual(turned!.is_contiguous(), AdamWPass.Takes(optimizer.Trained[0], turned));
        using (var narrow = half.grad) Assert.IsFalse(AdamWPass.Takes(optimizer.Trained[1], narrow!));
        optimizer.Step(0.1);
        Assert.AreEqual(1 - 0.05 - 0.1, Values(plain)[5], 1e-6);
        Assert.AreEqual(1 - 0.05 - 0.1, Values(half)[5], 1e-2);
    }

    private static Parameter Drawn(long[] shape, TorchSharp.torch.Generator generator) => new(randn(shape, generator: generator));

    private static double[] Values(Tensor x) => [.. x.detach().to(ScalarType.Float64).flatten().data<double>().ToArray()];
}
