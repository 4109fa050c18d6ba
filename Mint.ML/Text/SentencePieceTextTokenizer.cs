using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>SentencePiece models, unigram and BPE, with the conventions of T5 or of LLaMA around them.</summary>
/// <remarks>
/// Sources: sentencepiece 0.1.97; transformers' T5Tokenizer and LlamaTokenizer with their default (legacy) handling of special tokens: the text between two of
/// them is encoded on its own, so it begins with a space of its own. T5 takes the white space around special tokens away, LLaMA keeps it.
/// The package's SentencePieceTokenizer is not used: it does not know these rules, and its public surface builds no model from tokenizer.json.
/// </remarks>
internal sealed class SentencePieceTextTokenizer : TextTokenizer
{
    private readonly SentencePieceModel model;
    private readonly SentencePieceTextNormalizer normalizer;
    private readonly SentencePieceTextNormalizer continuing; // behind a special token
    private readonly ISegmenter segmenter;
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly int[] byteIds = new int[256];
    private readonly int unknown;
    private readonly bool likeT5;

    internal SentencePieceTextTokenizer(SentencePieceModel model, SpecialTokens special, ModelTokens tokens, bool likeT5, FolderSettings settings)
        : base(special, settings, cleanUp: likeT5)
    {
        this.model = model;
        this.likeT5 = likeT5;
        normalizer = new SentencePieceTextNormalizer(model);
        continuing = model.PrefixAtStartOnly ? new SentencePieceTextNormalizer(model with { AddDummyPrefix = false }) : normalizer;
        segmenter = model.Kind == SegmentationKind.Unigram ? new UnigramSegmenter(model.Pieces) : new BpeSegmenter(model.Pieces);
        for (var id = 0; id < model.Pieces.Count; id++)
        {
            ids.TryAdd(model.Pieces[id].Text, id);
            unknown = model.Pieces[id].Kind == PieceKind.Unknown ? id : unknown;
        }
        for (var b = 0; b < 256; b++)
            byteIds[b] = ids.GetValueOrDefault(SentencePieceModel.ByteSpelling(b), unknown);
        UnknownTokenId = unknown;
        BosTokenId = tokens.Bos is null ? null : TokenToId(tokens.Bos);
        EosTokenId = tokens.Eos is null ? null : TokenToId(tokens.Eos);
        PadTokenId = (settings.Options.PadToken ?? tokens.Pad) is { } pad ? TokenToId(pad) : null;
        Frame = settings.Frame(TextFrame.None.With(!likeT5, BosTokenId, likeT5, EosTokenId), BosTokenId, EosTokenId, flags: !likeT5);
    }

    /// <inheritdoc/>
    public override int VocabularySize => Math.Max(model.Pieces.Count, Special.HighestId + 1);

    /// <summary>The model's own normalisation; its spaces are spelled ▁.</summary>
    public override Normalizer? Normalizer => normalizer;

    private protected override string Normalize(string stretch, bool atStart) => (atStart ? normalizer : continuing).Normalize(stretch);

    /// <summary>Ids as SentencePiece alone gives them: special tokens in the text are text, and nothing is added.</summary>
    public int[] EncodeRaw(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var tokens = new List<EncodedToken>();
        var normalized = normalizer.Normalize(text);
        Tokenize(normalized, 0, normalized.Length, 0, tokens);
        return [.. tokens.Select(token => token.Id)];
    }

