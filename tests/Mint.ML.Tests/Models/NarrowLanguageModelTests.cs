using Mint.ML.Checkpoints;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Systems;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class NarrowLanguageModelTests
{
    [TestMethod]
    [DataRow(LanguageModelType.BFloat16)]
    [DataRow(LanguageModelType.Int8)]
    public void A_product_is_that_of_its_rounded_factors_counted_by_hand(LanguageModelType type)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var layer = Layer(type);
        var x = randn([3, 48], generator: new Generator(1));
        x[1].zero_();
        var actual = layer.forward(x).data<float>().ToArray();
        var (inputs, weights, biases) = (x.data<float>().ToArray(), layer.weight.data<float>().ToArray(), layer.bias!.data<float>().ToArray());
        for (int row = 0; row < 3; row++)
        {
            for (int output = 0; output < 72; output++)
            {
                double sum = Rounded(inputs[(row * 48)..(row * 48 + 48)], type).Zip(Rounded(weights[(output * 48)..(output * 48 + 48)], type), (a, b) => a * b)
                    .Sum();
                // bfloat16's result is rounded once more, to 8 bits; int8's is not.
                Assert.AreEqual(sum + biases[output], actual[row * 72 + output], type == LanguageModelType.Int8 ? 1e-5 : 1e-5 + Math.Abs(sum) / 256);
            }
        }
    }

    [TestMethod]
    [DataRow(LanguageModelType.BFloat16)]
    [DataRow(LanguageModelType.Int8)]
    public void A_rows_product_is_the_same_to_the_bit_whatever_stands_beside_it(LanguageModelType type)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var layer = Layer(type);
        var x = randn([200, 48], generator: new Generator(1)) * 10.0;
        var all = layer.forward(x);
        foreach (long rows in (long[])[1, 2, 5, 40])
            Assert.IsTrue(all.narrow(0, 3, rows).Equals(layer.forward(x.narrow(0, 3, rows))), $"{rows} rows");
        Assert.IsTrue(all.flip(0).Equals(layer.forward(x.flip(0))), "another order");
    }

    [TestMethod]
    [DataRow(LanguageModelType.BFloat16)]
    [DataRow(LanguageModelType.Int8)]
    public void With_gradients_a_layer_gives_the_bits_of_float32_and_trained_weights_are_made_anew(LanguageModelType type)
    {
        using var scope = NewDisposeScope();
        using var layer = Layer(type);
        using var plain = Layer(LanguageModelType.Float32);
        var (x, y) = (randn([3, 48], generator: new Generator(2)).requires_grad_(), randn([3, 48], generator: new Generator(2)).requires_grad_());
        using (no_grad()) Assert.IsFalse(layer.forward(x).Equals(plain.forward(x)), "nothing was rounded");
        layer.forward(x).sum().backward();
        plain.forward(y).sum().backward();
        Assert.IsTrue(x.grad!.Equals(y.grad!));
        layer.weight.requires_grad = true;
        layer.forward(x);
        using var guard = no_grad();
        layer.weight.zero_();
        layer.Frozen();
        Assert.IsTrue(layer.forward(x).Equals(layer.bias!.expand(3, 72)));
    }

    [TestMethod]
    [DataRow("flan_t5", LanguageModelType.BFloat16, 0.03)]
    [DataRow("flan_t5", LanguageModelType.Int8, 0.06)]
    [DataRow("gpt2", LanguageModelType.BFloat16, 0.03)]
    [DataRow("gpt2", LanguageModelType.Int8, 0.06)]
    [DataRow("llama", LanguageModelType.BFloat16, 0.03)]
    [DataRow("llama", LanguageModelType.Int8, 0.06)]
    public void Logits_are_nearly_those_of_float32_whole_and_step_by_step(string fixture, LanguageModelType type, double close)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var wide = ModelCatalog.LoadLanguageModel(Fixtures.Path(fixture));
        using var narrow = NarrowLanguageModels.Load(type, () => ModelCatalog.LoadLanguageModel(Fixtures.Path(fixture)));
        using var after = ModelCatalog.LoadLanguageModel(Fixtures.Path(fixture));
        var ids = tensor(new long[] { 5, 9, 20, 31, 7, 8 }).view(2, 3);
        var mask = tensor(new[] { true, true, true, true, true, false }).view(2, 3);
        var expected = wide.Logits(wide.Embed(ids), mask, ids);
        var actual = narrow.Logits(narrow.Embed(ids), mask, ids);
        Near(expected, actual);
        Near(expected.select(1, 0), narrow.Begin(narrow.Embed(ids), mask, out var state));
        Near(expected.select(1, 1), narrow.Next(state, ids.select(1, 0)));
        state.Dispose();
        // The second clip alone: what stands beside it moves a rounding here and there at most.
        Near(actual.narrow(0, 1, 1), narrow.Logits(narrow.Embed(ids.narrow(0, 1, 1)), mask.narrow(0, 1, 1), ids.narrow(0, 1, 1)));
        Assert.AreEqual(ScalarType.Float32, actual.dtype);
        Assert.IsTrue(expected.Equals(after.Logits(after.Embed(ids), mask, ids)), "loading afterwards is float32's again");

        void Near(Tensor x, Tensor y)
        {
            double difference = ModelFixture.RelativeError(y, x);
            Assert.IsLessThan(close, difference);
            if (ReferenceEquals(y, actual)) Assert.IsGreaterThan(1e-4, difference, "nothing was rounded");
        }
    }

    [TestMethod]
    [DataRow("flan_t5", LanguageModelType.BFloat16)]
    [DataRow("flan_t5", LanguageModelType.Int8)]
    [DataRow("gpt2", LanguageModelType.BFloat16)]
    [DataRow("gpt2", LanguageModelType.Int8)]
    [DataRow("llama", LanguageModelType.Int8)]
    public void A_model_that_is_loaded_narrow_keeps_no_float32_weights_of_its_layers_and_answers_as_one_that_does(string fixture, LanguageModelType type)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        nn.Module Load() => (nn.Module)ModelCatalog.LoadLanguageModel(Fixtures.Path(fixture));
        using var wide = Load();
        using var loaded = Load();
        var beside = NarrowLanguageModels.Load(type, loaded.Narrowed);
        using var narrow = NarrowLanguageModels.Load(type, Load);
        using var mapped = WeightLoader.Mapped(() => NarrowLanguageModels.Load(type, Load));
        long layers = wide.modules().Where(layer => layer is Linear or Conv1D).Sum(layer => layer.parameters().First(one => one.ndim == 2).numel());
        Assert.IsGreaterThan(1000, layers);
        foreach (var model in (nn.Module[])[narrow, mapped])
        {
            Assert.AreEqual(wide.parameters().Sum(one => one.numel()) - layers, model.parameters().Sum(one => one.numel()));
            Assert.IsTrue(Logits(beside).Equals(Logits(model)));
        }
        Assert.IsFalse(Logits(wide).Equals(Logits(narrow)), "nothing was rounded");

        Tensor Logits(nn.Module model)
        {
            var language = (ILanguageModel)model;
            var ids = tensor(new long[] { 5, 9, 20, 31, 7, 8 }).view(2, 3);
            return language.Logits(language.Embed(ids), ones_like(ids).to(@bool), ids);
        }
    }

    [TestMethod]
    [DataRow(LanguageModelType.BFloat16, 0.03)]
    [DataRow(LanguageModelType.Int8, 0.06)]
    public void Gradients_go_through_a_model_that_is_loaded_narrow_and_its_weights_take_none(LanguageModelType type, double close)
    {
        using var scope = NewDisposeScope();
        using var wide = (Llama)ModelCatalog.LoadLanguageModel(Fixtures.Path("llama"));
        using var narrow = NarrowLanguageModels.Load(type, () => (Llama)ModelCatalog.LoadLanguageModel(Fixtures.Path("llama")));
        Assert.IsLessThan(close, ModelFixture.RelativeError(Gradient(narrow), Gradient(wide)));
        foreach (var weight in narrow.parameters()) weight.requires_grad = true;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Gradient(narrow)).Message, "load it without");

        static Tensor Gradient(Llama model)
        {
            var ids = tensor(new long[] { 5, 9, 20 }).unsqueeze(0);
            var prompt = model.Embed(ids).detach().requires_grad_();
            nn.functional.cross_entropy(model.Logits(prompt, ones_like(ids).to(@bool), ids).view(-1, model.VocabularySize), ids.view(-1)).backward();
            return prompt.grad!;
        }
    }

    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("gpt2")]
    public void A_model_that_has_answered_leaves_nothing_behind(string fixture)
    {
        using var guard = no_grad();
        LiveTensors.AssertSteady(() =>
        {
            using var scope = NewDisposeScope();
            using var model = NarrowLanguageModels.Load(LanguageModelType.Int8, () => ModelCatalog.LoadLanguageModel(Fixtures.Path(fixture)));
            var ids = tensor(new long[] { 3, 4, 5 }).unsqueeze(0);
            model.Logits(model.Embed(ids), ones_like(ids).to(@bool), ids);
        });
    }

    /// <summary>Numbers as the type has them: by the 16 upper bits, to the nearest even; by whole multiples of a 127th of the largest.</summary>
    private static double[] Rounded(float[] numbers, LanguageModelType type)
    {
        if (type == LanguageModelType.Int8)
        {
            float scale = Math.Max(numbers.Max(Math.Abs) / 127, 1e-30f);
            return [.. numbers.Select(number => (double)MathF.Round(number / scale) * scale)];
        }
        return [.. numbers.Select(number =>
        {
            uint bits = BitConverter.SingleToUInt32Bits(number);
            return (double)BitConverter.UInt32BitsToSingle((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
        })];
    }

    private static Linear Layer(LanguageModelType type)
    {
        var layer = new Linear(48, 72);
        using var guard = no_grad();
        layer.weight.copy_(randn([72, 48], generator: new Generator(3)));
        layer.bias!.copy_(randn([72], generator: new Generator(4)));
        return NarrowLanguageModels.Load(type, () => layer.Frozen().Narrowed());
    }
}
