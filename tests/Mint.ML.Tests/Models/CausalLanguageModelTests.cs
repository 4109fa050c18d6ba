using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class CausalLanguageModelTests
{
    private static CausalLanguageModel Load(string folder) => folder.StartsWith("gpt2", StringComparison.Ordinal)
        ? Gpt2.Load(Fixtures.Path(folder))
        : Llama.Load(Fixtures.Path(folder));

    [TestMethod]
    [DataRow("gpt2", true)]
    [DataRow("gpt2", false)]
    [DataRow("llama_gqa", true)]
    [DataRow("llama_gqa", false)]
    public void Steps_on_caches_equal_whole_passes_of_each_row_alone(string folder, bool padLeft)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = Load(folder);
        // Two prompts of 6 and 3 tokens. Three beams each are reordered while the answers grow past a doubling of the caches.
        long[][] prompts = [[5, 9, 23, 7, 61, 44], [12, 80, 3]];
        var ids = full([2, 6], 1, dtype: ScalarType.Int64);
        var mask = zeros([2, 6], dtype: ScalarType.Bool);
        for (var row = 0; row < 2; row++)
        {
            var start = padLeft ? 6 - prompts[row].Length : 0;
            ids.select(0, row).narrow(0, start, prompts[row].Length).copy_(tensor(prompts[row]));
            mask.select(0, row).narrow(0, start, prompts[row].Length).fill_(true);
        }
        var rows = prompts.SelectMany(prompt => Enumerable.Repeat(prompt.ToList(), 3)).ToList();

        var logits = model.Begin(model.Embed(ids), mask, out var state);
        using var caches = state;
        Check(logits.repeat_interleave(3, 0));
        state.Select(null, tensor(new long[] { 0, 0, 0, 1, 1, 1 }));
        for (var step = 0; step < 36; step++)
        {
            long[] fed = [.. Enumerable.Range(0, rows.Count).Select(row => (step * 31 + row * 17) % 90 + 3L)];
            rows = [.. rows.Zip(fed, (row, token) => row.Append(token).ToList())];
            logits = model.Next(state, tensor(fed));
            if (step % 9 == 0 || step is 15 or 16 or 32)
                Check(logits);
            if (step % 5 == 4 && state.Prompts == 2)
                Reorder(null, [2, 0, 2, 4, 4, 3]);
        }
        Reorder([1], [3, 5]); // the first prompt is done; two beams of the second go on
        Assert.AreEqual((1, 2), (state.Prompts, state.Rows));
        rows = [.. rows.Select((row, index) => row.Append(40L + index).ToList())];
        Check(model.Next(state, tensor(new long[] { 40, 41 })));

        void Reorder(long[]? kept, long[] order)
        {
            state.Select(kept is null ? null : tensor(kept), tensor(order));
            rows = [.. order.Select(row => rows[(int)row])];
        }

        void Check(Tensor actual)
        {
            var expected = rows.Select(row => model.call(model.Embed(tensor(row.ToArray()).unsqueeze(0)), null).select(1, row.Count - 1));
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(cat(expected.ToArray(), 0), actual));
        }
    }

    [TestMethod]
    [DataRow("gpt2")]
    [DataRow("llama")]
    public void Teacher_forced_logits_do_not_depend_on_the_batch(string folder)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = Load(folder);
        var prompt = model.Embed(tensor(new long[,] { { 5, 9, 23, 7 }, { 12, 80, 1, 1 } }));
        var mask = tensor(new[,] { { true, true, true, true }, { true, true, false, false } });
        var together = model.Logits(prompt, mask, tensor(new long[,] { { 30, 31, 32 }, { 33, 34, -100 } }));

        var first = model.call(model.Embed(tensor(new long[,] { { 5, 9, 23, 7, 30, 31 } })), null).narrow(1, 3, 3);
        var second = model.call(model.Embed(tensor(new long[,] { { 12, 80, 33 } })), null).narrow(1, 1, 2);
        Assert.IsLessThan(1e-5, ModelFixture.RelativeError(first, together.narrow(0, 0, 1)));
        Assert.IsLessThan(1e-5, ModelFixture.RelativeError(second, together.narrow(0, 1, 1).narrow(1, 0, 2)));
    }

    [TestMethod]
    [DataRow("gpt2")]
    [DataRow("llama_gqa")]
    public void Answering_leaves_no_tensor_behind(string folder)
    {
        using var model = Load(folder);
        using var ids = tensor(new long[,] { { 5, 9, 23, 7 }, { 12, 80, 1, 1 } });
        using var mask = tensor(new[,] { { true, true, true, true }, { true, true, false, false } });
        using var order = tensor(new long[] { 1, 1, 0, 0 });
        using var fed = tensor(new long[] { 3, 4, 5, 6 });
        LiveTensors.AssertSteady(() =>
        {
            using var prompt = model.Embed(ids);
            model.Begin(prompt, mask, out var state).Dispose();
            state.Select(null, order);
            for (var step = 0; step < 20; step++)
            {
                model.Next(state, fed).Dispose();
                state.Select(null, order);
            }
            state.Dispose();
            model.Logits(prompt, mask, ids).Dispose();
        });
    }

    [TestMethod]
    public void Gradients_reach_the_prompt_and_no_weight()
    {
        using var scope = NewDisposeScope();
        using var model = Load("gpt2");
        var ids = tensor(new long[,] { { 5, 9, 23 } });
        var prompt = model.Embed(ids).detach().requires_grad_();
        model.Logits(prompt, ones_like(ids, dtype: ScalarType.Bool), tensor(new long[,] { { 30, 31 } })).square().sum().backward();
        Assert.IsGreaterThan(0f, prompt.grad!.abs().max().item<float>());
        Assert.IsTrue(model.parameters().All(weight => !weight.requires_grad));
    }

    [TestMethod]
    public void Bfloat16_is_kept_on_request()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new ModelFixture("llama_bf16");
        using var model = Llama.Load(Fixtures.Path("llama_bf16"), ScalarType.BFloat16);
        Assert.IsTrue(model.parameters().All(weight => weight.dtype == ScalarType.BFloat16));
        var logits = model.call(model.Embed(fixture["input_ids"]), null);
        Assert.AreEqual(ScalarType.BFloat16, logits.dtype);
        Assert.IsLessThan(0.05, ModelFixture.RelativeError(fixture["logits"], logits.to(ScalarType.Float32)));
    }

    [TestMethod]
    public void A_sequence_past_the_positions_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = Load("gpt2");
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => model.call(zeros(1, 65, 32), null));
        StringAssert.Contains(error.Message, "65 tokens");
        // Padding takes no positions.
        var mask = ones([1, 65], dtype: ScalarType.Bool);
        mask.narrow(1, 0, 1).fill_(false);
        Assert.AreEqual(65, model.call(zeros(1, 65, 32), mask).shape[1]);
    }

    [TestMethod]
    public void Variants_that_compute_something_else_are_refused()
    {
        var inverse = System.Text.Json.Nodes.JsonNode.Parse("""{"scale_attn_by_inverse_layer_idx": true}""")!.AsObject();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Gpt2Config.FromJson(inverse)).Message, "scale_attn_by_inverse_layer_idx");
    }
}
