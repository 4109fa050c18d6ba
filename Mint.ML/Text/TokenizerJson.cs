using System.Text.Json;

namespace Mint.ML.Text;

/// <summary>Reads tokenizer.json, the one-file form of Hugging Face's tokenizers library, and builds the same tokenizers as from a model's own files.</summary>
internal static class TokenizerJson
{
    public static TextTokenizer Load(string file, FolderSettings settings)
    {
        using var json = TokenizerText.ReadJson(file);
        try
        {
            var root = json.RootElement;
            var model = Member(file, root, "model", JsonValueKind.Object);
            var parts = new TokenizerParts(file, root);
            var added = AddedTokens(file, root, settings);
            settings.Template = parts.Frame();
            settings.DefaultSides(parts.Sides.Truncation, parts.Sides.Padding);
            return Framed(file, Read(file, parts, model, added, settings));
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{file} is not valid Unicode: {e.Message}", e);
        }
    }

    private static TextTokenizer Read(string file, TokenizerParts parts, JsonElement model, HashSet<string> added, FolderSettings settings)
    {
        var kind = Kind(file, model);
        TokenizerClasses.Check(settings, kind == "WordPiece" ? TokenizerKind.WordPiece : kind == "BPE" && ByteLevelParts.Any(parts) ? TokenizerKind.ByteLevel
            : TokenizerKind.SentencePiece, file);
        switch (kind)
        {
            case "WordPiece":
                return WordPiece(file, parts, model, settings);
            case "Unigram":
                settings.HasExtraIds();
                return TokenizerFolder.SentencePiece(Spaced(file, Unigram(file, parts, model, added), settings), settings);
            case "BPE" when ByteLevelParts.Any(parts):
                return ByteLevel(file, parts, model, settings);
            case "BPE":
                settings.HasExtraIds();
                return TokenizerFolder.SentencePiece(Spaced(file, Bpe(file, parts, model, added), settings), settings);
            default:
                throw new InvalidDataException($"{file}: model type \"{kind}\" is not read; WordPiece, Unigram and BPE are.");
        }
    }

    private static TextTokenizer Framed(string file, TextTokenizer tokenizer)
    {
        foreach (var id in tokenizer.Frame.Before.Concat(tokenizer.Frame.After))
        {
            if (id < 0 || id >= tokenizer.VocabularySize)
                throw new InvalidDataException($"{file}: post_processor adds id {id}, outside 0 to {tokenizer.VocabularySize - 1}. Get the file again.");
        }
        return tokenizer;
    }

    // Old files have no type; what they hold tells.
    private static string Kind(string file, JsonElement model) =>
        model.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? TokenizerText.String(file, type, "model.type")
        : model.TryGetProperty("merges", out _) ? "BPE"
        : model.TryGetProperty("unk_id", out _) ? "Unigram" : "WordPiece";

    // A setting of the model that would give other ids; a missing one, null, false and "" are what the original does by default.
    private static void CheckModel(string file, JsonElement model, params ReadOnlySpan<string> known)
    {
        foreach (var member in model.EnumerateObject())
        {
            var name = TokenizerText.Name(file, member);
            if (!known.Contains(name) && name is not ("type" or "vocab") && !(member.Value.ValueKind is JsonValueKind.Null or JsonValueKind.False
                || (member.Value.ValueKind == JsonValueKind.String && member.Value.ValueEquals("")) || (IsNumber(member.Value, out var number) && number == 0)))
            {
                var text = member.Value.GetRawText();
                throw new InvalidDataException($"{file}: model.{name} is {(text.Length > 40 ? text[..40] + "..." : text)}, which is not followed here; the ids "
                    + "would not be the original's. Take a model whose tokenizer is read (docs/tokenizers.md).");
            }
        }
    }

    private static bool Says(JsonElement model, string name, string value) =>
        model.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String && text.ValueEquals(value);

    private static string? DefaultUnknown(string file, JsonElement model, FolderSettings settings)
    {
        if (!model.TryGetProperty("unk_token", out var unknown) || unknown.ValueKind != JsonValueKind.String)
            return null;
        var text = TokenizerText.String(file, unknown, "unk_token");
        settings.DefaultToken("unk_token", text);
        return text;
    }

