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
            var added = AddedTokens(file, root, settings);
            switch (Kind(file, model))
            {
                case "WordPiece":
                    return WordPiece(file, root, model, settings);
                case "Unigram":
                    settings.HasExtraIds();
                    return TokenizerFolder.SentencePiece(Unigram(file, root, model, added), settings);
                case "BPE" when IsByteLevel(root):
                    return TokenizerFolder.ByteLevel(Vocabulary.FromJson(file, Member(file, model, "vocab", JsonValueKind.Object)), Merges(file, model),
                        settings);
                case "BPE":
                    settings.HasExtraIds();
                    return TokenizerFolder.SentencePiece(Bpe(file, root, model, added), settings);
                case var other:
                    throw new InvalidDataException($"{file}: model type \"{other}\" is not read; WordPiece, Unigram and BPE are.");
            }
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{file} is not valid Unicode: {e.Message}", e);
        }
    }

    // Old files have no type; what they hold tells.
    private static string Kind(string file, JsonElement model) =>
        model.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? TokenizerText.String(file, type, "model.type")
        : model.TryGetProperty("merges", out _) ? "BPE"
        : model.TryGetProperty("unk_id", out _) ? "Unigram" : "WordPiece";

    private static TextTokenizer WordPiece(string file, JsonElement root, JsonElement model, FolderSettings settings)
    {
        if (model.TryGetProperty("unk_token", out var unknown) && unknown.ValueKind == JsonValueKind.String)
            settings.DefaultToken("unk_token", TokenizerText.String(file, unknown, "unk_token"));
        foreach (var normalizer in Components(root, "normalizer", "BertNormalizer"))
        {
            settings.Default(options => options with
            {
                LowerCase = options.LowerCase ?? Flag(normalizer, "lowercase"),
                StripAccents = options.StripAccents ?? Flag(normalizer, "strip_accents"),
                SplitChineseCharacters = options.SplitChineseCharacters ?? Flag(normalizer, "handle_chinese_chars"),
            });
        }
        return TokenizerFolder.WordPiece(Vocabulary.FromJson(file, Member(file, model, "vocab", JsonValueKind.Object)), settings);
    }

    private static SentencePieceModel Unigram(string file, JsonElement root, JsonElement model, HashSet<string> added)
    {
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
        return (Spaces(root) with { File = file, Pieces = pieces, ByteFallback = bytes, Charsmap = Charsmap(file, root), RemoveExtraSpaces = true }).Checked();
    }

    // The pieces of a LLaMA file, scored by the rank of the first merge that makes them.
    private static SentencePieceModel Bpe(string file, JsonElement root, JsonElement model, HashSet<string> added)
    {
        var bytes = Flag(model, "byte_fallback") == true;
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
        return (Spaces(root) with
        {
            File = file,
            Pieces = pieces,
            Kind = SegmentationKind.Bpe,
            ByteFallback = bytes,
            Charsmap = Charsmap(file, root),
            RemoveExtraSpaces = false
        }).Checked();
    }

    private static PieceKind KindOf(string text, HashSet<string> added, bool bytes) =>
        added.Contains(text) ? PieceKind.Control
        : bytes && text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>' ? PieceKind.Byte
        : PieceKind.Normal;

    // Metaspace (or Prepend) puts the space in front of a text.
    private static SentencePieceModel Spaces(JsonElement root) => new()
    {
        File = "",
        Pieces = [],
        AddDummyPrefix = Components(root, "normalizer", "Prepend").Any() || Components(root, "pre_tokenizer", "Metaspace").Any(Prepends),
    };

    private static bool Prepends(JsonElement metaspace) =>
        metaspace.TryGetProperty("prepend_scheme", out var scheme) && scheme.ValueKind == JsonValueKind.String ? !scheme.ValueEquals("never")
            : Flag(metaspace, "add_prefix_space") != false;

    private static byte[] Charsmap(string file, JsonElement root)
    {
        foreach (var normalizer in Components(root, "normalizer", "Precompiled"))
        {
            if (normalizer.TryGetProperty("precompiled_charsmap", out var map) && map.ValueKind == JsonValueKind.String)
                return map.TryGetBytesFromBase64(out var bytes) ? bytes : throw new InvalidDataException($"{file}: precompiled_charsmap is not base64.");
        }
        return [];
    }

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

    private static bool IsByteLevel(JsonElement root) =>
        Components(root, "pre_tokenizer", "ByteLevel").Any() || Components(root, "decoder", "ByteLevel").Any();

    /// <summary>Components of one type, in a Sequence or alone.</summary>
    private static IEnumerable<JsonElement> Components(JsonElement root, string member, string type)
    {
        if (!root.TryGetProperty(member, out var component) || component.ValueKind != JsonValueKind.Object)
            return [];
        var all = new List<JsonElement> { component };
        foreach (var list in new[] { "normalizers", "pretokenizers", "decoders" })
        {
            if (component.TryGetProperty(list, out var parts) && parts.ValueKind == JsonValueKind.Array)
                all.AddRange(parts.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object));
        }
        return all.Where(part => part.TryGetProperty("type", out var name) && name.ValueKind == JsonValueKind.String && name.ValueEquals(type));
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
