namespace Mint.ML.Text;

/// <summary>A side of a sequence.</summary>
public enum TokenSide
{
    /// <summary>The end.</summary>
    Right,

    /// <summary>The beginning.</summary>
    Left,
}

/// <summary>What a caller may set over what the model folder says. Unset (null) means as the folder says, or else as the original does.</summary>
public sealed record TokenizerOptions
{
    /// <summary>Token that fills rows, one that the vocabulary has; Pengi pads GPT-2 with "!".</summary>
    public string? PadToken { get; init; }

    /// <summary>Tokens added after the vocabulary's last id unless it has them, never split or lower-cased; the Q-Former's "[DEC]" is one.</summary>
    public IReadOnlyList<string> AdditionalTokens { get; init; } = [];

    /// <summary>Adds BOS in front (SentencePiece and byte-level models). LLaMA and RoBERTa do, T5 and GPT-2 do not.</summary>
    public bool? AddBos { get; init; }

    /// <summary>Adds EOS at the end (SentencePiece and byte-level models). T5 and RoBERTa do, LLaMA and GPT-2 do not.</summary>
    public bool? AddEos { get; init; }

    /// <summary>Lower-cases (BERT). True unless the folder says otherwise, as the original's default.</summary>
    public bool? LowerCase { get; init; }

    /// <summary>Drops accents (BERT). Follows <see cref="LowerCase"/> unless set.</summary>
    public bool? StripAccents { get; init; }

    /// <summary>Takes Chinese characters one by one (BERT). True unless the folder says otherwise.</summary>
    public bool? SplitChineseCharacters { get; init; }

    /// <summary>Takes out the spaces before punctuation and contractions when decoding. Unless the folder says otherwise true, and false for LLaMA, as in the
    /// originals.</summary>
    public bool? CleanUpSpaces { get; init; }
}

/// <summary>How a batch is cut and filled.</summary>
public sealed record BatchOptions
{
    /// <summary>Adds what the original adds around a text.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>Most ids in a row, special tokens included.</summary>
    public int MaxLength { get; init; } = int.MaxValue;

    /// <summary>Fills rows up to <see cref="MaxLength"/> instead of up to the longest.</summary>
    public bool PadToMaxLength { get; init; }

    /// <summary>Where rows are filled; null as the folder says (padding_side), or else on the right. Decoders that continue a batch of prompts want them filled
    /// on the left.</summary>
    public TokenSide? PaddingSide { get; init; }

    /// <summary>Which end of a longer text is dropped; special tokens stay. Null as the folder says (truncation_side), or else the right one.</summary>
    public TokenSide? TruncationSide { get; init; }
}
