using Mint.ML.Encoders;
using Mint.ML.Retrieval;
using Mint.ML.Tests.Text;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Retrieval;

[TestClass]
public sealed class ClapEmbeddingsTests
{
    // The fixtures' CLAP with a RoBERTa vocabulary, named as laion/clap-htsat-unfused does.
    private static TemporaryFolder Folder()
    {
        var folder = new TemporaryFolder();
        foreach (string name in (string[])["config.json", "model.safetensors"]) File.Copy(Fixtures.Path("clap", name), folder.File(name));
        folder.Write("preprocessor_config.json",
            """{"feature_size": 16, "sampling_rate": 16000, "fft_window_size": 256, "hop_length": 64, "frequency_max": 8000, "max_length_s": 0.25}""");
        SmallRoberta.Write(folder.Path, """{"tokenizer_class": "RobertaTokenizer", "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>"}""");
        return folder;
    }

    private static float[] Vector(string folder, int[] ids)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var clap = Clap.Load(folder);
        return [.. clap.EncodeText(tensor(ids.Select(id => (long)id).ToArray()).unsqueeze(0)).to(ScalarType.Float32).data<float>()];
    }

    private static void Near(float[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        for (int i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 1e-5f);
    }

    [TestMethod]
    public void A_text_is_embedded_between_s_tokens()
    {
        using var folder = Folder();
        using var clap = ClapEmbeddings.Load(folder.Path);
        Near(Vector(folder.Path, [0, .. SmallRoberta.ADogBarks, 2]), clap.Texts(["a dog barks"])[0]);
        float[] bare = Vector(folder.Path, SmallRoberta.ADogBarks);
        Assert.IsGreaterThan(1e-3, clap.Texts(["a dog barks"])[0].Zip(bare).Max(pair => Math.Abs(pair.First - pair.Second)), "not as without them");
    }

    [TestMethod]
    public void A_text_beside_a_longer_one_is_embedded_as_alone()
    {
        using var folder = Folder();
        using var clap = ClapEmbeddings.Load(folder.Path);
        var together = clap.Texts(["a", "a dog barks"]);
        Near(Vector(folder.Path, [0, 4, 2]), together[0]);
        Near(Vector(folder.Path, [0, .. SmallRoberta.ADogBarks, 2]), together[1]);
    }

    [TestMethod]
    public void A_text_that_is_too_long_keeps_its_last_s_token()
    {
        using var folder = Folder();
        using var clap = ClapEmbeddings.Load(folder.Path);
        // Eighteen of twenty positions are left behind the pad token's; twenty dogs and the two tokens are four more.
        string text = "a" + string.Concat(Enumerable.Repeat(" dog", 19));
        Assert.AreEqual(4, clap.UnreadTokens(text));
        Near(Vector(folder.Path, [0, 4, .. Enumerable.Repeat(15, 15), 2]), clap.Texts([text])[0]);
    }
}