    // add_prefix_space would have to change the file's parts, as some versions of the original do for some classes.
    private static SentencePieceModel Spaced(string file, SentencePieceModel model, FolderSettings settings) =>
        settings.PrefixSpace is not { } prefix || prefix == model.AddDummyPrefix ? model
            : throw new InvalidDataException($"{Path.Combine(settings.Folder, "tokenizer_config.json")}: add_prefix_space is "
                + $"{(prefix ? "true" : "false")}, but {file} says otherwise. Take the key out, or the parts of the file that say so.");

    private static TextTokenizer WordPiece(string file, TokenizerParts parts, JsonElement model, FolderSettings settings)
    {
        CheckModel(file, model, "unk_token", Says(model, "continuing_subword_prefix", "##") ? "continuing_subword_prefix" : "", "max_input_chars_per_word");
        parts.CheckDecoders("WordPiece");
        if (parts.Splits is not [var split] || !split.Is("BertPreTokenizer"))
            throw parts.Refused("pre_tokenizer", "BertPreTokenizer is");
        if (parts.Normalizers is not [var normalizer] || !normalizer.Is("BertNormalizer", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase")
            || normalizer.Flag("clean_text") == false)
        {
            throw parts.Refused("normalizer", "BertNormalizer that cleans the text is");
        }
        DefaultUnknown(file, model, settings);
        settings.Default(options => options with
        {
            LowerCase = options.LowerCase ?? normalizer.Flag("lowercase"),
            StripAccents = options.StripAccents ?? normalizer.Flag("strip_accents"),
            SplitChineseCharacters = options.SplitChineseCharacters ?? normalizer.Flag("handle_chinese_chars"),
        });
        var most = model.TryGetProperty("max_input_chars_per_word", out var limit) ? TokenizerText.Int(file, limit, "model.max_input_chars_per_word")
            : WordPieceTextTokenizer.MaxCharactersInWord;
        return TokenizerFolder.WordPiece(Vocabulary.FromJson(file, Member(file, model, "vocab", JsonValueKind.Object)), settings, most);
    }

    private static TextTokenizer ByteLevel(string file, TokenizerParts parts, JsonElement model, FolderSettings settings)
    {
        var clip = Says(model, "end_of_word_suffix", ClipTextTokenizer.EndOfWord);
        CheckModel(file, model, "merges", "unk_token", "ignore_merges", clip ? "end_of_word_suffix" : "");
        var vocabulary = Vocabulary.FromJson(file, Member(file, model, "vocab", JsonValueKind.Object));
        if (clip != ClipTextTokenizer.Marks(vocabulary))
        {
            throw new InvalidDataException($"{file}: model.end_of_word_suffix is {(clip ? "" : "not ")}\"{ClipTextTokenizer.EndOfWord}\", but the pieces say "
                + "otherwise. Get the file again.");
        }
        var rules = ByteLevelParts.Read(parts, settings, clip) with
        {
            WholeWords = Flag(model, "ignore_merges") == true,
            NoUnknown = DefaultUnknown(file, model, settings) is null,
        };
        return TokenizerFolder.ByteLevel(vocabulary, Merges(file, model), settings, rules);
    }

    private static SentencePieceModel Unigram(string file, TokenizerParts parts, JsonElement model, HashSet<string> added)
    {
        CheckModel(file, model, "unk_id", "byte_fallback");
        var unknown = TokenizerText.Int(file, Member(file, model, "unk_id", JsonValueKind.Number), "unk_id");
        var bytes = Flag(model, "byte_fallback") == true;
        var pieces = new List<Piece>();
        foreach (var entry in Member(file, model, "vocab", JsonValueKind.Array).EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || !IsNumber(entry[1], out var score))
                throw new InvalidDataException($"{file}: entry {pieces.Count} of the vocabulary should be a piece and a score.");
            var text = TokenizerText.String(file, entry[0], "a piece");
            pieces.Add(new Piece(text, (float)score, pieces.Count == unknown ? PieceKind.Unknown : KindOf(text, added, bytes)));
        }
        return (SentencePieceParts.Unigram(file, parts) with { Pieces = pieces, ByteFallback = bytes }).Checked();
    }

