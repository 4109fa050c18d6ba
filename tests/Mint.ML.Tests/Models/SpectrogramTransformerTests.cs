using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class SpectrogramTransformerTests
{
    [TestMethod]
    public void Another_size_of_spectrogram_is_refused_with_both_shapes()
    {
        using var scope = NewDisposeScope();
        using var ast = Ast.Load(Fixtures.Path("ast"));
        var error = Assert.ThrowsExactly<ArgumentException>(() => ast.call(zeros(1, 39, 16)));
        StringAssert.Contains(error.Message, "(1, 39, 16)");
        StringAssert.Contains(error.Message, "(B, 40, 16)");
        using var audioMae = AudioMae.Load(Fixtures.Path("audiomae"));
        error = Assert.ThrowsExactly<ArgumentException>(() => audioMae.call(zeros(1, 1, 64, 31)));
        StringAssert.Contains(error.Message, "(B, 1, 64, 32)");
    }

    [TestMethod]
    public void AudioMaes_defaults_cut_ten_seconds_into_512_patches()
    {
        var config = new AudioMaeConfig();
        Assert.AreEqual((16L, 16L, 64L, 8L), (config.PatchSize, config.Stride, config.TimePatches, config.FrequencyPatches));
    }
}
