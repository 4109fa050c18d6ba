using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Tests.Models;
using Mint.ML.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Objectives;

/// <summary>Stage 1 against LAVIS's Blip2Qformer (tests/fixtures/blip2_stage1): losses, similarities, gradients, three AdamW steps.</summary>
[TestClass]
public sealed class AlignmentParityTests
{
    private const double Tolerance = 1e-4;
    private readonly ModelFixture io = new("blip2_stage1", Tolerance);

    [TestCleanup]
    public void Dispose() => io.Dispose();

    [TestMethod]
    public void Losses_and_similarities_are_LAVISs()
    {
        using var scope = NewDisposeScope();
        using var bridge = Load();
        var losses = Losses(bridge, new AlignmentOptions(), out var similarity);
        io.Check("loss_itc", losses.Contrastive);
        io.Check("loss_itm", losses.Matching);
        io.Check("loss_lm", losses.Generation);
        io.Check("sim_i2t", similarity.AudioToText);
        io.Check("sim_t2i", similarity.TextToAudio);
        var own = eye(4, dtype: ScalarType.Bool);
        io.Check("weights_i2t", HardNegatives.Weights(similarity.AudioToText, own));
        io.Check("weights_t2i", HardNegatives.Weights(similarity.TextToAudio, own));
    }

    [TestMethod]
    [DataRow(true, "grad.")]
    [DataRow(false, "gradfull.")]
    public void Gradients_are_LAVISs(bool detached, string prefix)
    {
        using var scope = NewDisposeScope();
        using var bridge = Load();
        Losses(bridge, new AlignmentOptions { DetachGathered = detached }, out _).Total.backward();
        var scale = bridge.parameters().Max(parameter => parameter.grad?.abs().max().item<float>() ?? 0);
        int compared = 0;
        foreach (var (name, parameter) in bridge.named_parameters())
        {
            string key = prefix + LavisName(name);
            if (!io.Contains(key)) continue;
            compared++;
            // A softmax does not change when all its scores move together, so this gradient is zero but for rounding.
            if (name.EndsWith("key.bias", StringComparison.Ordinal))
                Assert.IsLessThan(1e-6f * scale, (parameter.grad! - io[key]).abs().max().item<float>(), name);
            else io.Check(key, parameter.grad!);
        }
        Assert.IsGreaterThan(3, compared);
    }

    // The fixture's step3.* hold the starting values; the losses along the way follow the parameters instead.
    [TestMethod]
    public void Losses_along_three_steps_of_AdamW_are_LAVISs()
    {
        using var scope = NewDisposeScope();
        using var bridge = Load();
        using var optimizer = Optimizer.Over(bridge.named_parameters(), weightDecay: 0.05);
        var path = new List<Tensor>();
        for (int step = 0; step <= 3; step++)
        {
            optimizer.ZeroGradients();
            var losses = Losses(bridge, new AlignmentOptions { DetachGathered = true }, out _);
            path.Add(stack([losses.Contrastive, losses.Matching, losses.Generation]).detach());
            losses.Total.backward();
            optimizer.Step(1e-3);
        }
        io.Check("losses_before_step_0_to_3", stack(path));
    }

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
        return Alignment.Losses(bridge, audio, captions, options, (_, _) => (io["neg_image_for_text"], io["neg_text_for_image"]), out similarity);
    }

    private static string LavisName(string name) =>
        name.StartsWith("Qformer.cls", StringComparison.Ordinal) ? name : name.Replace("Qformer.", "Qformer.bert.", StringComparison.Ordinal);
}
