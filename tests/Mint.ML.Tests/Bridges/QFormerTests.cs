using Mint.ML.Bridges;
using Mint.ML.LanguageModels;
using Mint.ML.Tests.Models;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Tests.Bridges;

[TestClass]
public sealed class QFormerTests
{
    [TestMethod]
    public void A_Q_Former_without_text_weights_refuses_text()
    {
        using var scope = NewDisposeScope();
        using var model = QFormer.Load(Fixtures.Path("blip2_qformer"));
        Assert.ThrowsExactly<InvalidOperationException>(() => model.TextPass(ones([1, 2], dtype: ScalarType.Int64)));
    }

    // Parity compares the passes that LAVIS has; these two are ours, made of them.
    [TestMethod]
    public void The_fused_passes_give_what_LAVIS_computes_apart()
    {
        using var scope = NewDisposeScope();
        using var fixture = new ModelFixture("lavis_qformer");
        using var model = QFormer.Load(Fixtures.Path("lavis_qformer"));
        var (queries, ids, generated) = (fixture["query_tokens"], fixture["input_ids"], fixture["decoder_input_ids"]);
        var textMask = fixture.Mask("text_attention_mask");
        using var audio = model.ProjectAudio(fixture["encoder_hidden_states"], fixture.Mask("encoder_attention_mask"));
        var (queryStates, _) = model.JointPass(queries, audio, ids, textMask);
        Assert.IsLessThan(1e-6, ModelFixture.RelativeError(queryStates, model.MatchingPass(queries, audio, ids, textMask)));

        var (fusedQueries, fusedText, fusedGenerated) = model.AlignmentPass(queries, audio, ids, textMask, generated, textMask);
        fixture.Check("query_only.last_hidden_state", fusedQueries);
        Assert.IsLessThan(2e-5, ModelFixture.RelativeError(fixture["text_only.last_hidden_state"].select(1, 0), fusedText.select(1, 0)));
        var logits = model.PredictTokens(fusedGenerated);
        fixture.Check("lm.logits", logits, textMask);
        fixture.Check("unilm.logits", logits);      // LAVIS's own single pass with a prefix mask, padding included
    }

