using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>BERT's WordPiece: the longest piece that the word begins with, then the longest ##piece that goes on, or [UNK] for the whole word.</summary>
/// <remarks>
/// Source: transformers' BertTokenizer. The package's BertTokenizer is not used: it takes accents off with <see cref="string.Normalize()"/>, which in invariant
/// globalization mode leaves them on, so that "café" would have other ids there.
/// </remarks>
internal sealed class WordPieceTextTokenizer : TextTokenizer
{
    private const string Continuation = "##";

    /// <summary>The original's limit: longer words are [UNK] without a look.</summary>
    internal const int MaxCharactersInWord = 100;

    // Above this a word's buffer is not on the stack.
    private const int MostOnStack = 256;

    private readonly Vocabulary vocabulary;
    private readonly BertNormalizer normalizer;
    private readonly BertPreTokenizer preTokenizer = new();
    private readonly int unknown;
    private readonly int mostCharacters;

    internal WordPieceTextTokenizer(Vocabulary vocabulary, BertTokens tokens, BertNormalizer normalizer, int mostCharacters, SpecialTokens special,
        FolderSettings settings)
        : base(special, settings, cleanUp: true)
    {
        (this.vocabulary, this.normalizer, this.mostCharacters) = (vocabulary, normalizer, mostCharacters);
        unknown = vocabulary.Require(tokens.Unknown);
        UnknownTokenId = unknown;
        BosTokenId = TokenToId(tokens.Begin);
        EosTokenId = TokenToId(tokens.End);
        PadTokenId = TokenToId(settings.Options.PadToken ?? tokens.Pad);
        Frame = settings.Template ?? (BosTokenId is { } begin && EosTokenId is { } end ? new([begin], [end]) : TextFrame.None);
    }

    /// <inheritdoc/>
    public override int VocabularySize => Math.Max(vocabulary.Size, Special.HighestId + 1);

    /// <summary>BERT's cleaning.</summary>
    public override Normalizer? Normalizer => normalizer;

    /// <summary>BERT's splitting at white space and punctuation.</summary>
    public override PreTokenizer? PreTokenizer => preTokenizer;

    private protected override void Tokenize(string text, int start, int length, int shift, List<EncodedToken> tokens)
    {
        var word = text.AsSpan(start, length);
        var first = tokens.Count;
        if (Characters(word) <= mostCharacters)
        {
            // The word lies after room for the ## of its first piece; later ones overwrite characters already matched.
            Span<char> buffer = length <= MostOnStack ? stackalloc char[Continuation.Length + MostOnStack] : new char[Continuation.Length + length];
            word.CopyTo(buffer[Continuation.Length..]);
            for (var at = 0; at < length;)
            {
                var longest = Math.Min(length - at, vocabulary.LongestPiece);
                int? id = null;
                var taken = longest;
                if (at > 0)
                    Continuation.CopyTo(buffer[at..]);
                for (; taken > 0; taken--)
                {
                    id = vocabulary.Id(at == 0 ? buffer.Slice(Continuation.Length, taken) : buffer.Slice(at, Continuation.Length + taken));
                    if (id is not null)
                        break;
                }
                if (id is null)
                {
                    tokens.RemoveRange(first, tokens.Count - first);
                    break;
                }
                tokens.Add(new EncodedToken(id.Value, vocabulary.Piece(id.Value)!, (shift + start + at)..(shift + start + at + taken)));
                at += taken;
            }
        }
        if (tokens.Count == first)
            tokens.Add(new EncodedToken(unknown, vocabulary.Piece(unknown)!, (shift + start)..(shift + start + length)));
    }

    private static int Characters(ReadOnlySpan<char> word)
    {
        var count = word.Length;
        foreach (var c in word)
            count -= char.IsLowSurrogate(c) ? 1 : 0;
        return count;
    }

    private protected override string Detokenize(IReadOnlyList<int> ids) =>
        string.Join(' ', ids.Select(IdToToken)).Replace(" " + Continuation, "", StringComparison.Ordinal).Trim();

    private protected override int? PieceToId(string piece) => vocabulary.Id(piece);

    private protected override string? IdToPiece(int id) => vocabulary.Piece(id);
}

/// <summary>How a BERT vocabulary spells its special tokens.</summary>
internal sealed record BertTokens(string Unknown = "[UNK]", string Begin = "[CLS]", string End = "[SEP]", string Pad = "[PAD]", string Mask = "[MASK]");
