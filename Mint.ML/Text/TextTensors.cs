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

    /// <summary>Refuses texts of a column whose ends would not be read.</summary>
    /// <param name="column">The column, for errors.</param>
    /// <param name="texts">One a row.</param>
    /// <param name="row">Where each stands in the data, from 0.</param>
    /// <param name="unread">Tokens of a text that are not read.</param>
    /// <exception cref="ArgumentException">A text is too long.</exception>
    public static void CheckRead(string column, IReadOnlyList<string> texts, Func<int, long> row, Func<string, int> unread)
    {
        for (int i = 0; i < texts.Count; i++)
        {
            if (unread(texts[i]) is > 0 and var tokens)
                throw TooLong($"The text in row {row(i)} of column '{column}' (from 0)", tokens, texts[i]);
        }
    }

    /// <summary>A text that would be read in part only.</summary>
    public static ArgumentException TooLong(string what, int unread, string text) => new(
        $"{what} is {unread} {(unread == 1 ? "token" : "tokens")} longer than the model reads: '{(text.Length > 60 ? text[..60] + "..." : text)}'. Say it in "
            + "fewer words.");
}
