using System.Globalization;
using System.Text.Json;

namespace Mint.ML.Text;

/// <summary>What the small JSON files of a model folder say about its tokenizer, with the caller's options on top.</summary>
internal sealed class FolderSettings
{
    // T5's sentinels: <extra_id_0> has the last id.
    private const int DefaultExtraIds = 100;
    private const int MostExtraIds = 10_000;

    private readonly Dictionary<string, string> tokens = new(StringComparer.Ordinal); // "pad_token" to "[PAD]", and so on
    private readonly Dictionary<string, TokenRules?> named = new(StringComparer.Ordinal); // texts known to be special, and how found where that is said
    private readonly List<SpecialToken> added = [];
    private readonly TokenizerOptions asked;
    private int? extraIds;
    private int? modelVocabulary;

    public FolderSettings(string folder, TokenizerOptions options)
    {
        Folder = folder;
        asked = Options = options;
        ReadIfThere("config.json", json =>
        {
            Architecture = Text(json, "model_type") ?? "";
            ReadClass(json);
            modelVocabulary = Number(json, "vocab_size");
        });
        var described = false;
        ReadIfThere("tokenizer_config.json", json => described = ReadConfig(json));
        // The original looks at the older files only where added_tokens_decoder is missing, and there they prevail.
        if (described)
            return;
        ReadIfThere("special_tokens_map.json", ReadTokens);
        ReadIfThere("added_tokens.json", json =>
        {
            foreach (var entry in json.EnumerateObject())
            {
                var text = TokenizerText.Name(file, entry);
                var special = named.TryGetValue(text, out var rules);
                Add(new SpecialToken(text, Id(entry.Value, text), special ? rules ?? default : new(Normalized: true), special));
            }
        });
    }

    private string file = "";

    public string Folder { get; }

    public TokenizerOptions Options { get; private set; }

    /// <summary>model_type of config.json.</summary>
    public string Architecture { get; private set; } = "";

    /// <summary>tokenizer_class, without the "Fast" that says nothing of ids; empty where no file names one.</summary>
    public string Class { get; private set; } = "";

    /// <summary>tokenizer_class as it is written.</summary>
    public string ClassName { get; private set; } = "";

    /// <summary>The file that names the class.</summary>
    public string ClassFile { get; private set; } = "";

    /// <summary>add_prefix_space: whether a text begins with a space of its own.</summary>
    public bool? PrefixSpace { get; private set; }

    /// <summary>padding_side.</summary>
    public TokenSide? PaddingSide { get; private set; }

    /// <summary>truncation_side.</summary>
    public TokenSide? TruncationSide { get; private set; }

    /// <summary>Spelling of a named token, or null.</summary>
    public string? Token(string name) => tokens.GetValueOrDefault(name);

    public void Add(SpecialToken token) => added.Add(token);

    /// <summary>Says that the vocabulary itself names T5's sentinels.</summary>
    public void HasExtraIds() => extraIds = 0;

    /// <summary>Fills options that neither the caller nor the folder has set.</summary>
    public void Default(Func<TokenizerOptions, TokenizerOptions> fill) => Options = fill(Options);

    /// <summary>Names a token that the folder has not named.</summary>
    public void DefaultToken(string name, string spelling) => tokens.TryAdd(name, spelling);

    /// <summary>Says how a special token is found, where the folder does not.</summary>
    public void DefaultRules(string spelling, TokenRules rules)
    {
        named[spelling] = named.GetValueOrDefault(spelling) ?? rules;
    }

    /// <summary>Sides that tokenizer.json names, where tokenizer_config.json names none.</summary>
    public void DefaultSides(TokenSide? truncation, TokenSide? padding) =>
        (TruncationSide, PaddingSide) = (TruncationSide ?? truncation, PaddingSide ?? padding);

    /// <summary>What tokenizer.json puts around a text; null where there is none.</summary>
    public TextFrame? Template { get; set; }

