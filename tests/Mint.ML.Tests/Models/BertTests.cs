using Mint.ML.Models;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class BertTests
{
    [TestMethod]
    [DataRow("bert")]
    [DataRow("bert_plain")]
    [DataRow("bert_plain_bin")]
    public void States_and_heads_equal_the_original(string folder)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var fixture = new ModelFixture(folder == "bert" ? folder : "bert_plain");
        using var model = Bert.Load(Fixtures.Path(folder));
        var (ids, mask, types) = (fixture["input_ids"], fixture.Mask("attention_mask"), fixture["token_type_ids"]);

        var hidden = model.ForwardHidden(ids, mask, types);
        fixture.Check("last_hidden_state", hidden[^1], mask);
        for (int layer = 0; layer < hidden.Count; layer++)
            Assert.IsLessThan(2e-5, ModelFixture.RelativeError(fixture["hidden_states"].select(0, layer), hidden[layer], mask), $"layer {layer}");
        fixture.Check("pooler_output", model.Pool(hidden[^1]));
        fixture.Check("nomask_notypes.last_hidden_state", model.Forward(ids.narrow(0, 0, 1)));
        if (folder != "bert") return;
        fixture.Check("mlm_logits", model.PredictTokens(hidden[^1]), mask);
        fixture.Check("nsp_logits", model.PredictNextSentence(model.Pool(hidden[^1])));
    }

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
