namespace Mint.ML.Text;

/// <summary>Text as a Bridge-Net reads it: [CLS] tokens [SEP].</summary>
internal static class BridgeText
{
    /// <summary>Ids of a text.</summary>
    /// <param name="tokenizer">Has a beginning ([CLS]) and an end ([SEP]).</param>
    /// <param name="text">The text.</param>
    /// <param name="most">Most ids, the two special ones included; what is longer loses its end.</param>
    /// <exception cref="ArgumentException">The tokenizer has no beginning or no end.</exception>
    public static int[] Ids(ITextTokenizer tokenizer, string text, int most)
    {
        if (tokenizer is not { BosTokenId: { } begin, EosTokenId: { } end })
            throw new ArgumentException("The bridge's tokenizer has no token that begins or none that ends a text ([CLS] and [SEP]).", nameof(tokenizer));
        return [begin, .. tokenizer.Encode(text, addSpecialTokens: false, most - 2), end];
    }

    /// <summary>Tokens of a text that are more than <see cref="Ids"/> takes; none or negative where it takes all.</summary>
    public static int Unread(ITextTokenizer tokenizer, string text, int most) => tokenizer.Encode(text, addSpecialTokens: false).Length + 2 - most;

    /// <summary>Id of [DEC], which takes the place of [CLS] in a text to be generated: the one after the vocabulary.</summary>
    public static int DecoderId(ITextTokenizer tokenizer) => tokenizer.VocabularySize;
}
