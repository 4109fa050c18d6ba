using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Native;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Tests.Models;

/// <summary>Attention of few queries in 512-bit registers.</summary>
[TestClass]
public sealed class FewQueriesTests
{
    private const float Masked = float.MinValue; // what Attention.Bias and the decoders' states give a masked key

    [TestInitialize]
    public void Needs_512_bits()
    {
        if (!RowProducts.Available || !CallersThreads.Available)
            Assert.Inconclusive("This processor has no AVX-512, or the threads of this libtorch cannot be limited.");
    }

    // Widths that are multiples of 32 and that are not; numbers of keys about those of a register.
    [TestMethod]
    [DataRow(1, 1, 1, 1, 32)]
    [DataRow(2, 3, 5, 15, 64)]
    [DataRow(3, 2, 4, 16, 48)]
    [DataRow(2, 12, 16, 150, 128)]
    [DataRow(1, 2, 7, 33, 80)]
    public void Attention_is_that_of_double_precision(int batch, int heads, int queries, int keys, int width)
    {
        using var scope = NewDisposeScope();
        // As they lie in a decoder: heads side by side in a row, and a cache with room for more.
        var query = Drawn(1, batch, queries, heads, width).transpose(1, 2);
        var key = Drawn(2, batch, heads, keys + 9, width).narrow(2, 4, keys);
        var value = Drawn(3, batch, heads, 2 * keys, width).narrow(2, 0, keys);
        Tensor?[] biases =
        [
            null,
            Drawn(4, batch, 1, 1, keys),                                      // (B, 1, 1, S)
            Drawn(5, heads, 1, keys),                                         // (H, 1, S)
            Drawn(6, batch, heads, queries, keys),
            Drawn(7, batch, keys, queries, heads).permute(0, 3, 2, 1),        // (B, H, L, S), keys not side by side
            Drawn(8, 1, heads, 1, keys).expand(batch, heads, queries, keys),
        ];
        foreach (var bias in biases)
        {
            foreach (double scale in new[] { 1, 0.3 })
                AssertClose(InDouble(query, key, value, bias, scale), Few(query, key, value, bias, scale));
        }
    }

