using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class BertTests
{
    [TestMethod]
    public void A_missing_head_is_named()
    {
        using var scope = NewDisposeScope();
        using var model = Bert.Load(Fixtures.Path("bert_plain"));
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => model.PredictTokens(zeros(1, 2, 32)));
        StringAssert.Contains(error.Message, "language-modelling head");
    }

    [TestMethod]
    public void A_text_longer_than_the_positions_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = Bert.Load(Fixtures.Path("bert_plain"));
        var error = Assert.ThrowsExactly<ArgumentException>(() => model.Forward(ones([1, 41], dtype: ScalarType.Int64)));
        StringAssert.Contains(error.Message, "41 tokens");
    }
}
