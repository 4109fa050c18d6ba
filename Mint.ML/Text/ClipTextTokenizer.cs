using System.Net;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>CLIP's BPE: lower case, white space collapsed, every piece that ends a word marked &lt;/w&gt;.</summary>
/// <remarks>
/// Source: OpenAI's SimpleTokenizer with its text repair (ftfy) left out: HTML entities are resolved twice, and nothing else is rewritten. Entities are those
/// that <see cref="WebUtility.HtmlDecode(string)"/> knows. Words are merged by the package's BpeTokenizer, whose EndOfWordSuffix goes to the last byte of a
/// word, as in the original.
/// </remarks>
internal sealed class ClipTextTokenizer : TextTokenizer
{
    internal const string EndOfWord = "</w>";

    private readonly Vocabulary vocabulary;
    private readonly BytePairEncoder encoder;
    private readonly ClipNormalizer normalizer = new();
    private readonly ClipPreTokenizer preTokenizer;

    internal ClipTextTokenizer(Vocabulary vocabulary, BytePairEncoder encoder, SpecialTokens special, ModelTokens tokens, FolderSettings settings)
        : base(special, settings, cleanUp: true)
    {
        this.vocabulary = vocabulary;
        this.encoder = encoder;
        preTokenizer = new ClipPreTokenizer(special);
        BosTokenId = vocabulary.Require(tokens.Bos!);
        EosTokenId = vocabulary.Require(tokens.Eos!);
        UnknownTokenId = EosTokenId;
        PadTokenId = TokenToId(settings.Options.PadToken ?? tokens.Pad ?? tokens.Eos!);
        Frame = settings.Template ?? new([BosTokenId.Value], [EosTokenId.Value]);
    }

    /// <inheritdoc/>
    public override int VocabularySize => Math.Max(vocabulary.Size, Special.HighestId + 1);

    /// <summary>CLIP's cleaning.</summary>
    public override Normalizer? Normalizer => normalizer;

    /// <summary>CLIP's splitting: special tokens, contractions, runs of letters, single digits, runs of anything else.</summary>
    public override PreTokenizer? PreTokenizer => preTokenizer;

    /// <summary>Whether a vocabulary is CLIP's: only its pieces mark the end of a word.</summary>
    internal static bool Marks(Vocabulary vocabulary) => vocabulary.Pieces.Any(piece => piece.EndsWith(EndOfWord, StringComparison.Ordinal));

    // The original looks for them after lower-casing, with its pattern.
    private protected override bool SplitSpecial => false;

    private protected override void Tokenize(string text, int start, int length, int shift, List<EncodedToken> tokens)
    {
        var word = text.Substring(start, length);
        if (Special.Id(word) is { } id)
            tokens.Add(new EncodedToken(id, word, (shift + start)..(shift + start + length)));
        else
            encoder.Encode(text, start, length, shift, tokens);
    }

    private protected override string Detokenize(IReadOnlyList<int> ids) =>
        BytePairEncoder.Decode(ids.Select(IdToToken)).Replace(EndOfWord, " ", StringComparison.Ordinal).Trim();

    private protected override int? PieceToId(string piece) => vocabulary.Id(piece);

    private protected override string? IdToPiece(int id) => vocabulary.Piece(id);
}

/// <summary>HTML entities resolved (twice, as texts from the web often need), white space collapsed, lower case.</summary>
internal sealed class ClipNormalizer : Normalizer
{
    public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());

    public override string Normalize(string original)
    {
        var text = WebUtility.HtmlDecode(WebUtility.HtmlDecode(original)).Trim();
        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (!char.IsWhiteSpace(c))
                clean.Append(c);
            else if (clean.Length > 0 && clean[^1] != ' ')
                clean.Append(' ');
        }
        return UnicodeNormalization.Lower(clean.ToString());
    }
}

/// <summary>CLIP's pattern, <c>special|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+</c>, on whole characters.</summary>
internal sealed class ClipPreTokenizer(SpecialTokens special) : PreTokenizer
{
    public override IEnumerable<(int, int)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    public override IEnumerable<(int, int)> PreTokenize(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var kind = WordScan.KindAt(text, at, out var length);
            if (kind == WordKind.Space)
            {
                at += length;
                continue;
            }
            if (special.LengthAt(text, at) is > 0 and var token)
                length = token;
            else if (WordScan.Contraction(text, at) is > 0 and var contraction)
                length = contraction;
            else if (kind != WordKind.Number)
                length = WordScan.RunEnd(text, at, kind) - at;
            yield return (at, length);
            at += length;
        }
    }
}
