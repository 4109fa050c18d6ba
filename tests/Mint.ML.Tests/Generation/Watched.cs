using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Generation;

/// <summary>A language model that counts what it is asked to compute.</summary>
internal sealed class Watched(ILanguageModel model) : ILanguageModel
{
    public int Begun { get; private set; }
    public long Tokens { get; private set; }
    public int MostRows { get; private set; }
    public int LastRows { get; private set; }
    public int HiddenSize => model.HiddenSize;
    public int VocabularySize => model.VocabularySize;
    public bool IsEncoderDecoder => model.IsEncoderDecoder;
    public int StartTokenId => model.StartTokenId;
    public int EosTokenId => model.EosTokenId;
    public IReadOnlyList<int> EndTokenIds => model.EndTokenIds;
    public int PadTokenId => model.PadTokenId;
    public Device Device => model.Device;
    public Tensor Embed(Tensor ids) => model.Embed(ids);
    public Tensor Logits(Tensor prompt, Tensor promptMask, Tensor targets) => model.Logits(prompt, promptMask, targets);

    public Tensor Begin(Tensor prompt, Tensor promptMask, out DecodingState state)
    {
        Begun++;
        Count((int)prompt.shape[0]);
        return model.Begin(prompt, promptMask, out state);
    }

    public Tensor Next(DecodingState state, Tensor ids)
    {
        Count((int)ids.shape[0]);
        return model.Next(state, ids);
    }

    public void Dispose() { }

    private void Count(int rows)
    {
        Tokens += rows;
        MostRows = Math.Max(MostRows, rows);
        LastRows = rows;
    }
}
