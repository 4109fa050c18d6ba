using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Tests.Models;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Objectives;

[TestClass]
public sealed class GradCacheTests
{
    private static readonly AlignmentOptions Contrast = new() { MatchingWeight = 0, GenerationWeight = 0, ContrastiveWeight = 2 };

    [TestMethod]
    public void The_fixtures_batch_in_two_parts_has_LAVISs_loss_and_the_whole_batchs_gradients()
    {
        using var scope = NewDisposeScope();
        using var io = new ModelFixture("blip2_stage1", 1e-4);
        var (frames, ids, mask) = (io["image_embeds"], io["input_ids"], io["attention_mask"].to(ScalarType.Bool));
        io.Check("loss_itc", Compare(frames, ids, mask, [2, 2]));
    }

    [TestMethod]
    [DataRow(8, 8, 8, 8)]
    [DataRow(15, 1, 10, 6)]
    public void A_batch_in_parts_has_the_whole_batchs_loss_and_gradients(params int[] parts)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(11);
        long rows = parts.Sum();
        var ids = randint(1, 60, [rows, 9], dtype: ScalarType.Int64, generator: generator);
        var mask = arange(9).unsqueeze(0) < randint(2, 10, [rows, 1], generator: generator);
        Compare(randn([rows, 7, 24], generator: generator), ids, mask, parts);
    }

    [TestMethod]
    public void Dropout_is_the_same_in_both_runs_of_a_part()
    {
        using var scope = NewDisposeScope();
        using var io = new ModelFixture("blip2_stage1", 1e-4);
        // One part is the whole batch: with the same draws, gradient and loss are those of the plain computation.
        var (frames, ids, mask) = (io["image_embeds"], io["input_ids"], io["attention_mask"].to(ScalarType.Bool));
        var (plain, cached) = (Load(0.3), Load(0.3));
        plain.train();
        cached.train();
        random.manual_seed(4);
        var expected = Whole(plain, frames, ids, mask);
        random.manual_seed(4);
        var actual = GradCache.Backward(cached, 1, _ => new AlignmentPart(frames, null, new CaptionBatch(ids, mask, 60)), Contrast);
        Assert.AreEqual(expected.item<float>(), actual.item<float>(), 1e-5f);
        AssertSameGradients(plain, cached);
    }

    private static Tensor Compare(Tensor frames, Tensor ids, Tensor mask, int[] parts)
    {
        using var whole = Load();
        using var cached = Load();
        var expected = Whole(whole, frames, ids, mask);
        var actual = GradCache.Backward(cached, parts.Length, i =>
        {
            long start = parts.Take(i).Sum(), rows = parts[i];
            return new AlignmentPart(frames.narrow(0, start, rows), null, new CaptionBatch(ids.narrow(0, start, rows), mask.narrow(0, start, rows), 60));
        }, Contrast);
        Assert.AreEqual(expected.item<float>(), actual.item<float>(), 1e-4f * expected.item<float>());
        AssertSameGradients(whole, cached);
        return actual;
    }

    private static Tensor Whole(BridgeNet bridge, Tensor frames, Tensor ids, Tensor mask)
    {
        using var audio = bridge.Listen(frames, null);
        var losses = AlignmentObjectives.Losses(bridge, audio, new CaptionBatch(ids, mask, 60), Contrast,
            (_, _) => throw new InvalidOperationException(), out _);
        losses.Total.backward();
        return losses.Contrastive.detach();
    }

    private static void AssertSameGradients(BridgeNet expected, BridgeNet actual)
    {
        float largest = expected.parameters().Max(parameter => parameter.grad?.abs().max().item<float>() ?? 0);
        int compared = 0;
        foreach (var ((name, one), (_, other)) in expected.named_parameters().Zip(actual.named_parameters()))
        {
            if (one.grad is not { } gradient) continue;
            compared++;
            Assert.IsLessThan(1e-4f * Math.Max(gradient.abs().max().item<float>(), 1e-3f * largest), (gradient - other.grad!).abs().max().item<float>(), name);
        }
        Assert.IsGreaterThan(30, compared);
    }

    private static BridgeNet Load(double dropout = 0)
    {
        using var stored = BridgeNet.Load(Fixtures.Path("blip2_stage1"));
        if (dropout == 0) return BridgeNet.Load(Fixtures.Path("blip2_stage1"));
        var bridge = new BridgeNet(stored.Config with { QFormer = stored.Config.QFormer with { HiddenDropout = dropout, AttentionDropout = dropout } });
        bridge.load_state_dict(stored.state_dict());
        return bridge;
    }
}
