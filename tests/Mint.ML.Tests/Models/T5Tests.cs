using Mint.ML.Models;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class T5Tests
{
    [TestMethod]
    [DataRow("flan_t5", false)]
    [DataRow("flan_t5_lavis_gelu", true)]
    [DataRow("t5_v1", false)]
    public void States_logits_and_losses_equal_the_original(string folder, bool lavisGelu)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var fixture = new ModelFixture(folder);
        using var model = T5.Load(Fixtures.Path(folder), lavisGelu: lavisGelu);
        var mask = fixture.Mask("attention_mask");
        var ids = fixture["input_ids"];
        var labels = fixture["labels"];

        var encoded = model.EncodeHidden(model.Embed(ids), mask);
        fixture.Check("encoder.last_hidden_state", encoded[^1], mask);
        fixture.Check("logits", model.Logits(model.Embed(ids), mask, labels));
        fixture.Check("loss", model.Loss(model.Embed(ids), mask, labels));
        Assert.IsTrue(model.ShiftRight(labels).equal(fixture["decoder_input_ids"]).all().item<bool>());
        var hidden = fixture["encoder.hidden_states"];
        for (int layer = 0; layer < encoded.Count; layer++)
            Assert.IsLessThan(2e-5, ModelFixture.RelativeError(hidden.select(0, layer), encoded[layer], mask), $"encoder layer {layer}");
        fixture.Check("decoder.hidden_states", stack(model.DecodeHidden(fixture["decoder_input_ids"], encoded[^1], mask)));

        var prompt = fixture["inputs_embeds"];
        var promptMask = fixture.Mask("embeds_attention_mask");
        var logits = model.Logits(prompt, promptMask, labels);
        fixture.Check("embeds.logits", logits, fixture.Mask("labels_attention_mask")); // the original masks padded targets too
        fixture.Check("embeds.loss", model.Loss(prompt, promptMask, labels));
        var each = functional.cross_entropy(logits.transpose(1, 2), labels, reduction: Reduction.None);
        fixture.Check("embeds.loss_sum_per_item", each.sum(1));

        var longIds = fixture["long_input_ids"]; // past the distance where all positions share a bucket
        var longEncoded = model.Encode(model.Embed(longIds), null);
        fixture.Check("long.encoder.last_hidden_state", longEncoded);
        fixture.Check("long.decoder.last_hidden_state", model.Decode(longIds, longEncoded.narrow(1, 0, 7), null)); // the original's test ran on 7 states
    }

    [TestMethod]
    public void Relative_positions_fall_into_the_original_buckets()
    {
        using var fixture = new ModelFixture("flan_t5");
        long[] relative = fixture["bucket.relative_position"].data<long>().ToArray();
        foreach (var (name, bidirectional) in new[] { ("bucket.bidirectional", true), ("bucket.unidirectional", false) })
            CollectionAssert.AreEqual(fixture[name].data<long>().ToArray(),
                relative.Select(r => T5Stack.Bucket(r, bidirectional, 32, 128)).ToArray(), name);
    }

    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("t5_v1")]
    public void Steps_over_caches_give_the_logits_of_whole_sequences(string folder)
    {
        using var scope = NewDisposeScope();
        using var model = T5.Load(Fixtures.Path(folder));
        using var fixture = new ModelFixture(folder);
        var prompt = fixture["inputs_embeds"];
        var mask = fixture.Mask("embeds_attention_mask");
        var targets = randint(3, 50, [2, 20], ScalarType.Int64, generator: new Generator(1)); // more than the first room of the caches
        var expected = model.Logits(prompt, mask, targets);

        var logits = model.Begin(prompt, mask, out var state);
        using (state)
            for (int t = 0; t < 20; t++)
            {
                Assert.IsLessThan(2e-5, ModelFixture.RelativeError(expected.select(1, t), logits), $"step {t}");
                logits = model.Next(state, targets.select(1, t));
            }
    }

    [TestMethod]
    public void Rows_branch_swap_and_leave_with_their_own_history()
    {
        using var scope = NewDisposeScope();
        using var model = T5.Load(Fixtures.Path("flan_t5"));
        using var fixture = new ModelFixture("flan_t5");
        var prompt = fixture["inputs_embeds"];
        var mask = fixture.Mask("embeds_attention_mask");
        using var random = new Generator(5);
        var draw = new Random(5);

        model.Begin(prompt, mask, out var state);
        using var _ = state;
        int[] promptOf = [0, 1];
        var histories = new List<List<long>> { new(), new() };
        Step();
        Choose(null, [0, 0, 0, 1, 1, 1]);   // each prompt's row becomes three
        Step();
        Choose(null, [2, 0, 0, 4, 4, 3]);   // beams swap, die and double
        Step();
        Choose([1], [5, 3]);                // one prompt is done, two beams of the other stay
        Step();
        Choose(null, [1, 1, 0, 0, 1]);      // and branch again
        Step();

        void Choose(int[]? prompts, int[] rows)
        {
            state.Select(prompts is null ? null : tensor(prompts.Select(p => (long)p).ToArray()), tensor(rows.Select(r => (long)r).ToArray()));
            promptOf = prompts is null ? promptOf : [.. prompts.Select(p => promptOf[p])];
            histories = [.. rows.Select(r => histories[r].ToList())];
            Assert.AreEqual(promptOf.Length, state.Prompts);
            Assert.AreEqual(rows.Length, state.Rows);
        }

        void Step()
        {
            long[] fed = [.. histories.Select(_ => (long)draw.Next(3, 50))];
            for (int row = 0; row < fed.Length; row++) histories[row].Add(fed[row]);
            var logits = model.Next(state, tensor(fed));
            for (int row = 0; row < fed.Length; row++)
            {
                int owner = promptOf[row / (histories.Count / promptOf.Length)];
                var targets = tensor([.. histories[row], 0]).unsqueeze(0); // the last target is what the step predicts
                var whole = model.Logits(prompt.narrow(0, owner, 1), mask.narrow(0, owner, 1), targets);
                Assert.IsLessThan(2e-5, ModelFixture.RelativeError(whole[0, -1], logits[row]), $"row {row}");
            }
        }
    }

    [TestMethod]
    public void Padding_on_either_side_and_other_rows_change_nothing()
    {
        using var scope = NewDisposeScope();
        using var model = T5.Load(Fixtures.Path("flan_t5"));
        using var random = new Generator(11);
        var prompt = randn([1, 5, model.HiddenSize], generator: random);
        var targets = randint(3, 50, [1, 4], ScalarType.Int64, generator: random);
        var alone = model.Logits(prompt, ones([1, 5], dtype: ScalarType.Bool), targets);

        var padded = randn([2, 9, model.HiddenSize], generator: random);
        var mask = zeros([2, 9], dtype: ScalarType.Bool);
        padded[0].narrow(0, 0, 5).copy_(prompt[0]);
        mask[0].narrow(0, 0, 5).fill_(true);
        mask[1].fill_(true);
        var logits = model.Logits(padded, mask, cat([targets, targets], 0));
        Assert.IsLessThan(1e-5, ModelFixture.RelativeError(alone[0], logits[0]));
    }

    [TestMethod]
    public void Gradients_reach_the_prompt_and_no_weight()
    {
        using var scope = NewDisposeScope();
        using var model = T5.Load(Fixtures.Path("flan_t5"));
        using var fixture = new ModelFixture("flan_t5");
        var prompt = fixture["inputs_embeds"].clone().requires_grad_();
        model.Loss(prompt, fixture.Mask("embeds_attention_mask"), fixture["labels"]).backward();
        Assert.IsGreaterThan(0, prompt.grad!.abs().sum().item<float>());
        Assert.IsTrue(model.parameters().All(parameter => parameter.grad is null));
    }
}
