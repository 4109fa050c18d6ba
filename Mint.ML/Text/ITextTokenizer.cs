namespace Mint.ML.Text;

/// <summary>Token ids of several texts, padded to the longest.</summary>
/// <param name="Ids">(B, L) token ids.</param>
/// <param name="Mask">(B, L) true where the id is a token, false where it is padding.</param>
public sealed record TokenBatch(long[,] Ids, bool[,] Mask);

/// <summary>A text tokenizer loaded from a model folder: text to ids and back, as the model's original does it.</summary>
public interface ITextTokenizer
{
    /// <summary>Number of ids, special tokens included.</summary>
    int VocabularySize { get; }

    /// <summary>Fills rows up to the longest; null when the model has none.</summary>
    int? PadTokenId { get; }

    /// <summary>Ends a sequence (EOS, or [SEP]); null when the model has none.</summary>
    int? EosTokenId { get; }

    /// <summary>Begins a sequence (BOS, or [CLS]); null when the model has none.</summary>
    int? BosTokenId { get; }

    /// <summary>Ids of one text.</summary>
    /// <param name="text">Any text; never null.</param>
    /// <param name="addSpecialTokens">Adds what the original adds around a text (EOS, [CLS] and [SEP], ...).</param>
    /// <param name="maxLength">Most ids to return, special tokens included; longer texts lose their end (their beginning where the folder's truncation_side
    /// is left), not their special tokens.</param>
    int[] Encode(string text, bool addSpecialTokens = true, int maxLength = int.MaxValue);

    /// <summary>Ids of several texts, encoded in parallel, padded on the right to the longest, whatever the folder's padding_side.</summary>
    TokenBatch EncodeBatch(IReadOnlyList<string> texts, bool addSpecialTokens = true, int maxLength = int.MaxValue);

    /// <summary>Ids of several texts, encoded in parallel, cut and padded on the sides that the options say, or else the folder.</summary>
    TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchOptions options);

    /// <summary>Text of ids.</summary>
    string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true);

    /// <summary>Id of a piece or special token as the vocabulary spells it; null when it has none.</summary>
    int? TokenToId(string token);
}
