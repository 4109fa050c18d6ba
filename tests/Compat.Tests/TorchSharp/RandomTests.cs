using static TorchSharp.torch;

namespace Compat.Tests.TorchSharpTests;

[TestClass]
public class RandomTests
{
    [TestMethod]
    public void Seed_repeats_every_draw()
    {
        static Tensor[] Draw() => [randn(5), rand(5), randperm(10), randint(100, new long[] { 5 }), ones(4).multinomial(2), zeros(5).uniform_(-1, 1), (ones(5) * 0.5).bernoulli()];
        manual_seed(42);
        var first = Draw();
        manual_seed(42);
        var second = Draw();
        manual_seed(43);
        var third = Draw();
        for (int i = 0; i < first.Length; i++) Assert.IsTrue(first[i].Equals(second[i]), $"draw {i}");
        Assert.IsFalse(first[0].Equals(third[0]));
    }

    [TestMethod]
    public void Saved_state_continues_where_it_was()
    {
        manual_seed(1);
        _ = randn(7);
        using var state = get_rng_state();
        using var expected = randn(3);
        set_rng_state(state);
        Assert.IsTrue(expected.Equals(randn(3)));
    }

    [TestMethod]
    public void Generator_of_its_own_leaves_the_default_alone()
    {
        using var generator = new Generator(9);
        manual_seed(1);
        using var expected = randn(3);
        manual_seed(1);
        using var own = randn(3, generator: generator);
        Assert.IsTrue(expected.Equals(randn(3)));
        generator.manual_seed(9);
        Assert.IsTrue(own.Equals(randn(3, generator: generator)));
        using var state = generator.get_state();
        using var next = randperm(20, generator: generator);
        generator.set_state(state);
        Assert.IsTrue(next.Equals(randperm(20, generator: generator)));
        Assert.AreEqual(9, generator.initial_seed());
    }

    [TestMethod]
    public void Draws_have_the_moments_of_their_distribution()
    {
        manual_seed(11);
        using var normal = randn(100_000);
        Assert.AreEqual(0, normal.mean().item<float>(), 0.02);
        Assert.AreEqual(1, normal.std().item<float>(), 0.02);
        using var uniform = zeros(100_000).uniform_(2, 4);
        Assert.AreEqual(3, uniform.mean().item<float>(), 0.02);
        Assert.IsTrue(uniform.min().item<float>() >= 2 && uniform.max().item<float>() < 4);
        Check.Equal([.. Enumerable.Range(0, 50).Select(i => (long)i)], randperm(50).sort().Values);
    }
}
