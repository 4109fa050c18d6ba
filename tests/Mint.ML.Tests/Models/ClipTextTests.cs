using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class ClipTextTests
{
    [TestMethod]
    public void A_text_past_the_positions_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = ClipText.Load(Fixtures.Path("clip"));
        var error = Assert.ThrowsExactly<ArgumentException>(() => model.call(ones([1, 25], dtype: ScalarType.Int64), null));
        StringAssert.Contains(error.Message, "25 tokens");
    }
}
