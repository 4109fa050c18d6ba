using Mint.ML.Models;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class HtsAtTests
{
    [TestMethod]
    [DataRow("clap")]
    [DataRow("clap_fused")]
    public void Every_stage_equals_the_original(string folder)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new ModelFixture(folder, tolerance: 1e-4);
        using var model = HtsAt.Load(Fixtures.Path(folder));
        var (mel, longer) = (fixture["input_features"], folder == "clap" ? null : fixture.Mask("is_longer"));
        var normalised = model.Normalise(mel);
        fixture.Check("audio.batch_normed", normalised);
        fixture.Check("audio.reshaped_image", model.Fold(normalised));
        var every = model.HiddenStates(mel, longer);
        Assert.HasCount(4, every);
        for (var stage = 0; stage < every.Count; stage++)
            fixture.Check($"audio.hidden_states.{stage}", every[stage]);
        using var output = model.call(mel, longer);
        fixture.Check("audio.last_hidden_state", output.Grid);
        fixture.Check("audio.pooler_output", output.Pooled);
    }

    [TestMethod]
    [DataRow("clap")]
    [DataRow("clap_fused")]
    public void Both_towers_of_CLAP_meet_in_one_space(string folder)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new ModelFixture(folder, tolerance: 1e-4);
        using var clap = Clap.Load(Fixtures.Path(folder));
        var (ids, mask) = (fixture["input_ids"], fixture.Mask("attention_mask"));
        var states = clap.Text.Forward(ids, mask);
        fixture.Check("text.last_hidden_state", states, mask);
        fixture.Check("text.pooler_output", clap.Text.Pool(states));
        var (audio, text) = (clap.EncodeAudio(fixture["input_features"], folder == "clap" ? null : fixture.Mask("is_longer")), clap.EncodeText(ids, mask));
        fixture.Check("audio.features", audio);
        fixture.Check("text.features", text);
        fixture.Check("logits_per_audio", clap.LogitsPerAudio(audio, text));
        fixture.Check("logits_per_text", clap.LogitsPerText(audio, text));
    }

    [TestMethod]
    public void A_row_does_not_depend_on_the_others()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new ModelFixture("clap_fused");
        using var model = HtsAt.Load(Fixtures.Path("clap_fused"));
        var (mel, longer) = (fixture["input_features"], fixture.Mask("is_longer"));
        using var together = model.call(mel, longer);
        for (var row = 0; row < 2; row++)
        {
            using var alone = model.call(mel.narrow(0, row, 1), longer.narrow(0, row, 1));
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(together.Pooled.narrow(0, row, 1), alone.Pooled));
        }
    }

    [TestMethod]
    public void Too_many_frames_are_refused_with_both_shapes()
    {
        using var scope = NewDisposeScope();
        using var model = HtsAt.Load(Fixtures.Path("clap"));
        var error = Assert.ThrowsExactly<ArgumentException>(() => model.call(zeros(1, 1, 257, 16), null));
        StringAssert.Contains(error.Message, "257 frames");
        StringAssert.Contains(error.Message, "256");
    }
}
