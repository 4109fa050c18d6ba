using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>GPT-2's byte-level BPE: words with the space before them, any text spelled in bytes, nothing lost.</summary>
/// <remarks>
/// Source: transformers' GPT2Tokenizer. Words are merged by the package's BpeTokenizer. Its CodeGenTokenizer is not used: it splits with a .NET regular
/// expression, which sees a letter outside the basic plane as two surrogates and not as a letter, so such words split where the original's do not.
/// </remarks>
internal sealed class ByteLevelTextTokenizer : TextTokenizer
{
    private readonly Vocabulary vocabulary;
    private readonly BytePairEncoder encoder;
    private readonly ByteLevelPreTokenizer preTokenizer = new();

    internal ByteLevelTextTokenizer(Vocabulary vocabulary, BytePairEncoder encoder, SpecialTokens special, ModelTokens tokens, TokenizerOptions options)
        : base(special, options.CleanUpSpaces ?? true)
    {
        this.vocabulary = vocabulary;
        this.encoder = encoder;
        BosTokenId = tokens.Bos is null ? null : TokenToId(tokens.Bos);
        EosTokenId = tokens.Eos is null ? null : TokenToId(tokens.Eos);
        PadTokenId = (options.PadToken ?? tokens.Pad) is { } pad ? TokenToId(pad) : null;
        UnknownTokenId = tokens.Unknown is null ? null : TokenToId(tokens.Unknown);
        Prefix = options.AddBos == true && BosTokenId is { } bos ? [bos] : [];
        Suffix = options.AddEos == true && EosTokenId is { } eos ? [eos] : [];
    }

    /// <inheritdoc/>
    public override int VocabularySize => Math.Max(vocabulary.Size, Special.HighestId + 1);

    /// <summary>GPT-2's splitting.</summary>
    public override PreTokenizer? PreTokenizer => preTokenizer;

    private protected override void Tokenize(string text, int start, int length, int shift, List<EncodedToken> tokens) =>
        encoder.Encode(text, start, length, shift, tokens);

    private protected override string Detokenize(IReadOnlyList<int> ids) => BytePairEncoder.Decode(ids.Select(IdToToken));

    private protected override int? PieceToId(string piece) => vocabulary.Id(piece);

    private protected override string? IdToPiece(int id) => vocabulary.Piece(id);
}

/// <summary>Spellings of the special tokens of a SentencePiece or byte-level model; null for one that it does not have.</summary>
internal sealed record ModelTokens(string? Bos = null, string? Eos = null, string? Unknown = null, string? Pad = null);

/// <summary>
/// GPT-2's pattern, <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>, on whole characters: .NET's regular expressions
/// would take letters outside the basic plane for surrogates.
/// </summary>
internal sealed class ByteLevelPreTokenizer : PreTokenizer
{
    public override IEnumerable<(int, int)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    public override IEnumerable<(int, int)> PreTokenize(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var length = Match(text, at);
            yield return (at, length);
            at += length;
        }
    }

    private static int Match(string text, int at)
    {
        if (WordScan.Contraction(text, at) is > 0 and var contraction)
            return contraction;
        var word = text[at] == ' ' && at + 1 < text.Length ? at + 1 : at;
        var kind = WordScan.KindAt(text, word, out _);
        if (kind != WordKind.Space)
            return WordScan.RunEnd(text, word, kind) - at;
        // White space up to the last one before a word, which goes with the word (if it is a space) or stands alone.
        var end = WordScan.RunEnd(text, at, WordKind.Space);
        return end < text.Length && end - at > 1 ? end - at - 1 : end - at;
    }
}

/// <summary>What a character is to the byte-level patterns.</summary>
internal enum WordKind
{
    Space,
    Letter,
    Number,
    Other,
}

/// <summary>Scanning by kinds of character.</summary>
internal static class WordScan
{
    private static readonly string[] contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    /// <summary>Length of the English contraction at an index, or 0.</summary>
    public static int Contraction(string text, int at)
    {
        if (text[at] != '\'')
            return 0;
        foreach (var contraction in contractions)
        {
            if (text.AsSpan(at).StartsWith(contraction, StringComparison.Ordinal))
                return contraction.Length;
        }
        return 0;
    }

    /// <summary>Kind of the character at an index.</summary>
    public static WordKind KindAt(string text, int at, out int width)
    {
        var rune = UnicodeNormalization.RuneAt(text, at, out width);
        return Rune.IsWhiteSpace(rune) ? WordKind.Space : Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => WordKind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => WordKind.Number,
            _ => WordKind.Other,
        };
    }

    /// <summary>Where the run of one kind that covers an index ends.</summary>
    public static int RunEnd(string text, int at, WordKind kind)
    {
        while (at < text.Length && KindAt(text, at, out var width) == kind)
            at += width;
        return at;
    }
}
