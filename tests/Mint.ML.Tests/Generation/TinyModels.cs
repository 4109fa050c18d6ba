using Mint.ML.LanguageModels;
using Mint.ML.Systems;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Generation;

/// <summary>The fixtures' language models and random prompts for them.</summary>
internal static class TinyModels
{
    public static ILanguageModel Load(string folder) => ModelCatalog.LoadLanguageModel(Fixtures.Path(folder));

    /// <summary>Prompts of 1 to 12 embeddings, padded on the right with junk.</summary>
    public static (Tensor Prompt, Tensor Mask) Prompts(ILanguageModel model, int count, int seed)
    {
        var random = new Random(seed);
        using var generator = new torch.Generator((ulong)seed);
        var prompt = randn([count, 12, model.HiddenSize], generator: generator);
        var mask = zeros([count, 12], dtype: ScalarType.Bool);
        for (int row = 0; row < count; row++) mask[row].narrow(0, 0, random.Next(1, 13)).fill_(true);
        return (prompt, mask);
    }
}
