using Mint.ML.Checkpoints;
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

    [TestMethod]
    public void The_function_of_the_gate_is_what_the_folder_says_it_is()
    {
        using var scope = NewDisposeScope();
        using var fixture = new ModelFixture("flan_t5_lavis_gelu");
        Tensor Logits(T5 model) => model.Logits(model.Embed(fixture["input_ids"]), fixture.Mask("attention_mask"), fixture["labels"]);

        using var lavis = T5.Load(Fixtures.Path("flan_t5_lavis_gelu"));
        fixture.Check("logits", Logits(lavis)); // the original's, computed with the erf form
        // The same weights without the key: Hugging Face's tanh form, and LAVIS's when it is asked for.
        using var silent = new ChangedFolder("flan_t5_lavis_gelu", ("dense_act_fn", null));
        using var tanh = T5.Load(silent.Path);
        using var asked = T5.Load(silent.Path, lavisGelu: true);
        Assert.IsGreaterThan(1e-4, ModelFixture.RelativeError(fixture["logits"], Logits(tanh)));
        Assert.IsTrue(Logits(lavis).Equals(Logits(asked)));
        // A gate of another function altogether: as the name of a gated feed-forward has it.
        using var named = new ChangedFolder("flan_t5_lavis_gelu", ("dense_act_fn", "\"silu\""));
        using var gated = new ChangedFolder("flan_t5_lavis_gelu", ("dense_act_fn", null), ("feed_forward_proj", "\"gated-silu\""));
        using var first = T5.Load(named.Path);
        using var second = T5.Load(gated.Path);
        Assert.IsTrue(Logits(first).Equals(Logits(second)));
        Assert.IsFalse(Logits(first).Equals(Logits(tanh)));
    }

    [TestMethod]
    public void What_the_head_gets_is_scaled_as_the_folder_says_and_else_where_it_is_tied()
    {
        using var scope = NewDisposeScope();
        using var fixture = new ModelFixture("flan_t5");
        Tensor Logits(string path)
        {
            using var model = T5.Load(path);
            return model.Logits(model.Embed(fixture["input_ids"]), fixture.Mask("attention_mask"), fixture["labels"]);
        }

        Tensor Changed(string? tied, string? scaled, bool head)
        {
            using var folder = new ChangedFolder("flan_t5", ("tie_word_embeddings", tied), ("scale_decoder_outputs", scaled));
            return Logits((head ? folder : folder.WithWeights(("lm_head.weight", null))).Path);
        }

        double scale = Math.Pow(32, -0.5);
        var own = Logits(Fixtures.Path("flan_t5"));
        Assert.IsTrue(own.Equals(Changed("false", "false", head: true)));
        Assert.IsLessThan(1e-6, ModelFixture.RelativeError(own * scale, Changed("false", "true", head: true)));
        // Without a head of its own, transformers 4 and 5 write a tied model so, and 5 a Flan that was tied.
        var tied = Changed(null, null, head: false);
        Assert.IsTrue(tied.Equals(Changed("true", "true", head: false)));
        var unscaled = Changed("true", "false", head: false);
        Assert.IsLessThan(1e-6, ModelFixture.RelativeError(unscaled * scale, tied));
        Assert.IsGreaterThan(1e-2, ModelFixture.RelativeError(own, unscaled));
    }

    [TestMethod]
    public void Weights_that_differ_from_those_that_they_are_tied_to_are_refused_and_copies_are_not()
    {
        using var scope = NewDisposeScope();
        var weights = Safetensors.ReadAll(Fixtures.Path("flan_t5", "model.safetensors"));
        var shared = weights["shared.weight"];
        using var differs = new ChangedFolder("flan_t5", ("tie_word_embeddings", "true"));
        string message = Assert.ThrowsExactly<InvalidDataException>(() => T5.Load(differs.Path)).Message;
        StringAssert.Contains(message, differs.Path);
        StringAssert.Contains(message, "'lm_head.weight'");
        StringAssert.Contains(message, "'tie_word_embeddings' to false");
        var copy = differs.WithWeights(("lm_head.weight", shared), ("encoder.embed_tokens.weight", shared), ("decoder.embed_tokens.weight", shared));
        T5.Load(copy.Path).Dispose();
        using var stack = new ChangedFolder("flan_t5").WithWeights(("decoder.embed_tokens.weight", shared * 2));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => T5.Load(stack.Path)).Message, "'decoder.embed_tokens.weight'");
    }
}
