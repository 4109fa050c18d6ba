using static TorchSharp.torch;

namespace Mint.ML.Text;

/// <summary>Texts as a network takes them.</summary>
internal static class TextTensors
{
    /// <summary>Ids (B, L) int64 and their mask (B, L), padded on the right.</summary>
    public static (Tensor Ids, Tensor Mask) Encode(ITextTokenizer tokenizer, IReadOnlyList<string> texts, int most, Device device)
    {
        var batch = tokenizer.EncodeBatch(texts, addSpecialTokens: true, most);
        return (tensor(batch.Ids, device: device), tensor(batch.Mask, device: device));
    }

    /// <summary>A text that would be read in part only.</summary>
    public static ArgumentException TooLong(string what, int unread, string text) => new(
        $"{what} is {unread} {(unread == 1 ? "token" : "tokens")} longer than the model reads: '{(text.Length > 60 ? text[..60] + "..." : text)}'. Say it in "
            + "fewer words.");
}