    private protected override void Tokenize(string text, int start, int length, int shift, List<EncodedToken> tokens)
    {
        var pieces = new List<(int Id, int Start, int Length)>(length / 2 + 1);
        segmenter.Segment(text.AsSpan(start, length), pieces);
        // Unknown characters in a row are one token; its text is made at the end of the run, as making it at each character takes the square of their number.
        var (unknownFrom, unknownTo) = (-1, -1);
        void EndUnknown()
        {
            if (unknownFrom < 0)
                return;
            tokens.Add(new EncodedToken(unknown, text[unknownFrom..unknownTo], (shift + unknownFrom)..(shift + unknownTo)));
            unknownFrom = -1;
        }
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var (id, at, size) in pieces)
        {
            var from = start + at;
            if (id >= 0)
            {
                EndUnknown();
                tokens.Add(new EncodedToken(id, model.Pieces[id].Text, (shift + from)..(shift + from + size)));
            }
            else if (model.ByteFallback)
            {
                var count = UnicodeNormalization.RuneAt(text, from, out _).EncodeToUtf8(utf8);
                foreach (var b in utf8[..count])
                    tokens.Add(new EncodedToken(byteIds[b], SentencePieceModel.ByteSpelling(b), (shift + from)..(shift + from + size)));
            }
            else
            {
                unknownFrom = unknownFrom >= 0 ? unknownFrom : from;
                unknownTo = from + size;
            }
        }
        EndUnknown();
    }

    private protected override string Detokenize(IReadOnlyList<int> ids)
    {
        // Added tokens (those after the model's pieces) stand between texts that are decoded on their own.
        var texts = new List<string>();
        var run = new List<int>();
        void Flush()
        {
            if (run.Count > 0)
            {
                texts.Add(DecodeRun(run));
                run.Clear();
            }
        }
        foreach (var id in ids)
        {
            if (id < model.Pieces.Count)
            {
                run.Add(id);
                continue;
            }
            Flush();
            texts.Add(IdToToken(id));
        }
        Flush();
        return string.Join(' ', texts);
    }

    // Special tokens are written as they are spelled, with a space before the first of them; SentencePiece decodes what lies between.
    private string DecodeRun(List<int> ids)
    {
        var text = new StringBuilder();
        var pieces = new List<int>();
        var afterSpecial = false;
        for (var i = 0; i < ids.Count; i++)
        {
            if (!Special.Contains(ids[i]))
            {
                pieces.Add(ids[i]);
                afterSpecial = false;
                continue;
            }
            if (!afterSpecial && (likeT5 || i > 0))
                text.Append(' ');
            text.Append(DecodePieces(pieces)).Append(IdToToken(ids[i]));
            pieces.Clear();
            afterSpecial = true;
        }
        text.Append(DecodePieces(pieces));
        return likeT5 ? text.ToString().Trim() : text.ToString();
    }

    /// <summary>Text of ids as SentencePiece alone gives it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not one of the model's pieces.</exception>
    public string DecodeRaw(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return DecodePieces([.. ids.Select(id => id >= 0 && id < model.Pieces.Count ? id
            : throw new ArgumentOutOfRangeException(nameof(ids), id, $"The model has pieces 0 to {model.Pieces.Count - 1}."))]);
    }

    private string DecodePieces(List<int> ids)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        var atStart = true; // the model's own leading space is still to be taken away
        void FlushBytes()
        {
            text.Append(Encoding.UTF8.GetString([.. bytes]));
            bytes.Clear();
        }
        foreach (var id in ids)
        {
            var piece = model.Pieces[id];
            if (piece.Kind == PieceKind.Byte)
            {
                bytes.Add((byte)Array.IndexOf(byteIds, id));
                continue;
            }
            FlushBytes();
            atStart &= text.Length == 0;
            if (piece.Kind == PieceKind.Control)
                continue;
            if (piece.Kind == PieceKind.Unknown)
            {
                text.Append(model.UnknownSurface);
                continue;
            }
            var spelled = piece.Text.AsSpan();
            if (atStart && spelled[0] == SentencePieceModel.Space && (model.AddDummyPrefix || model.RemoveExtraSpaces))
            {
                spelled = spelled[1..];
                // Where white space is collapsed, all of it goes at the start; elsewhere only the one that the model added.
                atStart = model.RemoveExtraSpaces;
            }
            text.Append(spelled).Replace(SentencePieceModel.Space, ' ', text.Length - spelled.Length, spelled.Length);
        }
        FlushBytes();
        return text.ToString();
    }

    private protected override int? PieceToId(string piece) => ids.TryGetValue(piece, out var id) ? id : null;

    private protected override string? IdToPiece(int id) => id >= 0 && id < model.Pieces.Count ? model.Pieces[id].Text : null;
}
