using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>
/// A tokenizer that gives the ids of a model's original, and is a <see cref="Tokenizer"/> for whatever takes one.
/// </summary>
/// <remarks>
/// Byte-level merging is the package's, the other algorithms are our own, on the types of Microsoft.ML.Tokenizers (<see cref="Tokenizer"/>,
/// <see cref="Normalizer"/>, <see cref="PreTokenizer"/>, <see cref="EncodedToken"/>). Ids have to equal the originals' on every machine, and the package's own
/// classes leave that open: they normalise and change case through
/// .NET, whose answer depends on the globalization mode; they split with .NET's regular expressions, which work on UTF-16 units; they read no tokenizer.json
/// and no tokenizer_config.json; and the white space around special tokens, T5's extra ids and truncation that keeps the special tokens are left to the caller.
/// <para>As a <see cref="Tokenizer"/> (EncodeToIds, EncodeToTokens, CountTokens) it adds no special tokens around a text; offsets point into the normalised
/// text, which is given only where the model normalises. Instances are immutable: any number of threads may use one.</para>
/// </remarks>
public abstract class TextTokenizer : Tokenizer, ITextTokenizer
{
    // Below this many texts, starting threads costs more than it saves.
    private const int ParallelFrom = 16;

    private readonly SpecialTokens special;
    private readonly bool cleanUp;
    private readonly TokenSide truncationSide;
    private readonly TokenSide paddingSide;

    private protected TextTokenizer(SpecialTokens special, FolderSettings settings, bool cleanUp)
    {
        this.special = special;
        this.cleanUp = settings.Options.CleanUpSpaces ?? cleanUp;
        (truncationSide, paddingSide) = (settings.TruncationSide ?? TokenSide.Right, settings.PaddingSide ?? TokenSide.Right);
    }

    /// <summary>Reads the tokenizer of a Hugging Face model folder.</summary>
    /// <param name="folder">
    /// Holds one of: spiece.model, tokenizer.model or sentencepiece.bpe.model (SentencePiece); vocab.txt (WordPiece); vocab.json with merges.txt (byte-level
    /// BPE: GPT-2, RoBERTa, or CLIP when pieces end in &lt;/w&gt;); tokenizer.json, taken when none of the others is there, or when tokenizer_class is
    /// PreTrainedTokenizerFast. tokenizer_config.json, special_tokens_map.json, added_tokens.json and config.json refine it.
    /// </param>
    /// <param name="options">Prevails over what the folder says.</param>
    /// <exception cref="DirectoryNotFoundException">No such folder.</exception>
    /// <exception cref="FileNotFoundException">The folder holds no tokenizer file.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or the tokenizer is of a kind that is not read; the message names file and key.</exception>
    public static TextTokenizer Load(string folder, TokenizerOptions? options = null) => TokenizerFolder.Load(folder, options ?? new());

    /// <inheritdoc/>
    public abstract int VocabularySize { get; }

    /// <inheritdoc/>
    public int? PadTokenId { get; private protected init; }

    /// <inheritdoc/>
    public int? EosTokenId { get; private protected init; }

    /// <inheritdoc/>
    public int? BosTokenId { get; private protected init; }

    /// <summary>Stands for what the vocabulary cannot spell; null when it can spell everything.</summary>
    public int? UnknownTokenId { get; private protected init; }

    /// <summary>What goes around a text: &lt;s&gt; and &lt;/s&gt;, [CLS] and [SEP], ...</summary>
    internal TextFrame Frame { get; private protected init; } = TextFrame.None;

    /// <inheritdoc/>
    public int? TokenToId(string token) => special.Id(token) ?? PieceToId(token);

    /// <summary>Spelling of an id in the vocabulary.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public string IdToToken(int id) => special.Text(id) ?? IdToPiece(id)
        ?? throw new ArgumentOutOfRangeException(nameof(id), id, $"The vocabulary has ids from 0 to {VocabularySize - 1}.");

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public int[] Encode(string text, bool addSpecialTokens = true, int maxLength = int.MaxValue) =>
        Encode(text, new BatchOptions { AddSpecialTokens = addSpecialTokens, MaxLength = maxLength });

