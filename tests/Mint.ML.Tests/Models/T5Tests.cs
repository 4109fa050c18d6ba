using Mint.ML.LanguageModels;
using Mint.ML.Objectives;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class T5Tests
{
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
        {
            for (int t = 0; t < 20; t++)
            {
                Assert.IsLessThan(2e-5, ModelFixture.RelativeError(expected.select(1, t), logits), $"step {t}");
                logits = model.Next(state, targets.select(1, t));
            }
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
        LanguageModeling.Loss(model, prompt, fixture.Mask("embeds_attention_mask"), fixture["labels"]).backward();
        Assert.IsGreaterThan(0, prompt.grad!.abs().sum().item<float>());
        Assert.IsTrue(model.parameters().All(parameter => parameter.grad is null));
    }
}