    /// <summary>What goes around a text: the template's, or else the class's; add_bos_token and add_eos_token of the original's classes that know them, and
    /// the caller's options, prevail.</summary>
    /// <param name="usual">What the class adds by itself.</param>
    /// <param name="bos">Id of BOS.</param>
    /// <param name="eos">Id of EOS.</param>
    /// <param name="flags">Whether the class follows add_bos_token and add_eos_token.</param>
    public TextFrame Frame(TextFrame usual, int? bos, int? eos, bool flags)
    {
        var follows = Template is null ? flags : Class.StartsWith("Llama", StringComparison.Ordinal);
        var frame = Template ?? usual;
        var wanted = frame.With(Options.AddBos, bos, Options.AddEos, eos);
        var byCaller = frame.With(asked.AddBos, bos, asked.AddEos, eos);
        if (!follows && !wanted.Equals(byCaller))
        {
            var adds = Template is not null ? "the post_processor of tokenizer.json"
                : ClassName.Length > 0 ? $"what a {ClassName} adds" : $"what the tokenizer of a model of the type \"{Architecture}\" adds";
            throw new InvalidDataException($"{Path.Combine(Folder, "tokenizer_config.json")}: add_bos_token or add_eos_token says otherwise than {adds}. Set "
                + "TokenizerOptions.AddBos and AddEos, or take the key out.");
        }
        return follows ? wanted : byCaller;
    }

    /// <summary>T5's sentinels for a vocabulary of so many pieces: a hundred, but none that the model has no embedding for.</summary>
    public IEnumerable<SpecialToken> ExtraIds(int pieces)
    {
        var count = extraIds ?? Math.Clamp((modelVocabulary ?? int.MaxValue) - pieces, 0, DefaultExtraIds);
        return Enumerable.Range(0, count).Select(i => new SpecialToken($"<extra_id_{i}>", pieces + count - 1 - i, new(Left: true, Right: true)));
    }

    /// <summary>The special tokens: the model's own, those of the folder, and those that the caller adds after the last id.</summary>
    /// <param name="vocabularySize">Ids of the vocabulary alone.</param>
    /// <param name="idOf">Id of a piece of the vocabulary.</param>
    /// <param name="own">Spellings of the model's own; those that the vocabulary lacks are left out.</param>
    /// <param name="strips">Whether special tokens take the white space around them.</param>
    /// <param name="more">Tokens with ids of their own.</param>
    /// <param name="normalize">What a text goes through before tokens are found that say so; null where all are found in the text as it is.</param>
    public SpecialTokens Special(int vocabularySize, Func<string, int?> idOf, IEnumerable<string?> own, bool strips, IEnumerable<SpecialToken>? more = null,
        Func<string, string>? normalize = null)
    {
        TokenRules Rules(TokenRules rules) => strips ? rules with { Left = true, Right = true } : rules;
        var spellings = own.OfType<string>().Concat(named.Keys).Distinct().ToHashSet(StringComparer.Ordinal);
        // What a file describes comes first: it knows more of a token than its name alone.
        List<SpecialToken> list = [.. added.Select(token => token with
        {
            Rules = token.Skipped ? Rules(token.Rules) : token.Rules,
            Skipped = token.Skipped || spellings.Contains(token.Text),
        })];
        foreach (var text in spellings)
        {
            if (idOf(text) is { } id)
                list.Add(new SpecialToken(text, id, Rules(named.GetValueOrDefault(text) ?? default)));
        }
        list.AddRange(more ?? []);
        var next = Math.Max(vocabularySize, list.Count == 0 ? 0 : list.Max(token => token.Id) + 1);
        foreach (var text in Options.AdditionalTokens)
        {
            if (!list.Any(token => token.Text == text))
                list.Add(new SpecialToken(text, idOf(text) ?? next++, Rules(default)));
        }
        return new SpecialTokens(list, normalize);
    }

