using Mint.ML.Bridges;
using Mint.ML.Layers;
using Mint.ML.Objectives;
using Mint.ML.Tests.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using Mint.ML.Training.Memory;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Tests.Training;

/// <summary>Mixed precision, recomputed blocks, and contrastive batches in parts.</summary>
[TestClass]
public sealed class NumericsTests
{
    private static readonly TrainingOptions Short = new() { Epochs = 3, BatchSize = 4, LearningRate = 1e-3, Seed = 3 };
    private static readonly TrainingOptions BFloat16 = Short with { Precision = TrainingPrecision.BFloat16 };
    private static readonly TrainingOptions Recomputed = Short with { ActivationCheckpointing = true };

    [TestMethod]
    public void In_bfloat16_losses_and_gradients_are_those_of_float32_to_a_few_percent()
    {
        using var scope = NewDisposeScope();
        var (plain, mixed) = (Gradients(Short), Gradients(BFloat16));
        // The query nearest to a text speaks for its clip (a maximum over queries), and the gradient goes to that one alone: where two are as near as
        // bfloat16 rounds, it goes to the other. That is no error of either, and these frames have no such pair.
        Assert.IsTrue(plain.Nearest.equal(mixed.Nearest).all().item<bool>());
        Assert.IsLessThan(plain.Margin, 2 * (plain.Similarities - mixed.Similarities).abs().max().item<float>());
        Assert.AreNotEqual(plain.Loss, mixed.Loss);
        Assert.AreEqual(plain.Loss, mixed.Loss, 0.01 * plain.Loss);
        foreach (var (name, expected) in plain.Gradients)
        {
            var actual = mixed.Gradients[name];
            Assert.AreEqual(ScalarType.Float32, actual.dtype, name);
            // What a softmax cancels (a key's bias shifts all scores alike) is rounding in either.
            if (name.EndsWith("key.bias", StringComparison.Ordinal)) continue;
            Assert.IsLessThan(0.05 * expected.norm().item<float>() + 1e-3, (expected - actual).norm().item<float>(), name);
        }
    }

    [TestMethod]
    public void In_bfloat16_training_converges_and_weights_stay_float32()
    {
        using var bridge = AlignmentTrainingTests.Bridge(dropout: 0);
        var result = Train(bridge, BFloat16 with { Epochs = 60, LearningRate = 3e-3, BatchSize = 13 }, new AlignmentOptions());
        Assert.IsLessThan(0.7 * result.FirstLosses["total"], result.LastLosses["total"]);
        Assert.IsTrue(bridge.parameters().All(parameter => parameter.dtype == ScalarType.Float32));
        // Steps below bfloat16's resolution of a weight add up in the weights that are trained: few of them are bfloat16 numbers.
        var weight = bridge.QFormer.parameters().First(parameter => parameter.ndim == 2);
        Assert.IsLessThan(0.1, weight.to(ScalarType.BFloat16).to(ScalarType.Float32).eq(weight).to(ScalarType.Float32).mean().item<float>());
    }

    [TestMethod]
    public void After_a_run_in_bfloat16_the_bridge_computes_as_before()
    {
        using var bridge = AlignmentTrainingTests.Bridge(dropout: 0);
        using var scope = NewDisposeScope();
        var frames = randn(2, 5, 8);
        Train(bridge, BFloat16 with { Epochs = 1, LearningRate = 1e-30, WeightDecay = 0 }, new AlignmentOptions());
        using var untouched = AlignmentTrainingTests.Bridge(dropout: 0);
        untouched.eval();
        untouched.load_state_dict(bridge.state_dict());
        using var grad = no_grad();
        Tensor Queries(BridgeNet of) => of.QFormer.QueryPass(of.Queries, of.Listen(frames, null));
        Assert.IsTrue(Queries(bridge).equal(Queries(untouched)).all().item<bool>());
    }

    [TestMethod]
    public void In_bfloat16_a_mask_finer_than_its_resolution_still_counts()
    {
        using var scope = NewDisposeScope();
        // Scores of 10 apart by 1/64: in bfloat16, whose steps are 1/16 there, they would be one number and the weights equal.
        var (query, key) = (ones(1, 1, 1, 1) * 10, ones(1, 1, 2, 1, dtype: ScalarType.BFloat16));
        var value = tensor(new[] { -1f, 1f }).view(1, 1, 2, 1).to(ScalarType.BFloat16);
        var attended = Attention.Attend(query, key, value, tensor(new[] { 0f, 1 / 64f }).view(1, 1, 1, 2));
        Assert.AreEqual(ScalarType.Float32, attended.dtype);
        Assert.AreEqual(Math.Tanh(1 / 128.0), attended.item<float>(), 0.002);
    }

    [TestMethod]
    public void Blocks_computed_again_give_the_same_weights_bit_for_bit_with_dropout()
    {
        using var plain = AlignmentTrainingTests.Bridge();
        using var again = AlignmentTrainingTests.Bridge();
        Train(plain, Short, new AlignmentOptions());
        Train(again, Recomputed, new AlignmentOptions());
        AlignmentTrainingTests.AssertSame(plain, again);
    }

