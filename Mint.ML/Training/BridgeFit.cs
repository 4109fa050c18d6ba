using Mint.ML.Bridges;
using Mint.ML.Text;
using Mint.ML.Training.Data;

namespace Mint.ML.Training;

/// <summary>Whether a bridge, its vocabulary and the audio belong together, asked before anything long begins.</summary>
internal static class BridgeFit
{
    public static void Check(BridgeNet bridge, ITextTokenizer tokenizer, IFrameSource audio, TrainingOptions options)
    {
        var config = bridge.Config.QFormer;
        List<string> errors = [];
        if (audio.HiddenSize != config.AudioSize) errors.Add($"The audio's frames are {audio.HiddenSize} wide; the bridge reads {config.AudioSize}.");
        if (config.VocabularySize <= tokenizer.VocabularySize)
        {
            errors.Add($"The bridge has {config.VocabularySize} token embeddings; the tokenizer's {tokenizer.VocabularySize} and [DEC] need "
                + $"{tokenizer.VocabularySize + 1}.");
        }

        if (options.MaxTokens > config.Positions) errors.Add($"MaxTokens is {options.MaxTokens}; the bridge has {config.Positions} positions.");
        if (tokenizer.BosTokenId is null || tokenizer.EosTokenId is null) errors.Add("The bridge's tokenizer has no [CLS] or no [SEP].");
        if (errors.Count > 0) throw new ArgumentException(string.Join(" ", errors));
    }
}