    private bool ReadConfig(JsonElement json)
    {
        ReadClass(json);
        foreach (var (key, value) in (ReadOnlySpan<(string, JsonValueKind)>)[("do_basic_tokenize", JsonValueKind.False), ("never_split", JsonValueKind.Array),
            ("word_tokenizer_type", JsonValueKind.String), ("subword_tokenizer_type", JsonValueKind.String)])
        {
            if (json.TryGetProperty(key, out var setting) && setting.ValueKind == value && !(value == JsonValueKind.Array && setting.GetArrayLength() == 0))
            {
                throw new InvalidDataException($"{file}: {key} is {setting.GetRawText()}, which is not followed; the ids would not be the original's. Take a "
                    + "tokenizer without it.");
            }
        }
        extraIds = Number(json, "extra_ids");
        if (extraIds is < 0 or > MostExtraIds)
            throw new InvalidDataException($"{file}: extra_ids is {extraIds}, outside 0 to {MostExtraIds}; T5 has {DefaultExtraIds}.");
        PrefixSpace = Flag(json, "add_prefix_space");
        (TruncationSide, PaddingSide) = (Side(json, "truncation_side"), Side(json, "padding_side"));
        // A general class has these from tokenizer.json alone; the others' keys prevail over it.
        var ofBert = !TokenizerClasses.IsGeneral(this);
        Options = Options with
        {
            LowerCase = Options.LowerCase ?? (ofBert ? Flag(json, "do_lower_case") : null),
            StripAccents = Options.StripAccents ?? (ofBert ? Flag(json, "strip_accents") : null),
            SplitChineseCharacters = Options.SplitChineseCharacters ?? (ofBert ? Flag(json, "tokenize_chinese_chars") : null),
            CleanUpSpaces = Options.CleanUpSpaces ?? Flag(json, "clean_up_tokenization_spaces"),
            AddBos = Options.AddBos ?? Flag(json, "add_bos_token"),
            AddEos = Options.AddEos ?? Flag(json, "add_eos_token"),
        };
        ReadTokens(json);
        if (!json.TryGetProperty("added_tokens_decoder", out var decoder) || decoder.ValueKind != JsonValueKind.Object)
            return false;
        foreach (var entry in decoder.EnumerateObject())
        {
            var name = TokenizerText.Name(file, entry);
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id > Vocabulary.MaxId)
                throw new InvalidDataException($"{file}: added_tokens_decoder has \"{name}\" where an id from 0 to {Vocabulary.MaxId} is due.");
            AddDescribed(file, entry.Value, id);
        }
        return true;
    }

    private void ReadClass(JsonElement json)
    {
        if (Text(json, "tokenizer_class") is not { Length: > 0 } name)
            return;
        (ClassName, Class, ClassFile) = (name, name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^"Fast".Length] : name, file);
    }

    /// <summary>Takes a token as added_tokens_decoder and tokenizer.json describe it.</summary>
    public void AddDescribed(string file, JsonElement token, int id)
    {
        if (token.ValueKind != JsonValueKind.Object || !token.TryGetProperty("content", out var content))
            throw new InvalidDataException($"{file}: added token {id} has no content.");
        var special = Flag(token, "special") == true;
        Add(new SpecialToken(TokenizerText.String(file, content, "content"), id, Rules(token, normalized: !special), special));
    }

    private static TokenRules Rules(JsonElement token, bool normalized) => new(Flag(token, "lstrip") == true, Flag(token, "rstrip") == true,
        Flag(token, "single_word") == true, Flag(token, "normalized") ?? normalized);

    private void ReadTokens(JsonElement json)
    {
        foreach (var entry in json.EnumerateObject())
        {
            if (entry.Name.EndsWith("_token", StringComparison.Ordinal))
            {
                if (Name(entry.Value) is { } text)
                    tokens[entry.Name] = text;
            }
            else if (entry.Name is "additional_special_tokens" or "extra_special_tokens" && entry.Value.ValueKind == JsonValueKind.Array)
            {
                foreach (var value in entry.Value.EnumerateArray()) Name(value);
            }
            else if (entry.Name == "extra_special_tokens" && entry.Value.ValueKind == JsonValueKind.Object)
            {
                ReadTokens(entry.Value);
            }
        }
    }

    // A token is a string, or an object with its content.
    private string? Name(JsonElement value)
    {
        var described = value.ValueKind == JsonValueKind.Object;
        var text = value.ValueKind == JsonValueKind.String ? TokenizerText.String(file, value, "a token")
            : described && value.TryGetProperty("content", out var content) ? TokenizerText.String(file, content, "content") : "";
        if (text.Length == 0)
            return null;
        if (described)
            named[text] = Rules(value, normalized: false);
        else
            named.TryAdd(text, null);
        return text;
    }

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

    private TokenSide? Side(JsonElement json, string name) => Text(json, name) switch
    {
        null => null,
        "left" => TokenSide.Left,
        "right" => TokenSide.Right,
        var other => throw new InvalidDataException($"{file}: {name} is \"{other}\"; it is \"left\" or \"right\"."),
    };

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
