using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class HtsAtTests
{
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
    public void One_frame_is_heard_and_none_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = HtsAt.Load(Fixtures.Path("clap"));
        Assert.IsTrue(model.call(zeros(1, 1, 1, 16), null).Pooled.isfinite().all().item<bool>());
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => model.call(zeros(1, 1, 0, 16), null)).Message, "0 frames");
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