    [TestMethod]
    public void Large_and_small_scores_lose_nothing()
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = (Drawn(1, 2, 3, 4, 64), Drawn(2, 2, 3, 40, 64), Drawn(3, 2, 3, 40, 64));
        foreach (double scale in new[] { 1e-3, 1.0, 30.0 }) // scores of up to some hundreds: most weights underflow
            AssertClose(InDouble(query, key, value, null, scale), Few(query, key, value, null, scale), scale > 1 ? 3e-5 : 1e-6);
    }

    [TestMethod]
    public void What_is_masked_weighs_nothing_at_all()
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = (Drawn(1, 2, 3, 4, 64), Drawn(2, 2, 3, 40, 64), Drawn(3, 2, 3, 40, 64));
        foreach (float masked in new[] { Masked, float.NegativeInfinity })
        {
            var bias = Drawn(4, 2, 3, 4, 40);
            bias[TensorIndex.Colon, TensorIndex.Colon, TensorIndex.Colon, TensorIndex.Slice(3, 17)] = masked;
            var other = value.clone();
            other[TensorIndex.Colon, TensorIndex.Colon, TensorIndex.Slice(3, 17)] = 1e30f;
            AssertClose(InDouble(query, key, value, bias, 1), Few(query, key, value, bias, 1));
            AssertSame(Few(query, key, value, bias, 1), Few(query, key, other, bias, 1));
            // ... as if it were not there.
            long[] open = [.. Enumerable.Range(0, 40).Where(i => i is < 3 or >= 17).Select(i => (long)i)];
            var kept = tensor(open);
            AssertSame(Few(query, key.index_select(2, kept), value.index_select(2, kept), bias.index_select(3, kept), 1), Few(query, key, value, bias, 1));
        }
    }

    [TestMethod]
    public void A_row_that_may_see_nothing_is_what_libtorch_makes_of_it()
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = (Drawn(1, 2, 3, 4, 64), Drawn(2, 2, 3, 21, 64), Drawn(3, 2, 3, 21, 64));
        foreach (float masked in new[] { Masked, float.NegativeInfinity })
        {
            var bias = zeros(2, 3, 4, 21);
            bias[0, 1, 2] = masked;
            var few = Few(query, key, value, bias, 0.125);
            Assert.IsTrue(functional.scaled_dot_product_attention(query, key, value, bias).allclose(few, 1e-5, 1e-6, equal_nan: true), $"{masked}");
            if (masked == Masked) AssertClose(value[0, 1].to(float64).mean([0]), few[0, 1, 2]); // all weights are equal
        }
    }

    [TestMethod]
    [DataRow(1, 40)]
    [DataRow(16, 25)]
    [DataRow(40, 1)]
    [DataRow(33, 8)]
    public void Keys_in_two_places_are_as_if_they_lay_together(int first, int second)
    {
        using var scope = NewDisposeScope();
        int keys = first + second;
        var (query, key, value) = (Drawn(1, 2, 3, 5, 64), Drawn(2, 2, 3, keys, 64), Drawn(3, 2, 3, keys, 64));
        var places = (Part(0, first), Part(first, second));
        foreach (float share in new[] { 0, 0.5f, 1 }) // masked of both places; at 1, all
        {
            var bias = Drawn(4, 2, 1, 5, keys).masked_fill(rand([2, 1, 5, keys], generator: new Generator(5)) < share, Masked);
            AssertClose(InDouble(query, key, value, bias, 0.3), Both(bias));
            bias[TensorIndex.Ellipsis, TensorIndex.Slice(0, first)] = Masked;
            AssertClose(InDouble(query, key, value, bias, 0.3), Both(bias));
            bias = Drawn(4, 2, 1, 5, keys);
            bias[TensorIndex.Ellipsis, TensorIndex.Slice(first)] = Masked;
            AssertClose(InDouble(query, key, value, bias, 0.3), Both(bias));
        }
        AssertClose(InDouble(query, key, value, null, 0.3), Both(null));

        // The second with room behind it, as caches have.
        (Tensor, Tensor) Part(int from, int count) => (key.narrow(2, from, count).clone(),
            cat([value.narrow(2, from, count), Drawn(9, 2, 3, 7, 64)], 2).narrow(2, 0, count));

        Tensor Both(Tensor? bias)
        {
            using var limit = CallersThreads.Limit(1);
            return FewQueries.Of(query, places.Item1, places.Item2, bias, 0.3)!;
        }
    }

    [TestMethod]
    public void A_rows_result_is_the_same_whatever_stands_in_the_batch()
    {
        using var scope = NewDisposeScope();
        var (query, key, value, bias) = (Drawn(1, 4, 3, 9, 64), Drawn(2, 4, 3, 50, 64), Drawn(3, 4, 3, 50, 64), Drawn(4, 4, 3, 9, 50));
        bias.masked_fill_(rand([4, 1, 9, 50], generator: new Generator(5)) < 0.6, Masked); // each row sees others
        var all = Few(query, key, value, bias, 1);
        for (int b = 0; b < 4; b++)
        {
            AssertSame(all.narrow(0, b, 1), Few(query.narrow(0, b, 1), key.narrow(0, b, 1), value.narrow(0, b, 1), bias.narrow(0, b, 1), 1));
            for (int from = 0; from < 9; from += 2)
            {
                int rows = Math.Min(3, 9 - from);
                AssertSame(all.narrow(2, from, rows), Few(query.narrow(2, from, rows), key, value, bias.narrow(2, from, rows), 1));
            }
        }
    }

    [TestMethod]
    [DataRow("t5")]
    [DataRow("gpt2")]
    [DataRow("llama")]
    public void Beams_of_a_decoder_say_on_one_core_what_their_whole_sequences_say_by_libtorch(string family)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = Small(family);
        ulong seed = 1;
        foreach (var weight in ((nn.Module)model).parameters()) weight.copy_(Drawn(seed++, weight.shape).mul(0.3));
        var (prompt, mask) = (Drawn(100, 2, 9, model.HiddenSize), ones([2, 9], dtype: ScalarType.Bool));
        mask[1, TensorIndex.Slice(5)] = false;
        var targets = randint(3, 50, [6, 21], ScalarType.Int64, generator: new Generator(1)); // three beams a prompt, more than the first room of the caches
        long[] beams = [0, 0, 0, 1, 1, 1];
        Tensor expected;
        using (CallersThreads.Limit(2))
            expected = model.Logits(prompt.index_select(0, tensor(beams)), mask.index_select(0, tensor(beams)), targets);

        using var limit = CallersThreads.Limit(1);
        var begun = model.Begin(prompt, mask, out var state);
        using (state)
        {
            AssertClose(expected.select(1, 0).index_select(0, tensor(new long[] { 0, 3 })).to(float64), begun, 2e-5);
            state.Select(null, tensor(beams));
            long[] turned = [2, 0, 1, 4, 5, 3]; // every step turns a prompt's beams
            long[] order = [0, 1, 2, 3, 4, 5];
            for (int t = 0; t + 1 < 21; t++)
            {
                var logits = model.Next(state, targets.select(1, t).index_select(0, tensor(order)));
                AssertClose(expected.select(1, t + 1).index_select(0, tensor(order)).to(float64), logits, 2e-5);
                state.Select(null, tensor(turned));
                order = [.. turned.Select(row => order[row])];
            }
        }
    }

    private static ILanguageModel Small(string family) => family switch
    {
        "t5" => new T5(new()
        {
            VocabularySize = 50,
            HiddenSize = 48,
            HeadSize = 32,
            Heads = 3,
            FeedForwardSize = 64,
            EncoderLayers = 1,
            DecoderLayers = 2,
        }),
        "gpt2" => new Gpt2(new() { VocabularySize = 50, Positions = 40, HiddenSize = 96, Heads = 3, FeedForwardSize = 64, Layers = 2 }),
        _ => new Llama(new() { VocabularySize = 50, HiddenSize = 128, Heads = 4, KeyHeads = 2, FeedForwardSize = 64, Layers = 2 }),
    };

    [TestMethod]
    public void Other_cases_are_left_to_libtorch()
    {
        using var scope = NewDisposeScope();
        using var limit = CallersThreads.Limit(1);
        Tensor x = Drawn(1, 1, 2, 4, 64), many = Drawn(2, 1, 2, 400, 64), narrow = Drawn(3, 1, 2, 4, 16), odd = Drawn(4, 1, 2, 4, 40);
        Assert.IsNotNull(FewQueries.Of(x, x, x, null, 1));
        Assert.IsNull(FewQueries.Of(many, x, x, null, 1), "many queries");
        Assert.IsNull(FewQueries.Of(narrow, narrow, narrow, null, 1), "narrow heads");
        Assert.IsNull(FewQueries.Of(odd, odd, odd, null, 1), "a width that 16 does not divide");
        Assert.IsNull(FewQueries.Of(x, x.to(float64), x, null, 1), "another type");
        Assert.IsNull(FewQueries.Of(x, x, x.transpose(2, 3).contiguous().transpose(2, 3), null, 1), "numbers of a row apart");
        Assert.IsNull(FewQueries.Of(x, x, x.narrow(2, 0, 3), null, 1), "fewer values than keys");
        Assert.IsNull(FewQueries.Of(x, x.narrow(2, 0, 0), x.narrow(2, 0, 0), null, 1), "no keys");
        Assert.IsNull(FewQueries.Of(x, x.clone().requires_grad_(), x, null, 1), "a gradient");
        using (no_grad()) Assert.IsNotNull(FewQueries.Of(x, x.clone().requires_grad_(), x, null, 1));
    }

    private static Tensor Few(Tensor query, Tensor key, Tensor value, Tensor? bias, double scale)
    {
        using var limit = CallersThreads.Limit(1);
        var result = FewQueries.Of(query, key, value, bias, scale);
        Assert.IsNotNull(result);
        CollectionAssert.AreEqual(query.shape, result.shape);
        return result;
    }

    private static Tensor InDouble(Tensor query, Tensor key, Tensor value, Tensor? bias, double scale)
    {
        var scores = query.to(float64).matmul(key.to(float64).transpose(2, 3)) * scale;
        if (bias is not null) scores = scores + bias.to(float64);
        return scores.softmax(-1).matmul(value.to(float64));
    }

    private static void AssertClose(Tensor expected, Tensor result, double bound = 1e-6)
    {
        double error = ((result.to(float64) - expected).norm() / expected.norm()).item<double>();
        Assert.IsTrue(error < bound, $"{error}"); // also of a NaN
    }

    private static void AssertSame(Tensor expected, Tensor result) => Assert.IsTrue(expected.Equals(result));

    private static Tensor Drawn(ulong seed, params long[] shape) => randn(shape, generator: new Generator(seed));
}
