using Mint.ML.Models;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class SpectrogramTransformerTests
{
    [TestMethod]
    public void Ast_equals_the_original()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new Parity("ast");
        using var model = Ast.Load(Fixtures.Path("ast"));
        var mel = fixture["input_values"];
        fixture.Check("hidden_states", stack(model.HiddenStates(mel)));
        var hidden = model.call(mel);
        fixture.Check("last_hidden_state", hidden);
        fixture.Check("pooler_output", model.Pool(hidden));
    }

    [TestMethod]
    public void ViT_MAE_equals_the_original_whole_shuffled_and_masked()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new Parity("vit_mae");
        using var model = VitMae.Load(Fixtures.Path("vit_mae"));
        var pixels = fixture["pixel_values"];
        fixture.Check("identity.last_hidden_state", model.call(pixels));
        fixture.Check("identity.hidden_states", stack(model.HiddenStates(pixels)));
        using var shuffled = model.Mask(pixels, fixture["noise"], 0);
        fixture.Check("shuffled.last_hidden_state", shuffled.Hidden);
        Assert.IsTrue(shuffled.Restore.Equals(fixture["shuffled.ids_restore"]));
        using var masked = model.Mask(pixels, fixture["noise"], 0.5);
        fixture.Check("masked50.last_hidden_state", masked.Hidden);
        fixture.Check("masked50.mask", masked.Masked.to(ScalarType.Float32));
        Assert.IsTrue(masked.Restore.Equals(fixture["masked50.ids_restore"]));
    }

    [TestMethod]
    public void AudioMAE_equals_the_original()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new Parity("audiomae");
        using var model = AudioMae.Load(Fixtures.Path("audiomae"));
        var mel = fixture["input"];
        fixture.Check("patch_embed", model.Embed(mel));
        fixture.Check("hidden_states", stack(model.HiddenStates(mel)));
        var hidden = model.call(mel);
        fixture.Check("last_hidden_state", hidden);
        fixture.Check("contextual_no_mask", model.Contextual(mel));
        fixture.Check("global_pool_mean", hidden.narrow(1, 1, hidden.shape[1] - 1).mean([1]));
        fixture.Check("pos_embed_sincos", AudioMae.SinCosPositions(32, 4, 8).unsqueeze(0));
        fixture.Check("pos_embed_sincos_grid8x64_dim64", AudioMae.SinCosPositions(64, 8, 64));
    }

    [TestMethod]
    public void Another_size_of_spectrogram_is_refused_with_both_shapes()
    {
        using var scope = NewDisposeScope();
        using var ast = Ast.Load(Fixtures.Path("ast"));
        var error = Assert.ThrowsExactly<ArgumentException>(() => ast.call(zeros(1, 39, 16)));
        StringAssert.Contains(error.Message, "(1, 39, 16)");
        StringAssert.Contains(error.Message, "(B, 40, 16)");
        using var audioMae = AudioMae.Load(Fixtures.Path("audiomae"));
        error = Assert.ThrowsExactly<ArgumentException>(() => audioMae.call(zeros(1, 1, 64, 31)));
        StringAssert.Contains(error.Message, "(B, 1, 64, 32)");
    }

    [TestMethod]
    public void AudioMaes_defaults_cut_ten_seconds_into_512_patches()
    {
        var config = new AudioMaeConfig();
        Assert.AreEqual((16L, 16L, 64L, 8L), (config.PatchSize, config.Stride, config.TimePatches, config.FrequencyPatches));
    }
}
