using Mint.ML.Models;
using Mint.ML.Systems;
using Mint.ML.Tests.Models;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Tests.Systems;

[TestClass]
public sealed class MusiLingoTests
{
    [TestMethod]
    public void Tokens_logits_loss_and_gradients_equal_the_original()
    {
        using var scope = NewDisposeScope();
        using var fixture = new ModelFixture("musilingo");
        using var system = MusiLingo.Load(Fixtures.Path("musilingo"));
        var hidden = fixture["hidden_states"];
        var audio = system.AudioTokens([.. hidden.unbind(0)], ones([hidden.shape[1], hidden.shape[2]], dtype: ScalarType.Bool));
        fixture.Check("audio_tokens", audio.Frames);

        var (prompt, promptMask) = system.Prompt(
            fixture["before_ids"], fixture.Mask("before_mask"), audio, fixture["after_ids"], fixture.Mask("after_mask"));
        var llama = system.LanguageModel;
        var embeddings = cat([prompt, llama.Embed(fixture["target_ids"])], 1);
        var mask = cat([promptMask, fixture.Mask("target_mask")], 1);
        fixture.Check("inputs_embeds", embeddings);
        Assert.IsTrue(mask.Equals(fixture.Mask("attention_mask")));

        // The original lets padding inside the sequence take positions.
        var positions = arange(embeddings.shape[1], dtype: ScalarType.Int64).unsqueeze(0).expand(embeddings.shape[0], -1);
        var logits = llama.Project(llama.Hidden(embeddings, mask, positions));
        fixture.Check("logits", logits, mask);
        var length = logits.shape[1] - 1;
        var loss = functional.cross_entropy(logits.narrow(1, 0, length).reshape(-1, logits.shape[2]), fixture["labels"].narrow(1, 1, length).reshape(-1));
        fixture.Check("loss", loss);
        loss.backward();
        foreach (var (name, parameter) in system.Adapter.named_parameters())
            fixture.Check($"grad.{name}", parameter.grad!);
        Assert.IsTrue(llama.parameters().All(weight => weight.grad is null));
    }

    [TestMethod]
    public void A_shorter_clip_in_a_batch_gives_its_own_tokens()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new ModelFixture("musilingo");
        using var system = MusiLingo.Load(Fixtures.Path("musilingo"));
        var layers = fixture["hidden_states"].unbind(0);
        var mask = ones([2, 340], dtype: ScalarType.Bool);
        mask.select(0, 1).narrow(0, 100, 240).fill_(false); // the second clip has 100 frames: one token
        var together = system.AudioTokens(layers, mask);
        var alone = system.AudioTokens([.. layers.Select(layer => layer.narrow(0, 1, 1).narrow(1, 0, 100))], ones([1, 100], dtype: ScalarType.Bool));
        Assert.AreEqual(1, alone.Frames.shape[1]);
        Assert.IsTrue(together.Mask.Equals(tensor(new[,] { { true, true }, { true, false } })));
        Assert.IsLessThan(1e-5, ModelFixture.RelativeError(alone.Frames, together.Frames.narrow(0, 1, 1).narrow(1, 0, 1)));
    }

    [TestMethod]
    public void A_MERT_of_another_width_is_named()
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => MusiLingo.Load(Fixtures.Path("musilingo"), Fixtures.Path("mert_95m_like")));
        StringAssert.Contains(error.Message, "mert_95m_like");
        StringAssert.Contains(error.Message, "24");
    }
}