    [TestMethod]
    public void A_part_computed_again_runs_once_for_its_value_and_once_for_its_gradient()
    {
        using var scope = NewDisposeScope();
        int runs = 0;
        var (x, weight, shift) = (randn(3, 4).requires_grad_(), randn(4, 4).requires_grad_(), randn(4));
        Tensor Part(Tensor[] inputs)
        {
            runs++;
            return functional.dropout(inputs[0].matmul(weight) + inputs[1], 0.5, training: true).square();
        }
        random.manual_seed(2);
        Part([x, shift]).sum().backward();
        var (xGradient, weightGradient) = (x.grad!.clone(), weight.grad!.clone());
        (x.grad, weight.grad) = (null, null);
        random.manual_seed(2);
        var y = Recompute.Run(Part, x, shift);
        Assert.AreEqual(2, runs);
        rand(5); // what is drawn in between moves nothing
        y.sum().backward();
        Assert.AreEqual(3, runs);
        Assert.IsTrue(xGradient.equal(x.grad!).all().item<bool>() && weightGradient.equal(weight.grad!).all().item<bool>());
    }

    [TestMethod]
    public void A_contrastive_batch_in_parts_has_the_losses_of_one_that_fits()
    {
        // Twelve clips: one batch of all, or three that are contrasted as one. Which clip is in which part does not matter to the loss.
        var alone = new AlignmentOptions { MatchingWeight = 0, GenerationWeight = 0 };
        using var whole = AlignmentTrainingTests.Bridge(dropout: 0);
        using var parts = AlignmentTrainingTests.Bridge(dropout: 0);
        var options = Short with { Epochs = 8 };
        var expected = Train(whole, options with { BatchSize = 12 }, alone, 12);
        var actual = Train(parts, options, alone with { ContrastiveBatch = 12 }, 12);
        Assert.AreEqual(expected.Steps, actual.Steps);
        Assert.AreEqual(expected.FirstLosses["contrastive"], actual.FirstLosses["contrastive"], 1e-4);
        Assert.AreEqual(expected.LastLosses["contrastive"], actual.LastLosses["contrastive"], 1e-3);
    }

    [TestMethod]
    public void A_run_with_a_contrastive_batch_in_parts_resumes_bit_for_bit()
    {
        var objective = new AlignmentOptions { ContrastiveBatch = 8 };
        using var whole = AlignmentTrainingTests.Bridge();
        Train(whole, Recomputed, objective);
        using var folder = new TemporaryFolder();
        var kept = Recomputed with { RunFolder = folder.Path };
        using (var stopped = AlignmentTrainingTests.Bridge())
        using (var cancel = new CancellationTokenSource())
            Assert.AreEqual(3, Train(stopped, kept, objective, progress: new AlignmentTrainingTests.Stop(cancel, 3), cancel: cancel.Token).Steps);
        using var resumed = AlignmentTrainingTests.Bridge(seed: 99);
        Assert.AreEqual(6, Train(resumed, kept, objective).Steps);
        AlignmentTrainingTests.AssertSame(whole, resumed);
    }

    [TestMethod]
    public void A_contrastive_batch_that_batches_do_not_fill_is_refused()
    {
        using var bridge = AlignmentTrainingTests.Bridge();
        var error = Assert.ThrowsExactly<ArgumentException>(() => Train(bridge, Short, new AlignmentOptions { ContrastiveBatch = 10 }));
        StringAssert.Contains(error.Message, "multiple of BatchSize, 4");
    }

    private static TrainingResult Train(BridgeNet bridge, TrainingOptions options, AlignmentOptions objective, int clips = 13,
        IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default) =>
        AlignmentTraining.Run(bridge, new Characters(40), new FrameTable(AlignmentTrainingTests.Frames()[..clips], 8), AlignmentTrainingTests.Captions[..clips],
            objective, options, progress: progress, cancel: cancel);

    private static (double Loss, Tensor Similarities, Tensor Nearest, float Margin, Dictionary<string, Tensor> Gradients) Gradients(TrainingOptions options)
    {
        var bridge = AlignmentTrainingTests.Bridge(dropout: 0);
        using var numerics = new Numerics(options, bridge);
        var total = Total(bridge, out var similarities);
        total.backward();
        var two = similarities.topk(2, 1).values;
        return (total.item<float>(), similarities, similarities.argmax(1), (two.select(1, 0) - two.select(1, 1)).min().item<float>(), bridge.named_parameters()
            .Where(pair => pair.parameter.grad is not null).ToDictionary(pair => pair.name, pair => pair.parameter.grad!));
    }

    /// <param name="bridge">In the numerics at hand.</param>
    /// <param name="similarities">(clips, queries, texts), before the maximum over queries.</param>
    private static Tensor Total(BridgeNet bridge, out Tensor similarities)
    {
        bridge.train();
        using var generator = new Generator(9);
        var frames = randn([6, 9, 8], generator: generator);
        var ids = randint(1, 40, [6, 7], dtype: ScalarType.Int64, generator: generator);
        // The same negatives whatever the similarities are rounded to.
        using var audio = bridge.Listen(frames, null);
        var other = tensor(new long[] { 1, 2, 3, 4, 5, 0 });
        var (heard, read) = (bridge.EmbedAudio(bridge.QFormer.QueryPass(bridge.Queries, audio)), bridge.EmbedText(bridge.QFormer.TextPass(ids, null)));
        similarities = heard.reshape(-1, heard.shape[2]).matmul(read.t()).view(heard.shape[0], heard.shape[1], read.shape[0]).to(ScalarType.Float32).detach();
        return AlignmentObjectives.Losses(bridge, audio, new CaptionBatch(ids, ones_like(ids).to(ScalarType.Bool), 40), new AlignmentOptions(),
            (_, _) => (other, other),
            out _).Total;
    }
}
