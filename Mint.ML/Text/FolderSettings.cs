using System.Text.Json;

namespace Mint.ML.Text;

/// <summary>What the small JSON files of a model folder say about its tokenizer, with the caller's options on top.</summary>
internal sealed class FolderSettings
{
    // T5's sentinels: <extra_id_0> has the last id.
    private const int DefaultExtraIds = 100;
    private const int MostExtraIds = 10_000;

    private readonly Dictionary<string, string> tokens = new(StringComparer.Ordinal); // "pad_token" to "[PAD]", and so on
    private readonly HashSet<string> skipped = new(StringComparer.Ordinal); // texts known to be special
    private readonly List<SpecialToken> added = [];
    private int? extraIds;
    private int? modelVocabulary;

    public FolderSettings(string folder, TokenizerOptions options)
    {
        Folder = folder;
        Options = options;
        ReadIfThere("config.json", json =>
        {
            Architecture = Text(json, "model_type") ?? "";
            modelVocabulary = Number(json, "vocab_size");
        });
        ReadIfThere("special_tokens_map.json", ReadTokens);
        ReadIfThere("tokenizer_config.json", ReadConfig);
        ReadIfThere("added_tokens.json", json =>
        {
            foreach (var entry in json.EnumerateObject())
            {
                var text = TokenizerText.Name(file, entry);
                Add(new SpecialToken(text, Id(entry.Value, text), Skipped: skipped.Contains(text)));
            }
        });
    }

    private string file = "";

    public string Folder { get; }

    public TokenizerOptions Options { get; private set; }

    /// <summary>model_type of config.json.</summary>
    public string Architecture { get; private set; } = "";

    /// <summary>tokenizer_class of tokenizer_config.json.</summary>
    public string Class { get; private set; } = "";

    /// <summary>Spelling of a named token, or null.</summary>
    public string? Token(string name) => tokens.GetValueOrDefault(name);

    public void Add(SpecialToken token) => added.Add(token);

    /// <summary>Says that the vocabulary itself names T5's sentinels.</summary>
    public void HasExtraIds() => extraIds = 0;

    /// <summary>Fills options that neither the caller nor the folder has set.</summary>
    public void Default(Func<TokenizerOptions, TokenizerOptions> fill) => Options = fill(Options);

    /// <summary>Names a token that the folder has not named.</summary>
    public void DefaultToken(string name, string spelling) => tokens.TryAdd(name, spelling);

    /// <summary>T5's sentinels for a vocabulary of so many pieces: a hundred, but none that the model has no embedding for.</summary>
    public IEnumerable<SpecialToken> ExtraIds(int pieces)
    {
        var count = extraIds ?? Math.Clamp((modelVocabulary ?? int.MaxValue) - pieces, 0, DefaultExtraIds);
        return Enumerable.Range(0, count).Select(i => new SpecialToken($"<extra_id_{i}>", pieces + count - 1 - i, Strips: true));
    }

    /// <summary>The special tokens: the model's own, those of the folder, and those that the caller adds after the last id.</summary>
    /// <param name="vocabularySize">Ids of the vocabulary alone.</param>
    /// <param name="idOf">Id of a piece of the vocabulary.</param>
    /// <param name="own">Spellings of the model's own; those that the vocabulary lacks are left out.</param>
    /// <param name="strips">Whether special tokens take the white space around them.</param>
    /// <param name="more">Tokens with ids of their own.</param>
    public SpecialTokens Special(int vocabularySize, Func<string, int?> idOf, IEnumerable<string?> own, bool strips, IEnumerable<SpecialToken>? more = null)
    {
        var list = new List<SpecialToken>();
        foreach (var text in own.OfType<string>().Concat(skipped).Distinct())
        {
            if (idOf(text) is { } id)
                list.Add(new SpecialToken(text, id, strips));
        }
        list.AddRange(more ?? []);
        list.AddRange(added.Select(token => token with { Strips = token.Strips || (strips && token.Skipped) }));
        var next = Math.Max(vocabularySize, list.Count == 0 ? 0 : list.Max(token => token.Id) + 1);
        foreach (var text in Options.AdditionalTokens)
        {
            if (!list.Any(token => token.Text == text))
                list.Add(new SpecialToken(text, idOf(text) ?? next++, strips));
        }
        return new SpecialTokens(list);
    }

