using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class PackedWeightTests
{
    [TestMethod]
    [DataRow(1L)]
    [DataRow(7L)]
    [DataRow(40L)]
    [DataRow(300L)]
    public void The_product_is_that_of_double_precision_whatever_the_rows(long rows)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        foreach (bool biased in (bool[])[false, true])
        {
            var x = randn([2, rows, 48], generator: new Generator(1));
            using var layer = Layer(biased).Decoding();
            var bias = layer.bias?.to(float64) ?? zeros(72, dtype: float64);
            var expected = x.to(float64).matmul(layer.weight.to(float64).t()) + bias;
            for (int call = 0; call < 2; call++) // the first packs
                Assert.IsLessThan(1e-6, ModelFixture.RelativeError(layer.forward(x), expected.to(float32)));
            // Rows that do not lie one after the other in memory.
            var across = x.transpose(0, 1);
            Assert.IsLessThan(1e-6, ModelFixture.RelativeError(layer.forward(across), expected.transpose(0, 1).to(float32)));
        }
    }

    [TestMethod]
    public void With_gradients_a_layer_that_decodes_gives_the_bits_of_one_that_does_not()
    {
        using var scope = NewDisposeScope();
        using var plain = Layer(biased: true);
        using var layer = Layer(biased: true).Decoding();
        var (x, y) = (randn([3, 48], generator: new Generator(2)).requires_grad_(), randn([3, 48], generator: new Generator(2)).requires_grad_());
        using (no_grad()) layer.forward(x); // packed by now
        var (expected, actual) = (plain.forward(x), layer.forward(y));
        Assert.IsTrue(expected.Equals(actual));
        expected.sum().backward();
        actual.sum().backward();
        Assert.IsTrue(x.grad!.Equals(y.grad!));
    }

    [TestMethod]
    public void A_weight_that_is_trained_is_never_packed()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(biased: false).Decoding();
        layer.weight.requires_grad = true;
        var x = ones(2, 48);
        using var guard = no_grad();
        layer.forward(x);
        layer.weight.zero_();
        Assert.AreEqual(0, layer.forward(x).abs().max().item<float>());
    }

    [TestMethod]
    public void A_weight_that_is_trained_and_frozen_again_is_packed_anew()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(biased: false).Decoding();
        var x = ones(2, 48);
        using (no_grad()) Assert.AreNotEqual(0, layer.forward(x).abs().max().item<float>());
        layer.weight.requires_grad = true;
        layer.forward(x).sum().backward();
        using var guard = no_grad();
        layer.weight.zero_();
        layer.Frozen();
        Assert.AreEqual(0, layer.forward(x).abs().max().item<float>());
    }

    [TestMethod]
    public void What_has_the_wrong_width_is_refused_as_by_libtorch()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var layer = Layer(biased: false).Decoding();
        Assert.Throws<Exception>(() => layer.forward(ones(2, 24)));
        CollectionAssert.AreEqual(new long[] { 0, 72 }, layer.forward(zeros(0, 48)).shape);
    }

    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("gpt2")]
    [DataRow("llama")]
    public void A_model_that_has_answered_leaves_nothing_behind(string fixture)
    {
        LiveTensors.AssertSteady(Answer);

        void Answer()
        {
            using var model = (IDisposable)Mint.ML.Systems.ModelCatalog.LoadLanguageModel(Fixtures.Path(fixture));
            using var scope = NewDisposeScope();
            var language = (ILanguageModel)model;
            var ids = tensor(new long[] { 3, 4, 5 }).unsqueeze(0);
            language.Begin(language.Embed(ids), ones_like(ids).to(@bool), out var state);
            language.Next(state, tensor(new long[] { 6 }));
            state.Dispose();
        }
    }

    private static Linear Layer(bool biased)
    {
        var layer = new Linear(48, 72, biased);
        using var guard = no_grad();
        layer.weight.copy_(randn([72, 48], generator: new Generator(3)));
        layer.bias?.copy_(randn([72], generator: new Generator(4)));
        return layer.Frozen();
    }
}
