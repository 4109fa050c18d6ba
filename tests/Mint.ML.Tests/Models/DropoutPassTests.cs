using Mint.ML.Layers;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class DropoutPassTests
{
    /// <summary>The mask by SplitMix64, one number after the other, in whole numbers: half of 64 bits an element, the lower first.</summary>
    [TestMethod]
    [DataRow(1)]
    [DataRow(15)]
    [DataRow(1000)]
    [DataRow(600_001)]
    public void An_element_stays_by_its_place_and_the_key_alone(int count)
    {
        using var scope = NewDisposeScope();
        const long key = 0x1234_5678_9abc_def0;
        const double probability = 0.1;
        var (x, residual) = (randn([count], generator: new Generator(1)), randn([count], generator: new Generator(2)));
        float[] source = x.data<float>().ToArray(), added = residual.data<float>().ToArray(), expected = new float[count];
        ulong state = unchecked((ulong)key), z = 0;
        for (int i = 0; i < count; i++)
        {
            if (i % 2 == 0)
            {
                z = state += 0x9E3779B97F4A7C15;
                z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
                z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
                z ^= z >> 31;
            }
            uint drawn = (uint)(i % 2 == 0 ? z : z >> 32);
            expected[i] = (drawn / 4294967296.0 < probability ? 0 : source[i] * (1 / 0.9f)) + added[i];
        }
        int threads = get_num_threads();
        try
        {
            foreach (int many in (int[])[1, 3])
            {
                set_num_threads(many);
                float[] actual = DropoutPass.Run(x, probability, key, residual).data<float>().ToArray();
                for (int i = 0; i < count; i++) Assert.AreEqual(expected[i], actual[i], 1e-6f, $"element {i}, {many} threads");
            }
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [TestMethod]
    public void The_gradient_is_that_of_the_mask_that_was_used()
    {
        using var scope = NewDisposeScope();
        var x = (rand([64, 50], generator: new Generator(1)) + 1).requires_grad_(); // no element is zero before
        var residual = zeros(64, 50).requires_grad_();
        var slope = randn([50, 64], generator: new Generator(2)).t(); // as a product's gradient may come: not in rows
        var dropped = DropoutPass.Of(x, 0.3, residual);
        dropped.backward([slope]);
        var mask = dropped.detach() / x.detach(); // 0 or the factor
        Assert.IsLessThan(1e-6f, (x.grad! - slope * mask).abs().max().item<float>());
        Assert.IsTrue(slope.Equals(residual.grad!));
    }

    [TestMethod]
    [DataRow(0.1)]
    [DataRow(0.5)]
    [DataRow(0.9)]
    public void So_many_are_dropped_the_mean_stays_and_neighbours_do_not_know_of_each_other(double probability)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        const int count = 1_000_000;
        var dropped = DropoutPass.Of(ones(count), probability);
        double deviation = Math.Sqrt(probability * (1 - probability) / count); // of a share
        var zero = dropped.eq(0).to(float64);
        Assert.AreEqual(probability, zero.mean().item<double>(), 5 * deviation);
        Assert.AreEqual(1, dropped.to(float64).mean().item<double>(), 5 * deviation / (1 - probability));
        foreach (int apart in (int[])[1, 2, 16, 64, 768])
        {
            double both = (zero.narrow(0, 0, count - apart) * zero.narrow(0, apart, count - apart)).mean().item<double>();
            Assert.AreEqual(probability * probability, both, 5 * deviation, $"{apart} apart");
        }
    }

    [TestMethod]
    public void A_seed_and_a_restored_state_give_the_same_bits_and_the_next_call_others()
    {
        using var scope = NewDisposeScope();
        var x = ones(1000);
        random.manual_seed(1);
        var first = DropoutPass.Of(x, 0.5);
        using var state = new RandomStreamState(x.device);
        var second = DropoutPass.Of(x, 0.5);
        Assert.IsFalse(first.Equals(second));
        state.Return();
        Assert.IsTrue(second.Equals(DropoutPass.Of(x, 0.5)));
        random.manual_seed(1);
        Assert.IsTrue(first.Equals(DropoutPass.Of(x, 0.5)));
    }

    [TestMethod]
    public void Other_types_are_dropped_by_libtorch_and_nothing_is_left_behind()
    {
        using var scope = NewDisposeScope();
        var wide = DropoutPass.Of(ones(1000, dtype: float64), 0.5, ones(1000, dtype: float64));
        Assert.AreEqual(float64, wide.dtype);
        Assert.IsTrue(wide.eq(1).logical_or(wide.eq(3)).all().item<bool>());
        var x = ones(100).requires_grad_();
        LiveTensors.AssertSteady(() =>
        {
            using var inner = NewDisposeScope();
            DropoutPass.Of(x, 0.5, x).sum().backward();
        });
    }
}
