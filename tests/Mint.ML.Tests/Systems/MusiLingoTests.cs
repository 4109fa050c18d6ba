using Mint.ML.Systems;
using Mint.ML.Tests.Models;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

[TestClass]
public sealed class MusiLingoTests
{
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
