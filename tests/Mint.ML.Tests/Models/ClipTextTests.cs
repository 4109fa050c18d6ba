using Mint.ML.Models;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class ClipTextTests
{
    [TestMethod]
    public void States_and_embeddings_equal_the_original()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new ModelFixture("clip");
        using var model = ClipText.Load(Fixtures.Path("clip"));
        var (ids, mask) = (fixture["input_ids"], fixture.Mask("attention_mask"));
        using var output = model.call(ids, mask);
        fixture.Check("last_hidden_state", output.Hidden, mask);
        fixture.Check("pooler_output", output.Pooled);
        fixture.Check("text_embeds", model.Project(output.Pooled));
        fixture.Check("nomask.pooler_output", model.call(ids, null).Pooled);
        var every = model.HiddenStates(ids, mask);
        for (var layer = 0; layer < every.Count; layer++)
            Assert.IsLessThan(2e-5, ModelFixture.RelativeError(fixture["hidden_states"].select(0, layer), every[layer], mask), $"layer {layer}");
    }

    [TestMethod]
    public void Newer_files_pool_at_the_first_end_token()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new ModelFixture("clip_text_proj");
        using var model = ClipText.Load(Fixtures.Path("clip_text_proj"));
        using var output = model.call(fixture["input_ids"], null);
        fixture.Check("last_hidden_state", output.Hidden);
        fixture.Check("text_embeds", model.Project(output.Pooled));
    }

    [TestMethod]
    public void A_text_past_the_positions_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = ClipText.Load(Fixtures.Path("clip"));
        var error = Assert.ThrowsExactly<ArgumentException>(() => model.call(ones([1, 25], dtype: ScalarType.Int64), null));
        StringAssert.Contains(error.Message, "25 tokens");
    }
}
