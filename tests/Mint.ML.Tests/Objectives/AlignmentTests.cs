using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Tests.Models;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Objectives;

[TestClass]
public sealed class AlignmentTests
{
    private readonly ModelFixture io = new("blip2_stage1");

    [TestCleanup]
    public void Dispose() => io.Dispose();

    [TestMethod]
    public void A_loss_of_weight_zero_is_neither_computed_nor_counted()
    {
        using var scope = NewDisposeScope();
        using var bridge = Load();
        var all = Losses(bridge, new AlignmentOptions(), out _);
        var one = Losses(bridge, new AlignmentOptions { MatchingWeight = 0, GenerationWeight = 0 }, out _);
        Assert.AreEqual(0f, one.Matching.item<float>());
        Assert.AreEqual(0f, one.Generation.item<float>());
        Assert.AreEqual(all.Contrastive.item<float>(), one.Total.item<float>(), 1e-5f);
    }

    private static BridgeNet Load() => BridgeNet.Load(Fixtures.Path("blip2_stage1"));

    private AlignmentLosses Losses(BridgeNet bridge, AlignmentOptions options, out (Tensor AudioToText, Tensor TextToAudio) similarity)
    {
        var audio = bridge.Listen(io["image_embeds"], null);
        var captions = new CaptionBatch(io["input_ids"], io["attention_mask"].to(ScalarType.Bool), DecoderId: 60);
        return AlignmentObjectives.Losses(bridge, audio, captions, options, (_, _) => (io["neg_image_for_text"], io["neg_text_for_image"]), out similarity);
    }
}
