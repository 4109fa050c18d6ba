using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

/// <summary>A text's vectors are its own, whatever longer texts stand beside it.</summary>
[TestClass]
public sealed class TextMaskTests
{
    [TestMethod]
    [DataRow("bert")]
    [DataRow("bert_plain")]
    public void BERT(string folder)
    {
        using var model = Bert.Load(Fixtures.Path(folder));
        Check(folder, (ids, mask) => (model.Forward(ids, mask), model.Pool(model.Forward(ids, mask))));
    }

    [TestMethod]
    public void CLIP()
    {
        using var model = ClipText.Load(Fixtures.Path("clip"));
        Check("clip", (ids, mask) =>
        {
            var output = model.call(ids, mask);
            return (output.LastHiddenState, output.Pooled);
        });
    }

    [TestMethod]
    [DataRow("clap")]
    [DataRow("clap_fused")]
    public void CLAP(string folder)
    {
        using var model = Clap.Load(Fixtures.Path(folder));
        Check(folder, (ids, mask) => (model.Text.Forward(ids, mask), model.EncodeText(ids, mask)));
    }

    private static void Check(string folder, Func<Tensor, Tensor?, (Tensor Hidden, Tensor Pooled)> encode)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new ModelFixture(folder);
        Tensor ids = fixture["input_ids"], mask = fixture.Mask("attention_mask");
        Assert.IsFalse(mask.all().item<bool>(), "the fixture mixes lengths");
        var (hidden, pooled) = encode(ids, mask);
        for (int row = 0; row < ids.shape[0]; row++)
        {
            long length = mask[row].sum().item<long>();
            var (own, ownPooled) = encode(ids.narrow(0, row, 1).narrow(1, 0, length), null);
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(own[0], hidden[row].narrow(0, 0, length)));
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(ownPooled[0], pooled[row]));
        }
    }
}
