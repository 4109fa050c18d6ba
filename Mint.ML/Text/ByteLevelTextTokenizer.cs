using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>Byte-level BPE as GPT-2, RoBERTa, Llama 3 and Qwen 2 have it: words with the space before them, any text spelled in bytes, nothing lost.</summary>
/// <remarks>
/// Sources: transformers' GPT2Tokenizer and RobertaTokenizer, and the tokenizers library for what tokenizer.json says besides. Words are merged by the
/// package's BpeTokenizer. Its CodeGenTokenizer is not used: it splits with a .NET regular expression, which sees a letter outside the basic plane as two
/// surrogates and not as a letter, so such words split where the original's do not.
/// </remarks>
internal sealed class ByteLevelTextTokenizer : TextTokenizer
{
    private readonly Vocabulary vocabulary;
    private readonly BytePairEncoder encoder;
    private readonly ByteLevelRules rules;

    internal ByteLevelTextTokenizer(Vocabulary vocabulary, BytePairEncoder encoder, ByteLevelRules rules, SpecialTokens special, ModelTokens tokens,
        FolderSettings settings)
        : base(special, settings, cleanUp: true)
    {
        (this.vocabulary, this.encoder, this.rules) = (vocabulary, encoder, rules);
        BosTokenId = tokens.Bos is null ? null : TokenToId(tokens.Bos);
        EosTokenId = tokens.Eos is null ? null : TokenToId(tokens.Eos);
        PadTokenId = (settings.Options.PadToken ?? tokens.Pad) is { } pad ? TokenToId(pad) : null;
        UnknownTokenId = tokens.Unknown is null ? null : TokenToId(tokens.Unknown);
        var usual = rules.LikeRoberta && settings.Template is null ? new([Required(tokens.Bos)], [Required(tokens.Eos)]) : TextFrame.None;
        Frame = settings.Frame(usual, BosTokenId, EosTokenId, flags: !rules.LikeRoberta);
    }

    /// <inheritdoc/>
    public override int VocabularySize => Math.Max(vocabulary.Size, Special.HighestId + 1);

    /// <summary>What a text goes through before it is split; null for GPT-2 and RoBERTa.</summary>
    public override Normalizer? Normalizer => rules.Normalizer;

    /// <summary>The model's splitting.</summary>
    public override PreTokenizer? PreTokenizer => rules.Split;

    private protected override bool Rewrites => rules.PrefixSpace || Normalizer is not null;

    // As the tokenizers library does: to each stretch that does not begin with a space.
    private protected override string WithPrefix(string stretch) => rules.PrefixSpace && stretch.Length > 0 && stretch[0] != ' ' ? " " + stretch : stretch;

    private protected override void Tokenize(string text, int start, int length, int shift, List<EncodedToken> tokens) =>
        encoder.Encode(text, start, length, shift, tokens);

    private protected override string Detokenize(IReadOnlyList<int> ids) => BytePairEncoder.Decode(ids.Select(IdToToken));

    private protected override int? PieceToId(string piece) => vocabulary.Id(piece);

    private protected override string? IdToPiece(int id) => vocabulary.Piece(id);

    private int Required(string? token) => TokenToId(token!) ?? vocabulary.Require(token!);
}

/// <summary>What byte-level tokenizers differ in.</summary>
internal sealed record ByteLevelRules
{
    /// <summary>How a text is cut into words.</summary>
    public PreTokenizer Split { get; init; } = new ByteLevelPreTokenizer();

    /// <summary>What a text goes through first; null for nothing.</summary>
    public Normalizer? Normalizer { get; init; }

    /// <summary>A space goes in front of a text that has none (add_prefix_space).</summary>
    public bool PrefixSpace { get; init; }

    /// <summary>A word that the vocabulary has is one token, whether merges lead to it or not (ignore_merges).</summary>
    public bool WholeWords { get; init; }

    /// <summary>No token stands for bytes that the vocabulary lacks, so it may lack none.</summary>
    public bool NoUnknown { get; init; }

    /// <summary>Tokens are named as RoBERTa's, and &lt;s&gt; and &lt;/s&gt; go around a text.</summary>
    public bool LikeRoberta { get; init; }
}

/// <summary>Steps of normalisation, one after the other.</summary>
internal sealed class StepNormalizer(IReadOnlyList<Func<string, string>> steps) : Normalizer
{
    public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());

    public override string Normalize(string original) => steps.Aggregate(original, (text, step) => step(text));
}

/// <summary>Spellings of the special tokens of a SentencePiece or byte-level model; null for one that it does not have.</summary>
internal sealed record ModelTokens(string? Bos = null, string? Eos = null, string? Unknown = null, string? Pad = null);