    private void ReadConfig(JsonElement json)
    {
        Class = Text(json, "tokenizer_class") ?? "";
        extraIds = Number(json, "extra_ids");
        if (extraIds is < 0 or > MostExtraIds)
            throw new InvalidDataException($"{file}: extra_ids is {extraIds}, outside 0 to {MostExtraIds}; T5 has {DefaultExtraIds}.");
        Options = Options with
        {
            LowerCase = Options.LowerCase ?? Flag(json, "do_lower_case"),
            StripAccents = Options.StripAccents ?? Flag(json, "strip_accents"),
            SplitChineseCharacters = Options.SplitChineseCharacters ?? Flag(json, "tokenize_chinese_chars"),
            CleanUpSpaces = Options.CleanUpSpaces ?? Flag(json, "clean_up_tokenization_spaces"),
            AddBos = Options.AddBos ?? Flag(json, "add_bos_token"),
            AddEos = Options.AddEos ?? Flag(json, "add_eos_token"),
        };
        ReadTokens(json);
        if (json.TryGetProperty("added_tokens_decoder", out var decoder) && decoder.ValueKind == JsonValueKind.Object)
        {
            foreach (var entry in decoder.EnumerateObject())
            {
                var name = TokenizerText.Name(file, entry);
                if (!int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var id)
                    || id > Vocabulary.MaxId)
                {
                    throw new InvalidDataException($"{file}: added_tokens_decoder has \"{name}\" where an id from 0 to {Vocabulary.MaxId} is due.");
                }
                AddDescribed(file, entry.Value, id);
            }
        }
    }

    /// <summary>Takes a token as added_tokens_decoder and tokenizer.json describe it.</summary>
    public void AddDescribed(string file, JsonElement token, int id)
    {
        if (token.ValueKind != JsonValueKind.Object || !token.TryGetProperty("content", out var content))
            throw new InvalidDataException($"{file}: added token {id} has no content.");
        bool Is(string name) => token.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
        Add(new SpecialToken(TokenizerText.String(file, content, "content"), id, Is("lstrip") && Is("rstrip"), Is("special")));
    }

    private void ReadTokens(JsonElement json)
    {
        foreach (var entry in json.EnumerateObject())
        {
            if (entry.Name.EndsWith("_token", StringComparison.Ordinal) && Spelling(entry.Value) is { Length: > 0 } text)
            {
                tokens[entry.Name] = text;
                skipped.Add(text);
            }
            else if (entry.Name == "additional_special_tokens" && entry.Value.ValueKind == JsonValueKind.Array)
            {
                skipped.UnionWith(entry.Value.EnumerateArray().Select(Spelling).OfType<string>());
            }
        }
    }

    // A token is a string, or an object with its content.
    private string? Spelling(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => TokenizerText.String(file, value, "a token"),
        JsonValueKind.Object when value.TryGetProperty("content", out var content) => TokenizerText.String(file, content, "content"),
        _ => null,
    };

    private void ReadIfThere(string name, Action<JsonElement> read)
    {
        file = Path.Combine(Folder, name);
        if (!File.Exists(file))
            return;
        using var json = TokenizerText.ReadJson(file);
        if (json.RootElement.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{file} should hold an object, but holds {json.RootElement.ValueKind}.");
        try
        {
            read(json.RootElement);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{file} is not valid Unicode: {e.Message}", e);
        }
    }

    private string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? TokenizerText.String(file, value, name) : null;

    private int? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? TokenizerText.Int(file, value, name) : null;

    private static bool? Flag(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    private int Id(JsonElement value, string name)
    {
        var id = TokenizerText.Int(file, value, name);
        return id is >= 0 and <= Vocabulary.MaxId ? id : throw new InvalidDataException($"{file}: {name} has id {id}, outside 0 to {Vocabulary.MaxId}.");
    }
}