    [TestMethod]
    public void An_item_alone_gives_what_it_gives_in_a_batch()
    {
        using var scope = NewDisposeScope();
        using var model = QFormer.Load(Fixtures.Path("lavis_qformer"));
        using var random = new Generator(3);
        var (queries, frames) = (randn([1, 6, 32], generator: random), randn([3, 9, 24], generator: random));
        var ids = randint(5, 60, [3, 7], ScalarType.Int64, generator: random);
        long[] frameCounts = [9, 4, 1], tokenCounts = [2, 7, 5];
        var frameMask = arange(9).unsqueeze(0).lt(tensor(frameCounts).unsqueeze(1));
        var textMask = arange(7).unsqueeze(0).lt(tensor(tokenCounts).unsqueeze(1));
        var (batchQueries, batchText) = model.JointPass(queries, model.ProjectAudio(frames, frameMask), ids, textMask);
        for (int row = 0; row < 3; row++)
        {
            var audio = model.ProjectAudio(frames.narrow(0, row, 1).narrow(1, 0, frameCounts[row]));
            var (aloneQueries, aloneText) = model.JointPass(queries, audio, ids.narrow(0, row, 1).narrow(1, 0, tokenCounts[row]));
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(aloneQueries[0], batchQueries[row]));
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(aloneText[0], batchText[row].narrow(0, 0, tokenCounts[row])));
        }
    }

    [TestMethod]
    public void Selected_audio_equals_audio_projected_in_that_order()
    {
        using var scope = NewDisposeScope();
        using var model = QFormer.Load(Fixtures.Path("lavis_qformer"));
        using var random = new Generator(4);
        var (queries, frames) = (randn([1, 6, 32], generator: random), randn([3, 5, 24], generator: random));
        var mask = arange(5).unsqueeze(0).lt(tensor(new long[] { 5, 2, 3 }).unsqueeze(1));
        var order = tensor(new long[] { 2, 0, 0, 1 });
        var selected = model.QueryPass(queries, model.ProjectAudio(frames, mask).Select(order));
        var projected = model.QueryPass(queries, model.ProjectAudio(frames.index_select(0, order), mask.index_select(0, order)));
        Assert.IsLessThan(1e-6, ModelFixture.RelativeError(projected, selected));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Query_attention_is_the_softmax_of_query_key_products_averaged_over_heads(bool instructed)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = QFormer.Load(Fixtures.Path("lavis_qformer"));
        using var random = new Generator(6);
        var (queries, frames) = (randn([1, 6, 32], generator: random), randn([2, 9, 24], generator: random) * 3);
        var (ids, texts) = (randint(5, 60, [2, 5], ScalarType.Int64, generator: random), new[] { 5, 3 });
        var mask = arange(9).unsqueeze(0).lt(tensor(new long[] { 9, 4 }).unsqueeze(1));
        var textMask = arange(5).unsqueeze(0).lt(tensor(new long[] { 5, 3 }).unsqueeze(1));
        using var audio = model.ProjectAudio(frames, mask);
        var attention = instructed ? model.QueryAttention(queries, audio, ids, textMask) : model.QueryAttention(queries, audio);
        var hidden = instructed ? model.ForwardHidden(queries, audio, ids, textMask) : model.ForwardHidden(queries, audio);

        var weights = model.state_dict();
        int[] blocks =
            [.. Enumerable.Range(0, (int)model.Config.Layers).Where(i => weights.ContainsKey($"encoder.layer.{i}.crossattention.self.query.weight"))];
        CollectionAssert.AreEqual(new long[] { 2, blocks.Length, 6, 9 }, attention.shape);
        long heads = model.Config.Heads, d = model.Config.HiddenSize / heads;
        for (int row = 0; row < 2; row++)
        {
            long seen = instructed ? 6 + texts[row] : 6, heard = row == 0 ? 9 : 4;
            for (int c = 0; c < blocks.Length; c++)
            {
                string layer = $"encoder.layer.{blocks[c]}.";
                var x = hidden[blocks[c]][row].narrow(0, 0, seen);                                              // what stands there, and no padding
                var context = cat([.. Heads(layer + "attention.self.", x, x).Select(pair => pair.Weights.matmul(pair.Values))], 1);
                x = functional.layer_norm(x + Linear(layer + "attention.output.dense.", context), [32], weights[layer + "attention.output.LayerNorm.weight"],
                    weights[layer + "attention.output.LayerNorm.bias"], model.Config.LayerNormEps).narrow(0, 0, 6);
                var attended = Heads(layer + "crossattention.self.", x, frames[row].narrow(0, 0, heard));
                var expected = stack(attended.Select(pair => pair.Weights), 0).mean([0]); // (Q, T)
                Assert.IsLessThan(1e-5, ModelFixture.RelativeError(expected, attention[row, c].narrow(1, 0, heard)), $"row {row}, block {blocks[c]}");
                Assert.AreEqual(6, attention[row, c].narrow(1, 0, heard).sum().item<float>(), 1e-5, "nothing goes to padding");
            }
        }

        Tensor Linear(string name, Tensor x) => x.matmul(weights[name + "weight"].t()) + weights[name + "bias"];

        IEnumerable<(Tensor Weights, Tensor Values)> Heads(string name, Tensor from, Tensor to)
        {
            var (q, k, v) = (Linear(name + "query.", from), Linear(name + "key.", to), Linear(name + "value.", to));
            for (long head = 0; head < heads; head++)
                yield return ((q.narrow(1, head * d, d).matmul(k.narrow(1, head * d, d).t()) / Math.Sqrt(d)).softmax(-1), v.narrow(1, head * d, d));
        }
    }

    [TestMethod]
    public void Fused_and_separate_passes_have_the_same_gradients()
    {
        using var scope = NewDisposeScope();
        using var fixture = new ModelFixture("lavis_qformer");
        using var model = QFormer.Load(Fixtures.Path("lavis_qformer"));
        var (ids, generated, mask) = (fixture["input_ids"], fixture["decoder_input_ids"], fixture.Mask("text_attention_mask"));

        var separate = Gradients((queries, audio) =>
        {
            var states = model.QueryPass(queries, audio, out var cache);
            return states.square().mean() + model.TextPass(ids, mask).select(1, 0).pow(3).mean()
                + model.PredictTokens(model.GenerationPass(generated, mask, cache)).square().mean();
        });
        var fused = Gradients((queries, audio) =>
        {
            var (states, text, made) = model.AlignmentPass(queries, audio, ids, mask, generated, mask);
            return states.square().mean() + text.select(1, 0).pow(3).mean() + model.PredictTokens(made).square().mean();
        });
        Assert.AreEqual(separate.Count, fused.Count);
        foreach (var (name, gradient) in separate)
            Assert.IsLessThan(1e-4, ModelFixture.RelativeError(gradient, fused[name]), name);

        Dictionary<string, Tensor> Gradients(Func<Tensor, AudioKeys, Tensor> loss)
        {
            model.zero_grad();
            var queries = fixture["query_tokens"].clone().requires_grad_();
            loss(queries, model.ProjectAudio(fixture["encoder_hidden_states"])).backward();
            var gradients = model.named_parameters().Where(p => p.parameter.grad is not null && p.parameter.grad.abs().max().item<float>() > 1e-7)
                .ToDictionary(p => p.name, p => p.parameter.grad!.clone());
            gradients["queries"] = queries.grad!.clone();
            return gradients;
        }
    }

    [TestMethod]
    public void Starting_from_bert_copies_its_weights_and_gives_the_queries_its_feed_forward()
    {
        using var scope = NewDisposeScope();
        using var bert = Bert.Load(Fixtures.Path("bert"));
        var config = new QFormerConfig
        {
            VocabularySize = 100,
            HiddenSize = 32,
            Layers = 2,
            Heads = 4,
            FeedForwardSize = 64,
            Positions = 40,
            AudioSize = 24,
            HiddenDropout = 0.1,
        };
        using var model = new QFormer(config);
        using var again = new QFormer(config);
        model.InitializeFrom(bert, seed: 5);
        again.InitializeFrom(bert, seed: 5);

        var (from, to, same) = (bert.state_dict(), model.state_dict(), again.state_dict());
        foreach (string name in to.Keys) Assert.AreEqual(0f, (to[name] - same[name]).abs().max().item<float>(), name);
        foreach (string name in from.Keys.Where(name => name.StartsWith("encoder.", StringComparison.Ordinal)))
            Assert.AreEqual(0f, (from[name] - to[name]).abs().max().item<float>(), name);
        AreEqual("encoder.layer.1.intermediate.dense.weight", "encoder.layer.1.intermediate_query.dense.weight");
        AreEqual("encoder.layer.0.output.LayerNorm.bias", "encoder.layer.0.output_query.LayerNorm.bias");
        AreEqual("cls.predictions.transform.dense.weight", "cls.predictions.transform.dense.weight");
        Assert.AreEqual(0f, (from["embeddings.word_embeddings.weight"] - to["embeddings.word_embeddings.weight"].narrow(0, 0, 99)).abs().max().item<float>());
        var cross = to["encoder.layer.0.crossattention.self.key.weight"];
        Assert.AreEqual(0.02, cross.std().item<float>(), 0.002);
        Assert.IsFalse(to.ContainsKey("encoder.layer.1.crossattention.self.key.weight"));

        void AreEqual(string name, string copy) => Assert.AreEqual(0f, (from[name] - to[copy]).abs().max().item<float>(), copy);
    }

    [TestMethod]
    public void Dropout_acts_in_training_only()
    {
        using var scope = NewDisposeScope();
        using var model = new QFormer(new QFormerConfig { VocabularySize = 50, HiddenSize = 32, Layers = 2, Heads = 4, FeedForwardSize = 48, AudioSize = 24 });
        model.Initialize(1);
        var (queries, frames) = (randn([1, 6, 32], generator: new Generator(1)), randn([2, 5, 24], generator: new Generator(2)));
        Tensor Run() => model.QueryPass(queries, model.ProjectAudio(frames));
        model.eval();
        Assert.AreEqual(0f, (Run() - Run()).abs().max().item<float>());
        model.train();
        Assert.IsGreaterThan(0f, (Run() - Run()).abs().max().item<float>());
    }

    [TestMethod]
    public void New_queries_are_drawn_around_zero()
    {
        using var grad = no_grad();
        using var bridge = new BridgeNet(new BridgeNetConfig
        {
            Queries = 32,
            QFormer = new QFormerConfig { HiddenSize = 64, Heads = 2, Layers = 1, FeedForwardSize = 8, VocabularySize = 8, AudioSize = 8 },
        });
        bridge.Initialize(1);
        float[] queries = [.. bridge.Queries.contiguous().cpu().data<float>()];
        // 2048 numbers of normal(0, 0.02): their mean is within 0.02 / sqrt(2048) = 0.0004, five times over.
        Assert.AreEqual(0, queries.Average(), 0.0022);
        Assert.AreEqual(0.02, Math.Sqrt(queries.Average(x => x * (double)x)), 0.002);
    }
}