    // The pieces of a LLaMA file, scored by the rank of the first merge that makes them.
    private static SentencePieceModel Bpe(string file, TokenizerParts parts, JsonElement model, HashSet<string> added)
    {
        var bytes = Flag(model, "byte_fallback") == true;
        // Unknown characters in a row are one token; where bytes stand for them there are none.
        CheckModel(file, model, "merges", "unk_token", "byte_fallback", "fuse_unk");
        if (!bytes && Flag(model, "fuse_unk") != true)
        {
            throw new InvalidDataException($"{file}: neither model.fuse_unk nor model.byte_fallback is true; only models with one of the two are read. "
                + "Take a model whose tokenizer is read (docs/tokenizers.md).");
        }
        var vocabulary = Vocabulary.FromJson(file, Member(file, model, "vocab", JsonValueKind.Object));
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (left, right, _) in Merges(file, model))
            ranks.TryAdd(left + right, ranks.Count);
        var unknown = model.TryGetProperty("unk_token", out var token) && token.ValueKind == JsonValueKind.String ? TokenizerText.String(file, token,
            "unk_token")
            : "<unk>";
        if (vocabulary.Size != vocabulary.Pieces.Count())
        {
            throw new InvalidDataException($"{file}: the vocabulary has {vocabulary.Pieces.Count()} pieces but ids up to {vocabulary.Size - 1}; ids must be "
                + "unique and without gaps.");
        }
        var pieces = new List<Piece>();
        for (var id = 0; id < vocabulary.Size; id++)
        {
            var text = vocabulary.Piece(id) ?? throw new InvalidDataException($"{file}: no piece has id {id}; ids must be unique and without gaps.");
            pieces.Add(new Piece(text, -ranks.GetValueOrDefault(text), text == unknown ? PieceKind.Unknown : KindOf(text, added, bytes)));
        }
        return (SentencePieceParts.Bpe(file, parts) with { Pieces = pieces, ByteFallback = bytes }).Checked();
    }

    private static PieceKind KindOf(string text, HashSet<string> added, bool bytes) =>
        added.Contains(text) ? PieceKind.Control
        : bytes && text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>' ? PieceKind.Byte
        : PieceKind.Normal;

    private static IEnumerable<(string Left, string Right, string Where)> Merges(string file, JsonElement model)
    {
        var index = 0;
        foreach (var merge in Member(file, model, "merges", JsonValueKind.Array).EnumerateArray())
        {
            var where = $"{file}, merge {index++}";
            if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2)
                yield return (TokenizerText.String(file, merge[0], where), TokenizerText.String(file, merge[1], where), where);
            else
                yield return BytePairEncoder.SplitMerge(TokenizerText.String(file, merge, where), where);
        }
    }

    private static HashSet<string> AddedTokens(string file, JsonElement root, FolderSettings settings)
    {
        var texts = new HashSet<string>(StringComparer.Ordinal);
        if (!root.TryGetProperty("added_tokens", out var tokens) || tokens.ValueKind != JsonValueKind.Array)
            return texts;
        foreach (var token in tokens.EnumerateArray())
        {
            if (token.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException($"{file}: an added token is {token.ValueKind}, not an object.");
            var id = TokenizerText.Int(file, Member(file, token, "id", JsonValueKind.Number), "an added token's id");
            if (id is < 0 or > Vocabulary.MaxId)
                throw new InvalidDataException($"{file}: an added token has id {id}, outside 0 to {Vocabulary.MaxId}.");
            settings.AddDescribed(file, token, id);
            texts.Add(TokenizerText.String(file, Member(file, token, "content", JsonValueKind.String), "content"));
        }
        return texts;
    }

    private static JsonElement Member(string file, JsonElement parent, string name, JsonValueKind kind) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == kind ? value
            : throw new InvalidDataException($"{file} has no {name} of kind {kind} where a tokenizer.json has one. Get the file again.");

    private static bool IsNumber(JsonElement value, out double number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out number);
    }

    private static bool? Flag(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;
}