    /// <inheritdoc/>
    public TokenBatch EncodeBatch(IReadOnlyList<string> texts, bool addSpecialTokens = true, int maxLength = int.MaxValue) =>
        EncodeBatch(texts, new BatchOptions { AddSpecialTokens = addSpecialTokens, MaxLength = maxLength, PaddingSide = TokenSide.Right });

    /// <summary>Ids of several texts, encoded in parallel and padded. Models without a pad token are padded with EOS, which the mask hides.</summary>
    /// <exception cref="ArgumentException">A text is null; the message says which.</exception>
    public TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(options);
        for (var i = 0; i < texts.Count; i++)
        {
            if (texts[i] is null)
                throw new ArgumentException($"Text {i} of {texts.Count} is null; give an empty text for a row without one.", nameof(texts));
        }
        var rows = new int[texts.Count][];
        if (rows.Length < ParallelFrom)
        {
            for (var i = 0; i < rows.Length; i++)
                rows[i] = Encode(texts[i], options);
        }
        else
        {
            Parallel.For(0, rows.Length, i => rows[i] = Encode(texts[i], options));
        }

        var length = options.PadToMaxLength ? options.MaxLength : rows.Length == 0 ? 0 : rows.Max(row => row.Length);
        if (length > Array.MaxLength / Math.Max(rows.Length, 1))
            throw new ArgumentOutOfRangeException(nameof(options), length, "PadToMaxLength needs a MaxLength that fits in memory.");
        var ids = new long[rows.Length, length]; // (B, L)
        var mask = new bool[rows.Length, length]; // (B, L)
        var pad = PadTokenId ?? EosTokenId ?? 0;
        for (var i = 0; i < rows.Length; i++)
        {
            var start = (options.PaddingSide ?? paddingSide) == TokenSide.Left ? length - rows[i].Length : 0;
            for (var j = 0; j < length; j++)
            {
                mask[i, j] = j >= start && j < start + rows[i].Length;
                ids[i, j] = mask[i, j] ? rows[i][j - start] : pad;
            }
        }
        return new TokenBatch(ids, mask);
    }

    private int[] Encode(string text, BatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (prefix, suffix) = options.AddSpecialTokens ? Frame : TextFrame.None;
        var room = options.MaxLength - prefix.Length - suffix.Length;
        if (room < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options.MaxLength), options.MaxLength,
                $"The special tokens alone take {prefix.Length + suffix.Length} ids.");
        }
        var tokens = Tokens(text, new EncodeSettings { ConsiderNormalization = true, ConsiderPreTokenization = true }, out _);
        var count = Math.Min(tokens.Count, room);
        var first = (options.TruncationSide ?? truncationSide) == TokenSide.Left ? tokens.Count - count : 0;
        var ids = new int[prefix.Length + count + suffix.Length];
        prefix.CopyTo(ids, 0);
        for (var i = 0; i < count; i++)
            ids[prefix.Length + i] = tokens[first + i].Id;
        suffix.CopyTo(ids, prefix.Length + count);
        return ids;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var kept = new List<int>();
        foreach (var id in ids)
        {
            if (id < 0 || (id >= VocabularySize && !special.Contains(id)))
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"The vocabulary has ids from 0 to {VocabularySize - 1}.");
            if (!skipSpecialTokens || !special.IsSkipped(id))
                kept.Add(id);
        }
        var text = Detokenize(kept);
        return cleanUp ? CleanUp(text) : text;
    }

    /// <inheritdoc cref="Tokenizer.Decode(IEnumerable{int})"/>
    public override string Decode(IEnumerable<int> ids) => Decode(ids, skipSpecialTokens: true);

    /// <summary>Text of ids, special tokens left out. A destination that is too small is left as it was, and no ids are consumed.</summary>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        var list = ids as IReadOnlyCollection<int> ?? [.. ids];
        var text = Decode(list, skipSpecialTokens: true);
        var fits = text.AsSpan().TryCopyTo(destination);
        (idsConsumed, charsWritten) = fits ? (list.Count, text.Length) : (0, 0);
        return fits ? OperationStatus.Done : OperationStatus.DestinationTooSmall;
    }

    /// <summary>Tokens of a text, special tokens inside it recognised, none added around it.</summary>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        text ??= textSpan.ToString();
        var tokens = Tokens(text, settings, out var normalized);
        if (tokens.Count > settings.MaxTokenCount)
            tokens.RemoveRange(settings.MaxTokenCount, tokens.Count - settings.MaxTokenCount);
        return new EncodeResults<EncodedToken>
        {
            Tokens = tokens,
            NormalizedText = Rewrites ? normalized : null!,
            CharsConsumed = tokens.Count == 0 ? 0 : tokens[^1].Offset.End.Value,
        };
    }

    private List<EncodedToken> Tokens(string text, EncodeSettings settings, out string normalized)
    {
        var tokens = new List<EncodedToken>(text.Length / 4 + 4);
        var whole = new StringBuilder(text.Length);
        foreach (var (part, token) in SplitSpecial ? special.Split(text) : [(text, null)])
        {
            if (token is { } found)
            {
                AddSpecial(found);
                continue;
            }
            var stretch = settings.ConsiderNormalization ? Normalize(part, atStart: whole.Length == 0) : part;
            foreach (var (inner, later) in SplitSpecial ? special.SplitNormalized(stretch) : [(stretch, null)])
            {
                if (later is { } foundLater)
                    AddSpecial(foundLater);
                else
                    AddText(settings.ConsiderPreTokenization ? WithPrefix(inner) : inner);
            }
        }
        normalized = whole.ToString();
        return tokens;

        void AddSpecial(SpecialToken token)
        {
            tokens.Add(new EncodedToken(token.Id, token.Text, whole.Length..(whole.Length + token.Text.Length)));
            whole.Append(token.Text);
        }

        void AddText(string stretch)
        {
            if (settings.ConsiderPreTokenization && PreTokenizer is { } preTokenizer)
            {
                foreach (var (offset, length) in preTokenizer.PreTokenize(stretch))
                    Tokenize(stretch, offset, length, whole.Length, tokens);
            }
            else if (stretch.Length > 0)
            {
                Tokenize(stretch, 0, stretch.Length, whole.Length, tokens);
            }
            whole.Append(stretch);
        }
    }

    /// <summary>A stretch of a text without special tokens, normalised.</summary>
    private protected virtual string Normalize(string stretch, bool atStart) => Normalizer is { } normalizer ? normalizer.Normalize(stretch) : stretch;

    /// <summary>A normalised stretch with the space that some models put in front of each.</summary>
    private protected virtual string WithPrefix(string stretch) => stretch;

    /// <summary>Whether the text that offsets point into may differ from the one given.</summary>
    private protected virtual bool Rewrites => Normalizer is not null;

    /// <summary>Whether special tokens are looked for in the text as given, before it is normalised.</summary>
    private protected virtual bool SplitSpecial => true;

    /// <summary>Adds the tokens of one stretch of a normalised text.</summary>
    /// <param name="text">The normalised text.</param>
    /// <param name="start">First character of the stretch.</param>
    /// <param name="length">Characters in the stretch; at least one.</param>
    /// <param name="shift">What to add to positions in <paramref name="text"/> to give the tokens' offsets.</param>
    /// <param name="tokens">Takes the tokens.</param>
    private protected abstract void Tokenize(string text, int start, int length, int shift, List<EncodedToken> tokens);

    /// <summary>Text of ids, all of which are in the vocabulary.</summary>
    private protected abstract string Detokenize(IReadOnlyList<int> ids);

    private protected abstract int? PieceToId(string piece);

    private protected abstract string? IdToPiece(int id);

    private protected SpecialTokens Special => special;

    /// <summary>Ends of contractions and punctuation move back to their words, as the reference's clean_up_tokenization does.</summary>
    private static string CleanUp(string text) => text
        .Replace(" .", ".", StringComparison.Ordinal).Replace(" ?", "?", StringComparison.Ordinal).Replace(" !", "!", StringComparison.Ordinal)
        .Replace(" ,", ",", StringComparison.Ordinal).Replace(" ' ", "'", StringComparison.Ordinal).Replace(" n't", "n't", StringComparison.Ordinal)
        .Replace(" 'm", "'m", StringComparison.Ordinal).Replace(" 's", "'s", StringComparison.Ordinal).Replace(" 've", "'ve", StringComparison.Ordinal)
        .Replace(" 're", "'re", StringComparison.Ordinal);
}
