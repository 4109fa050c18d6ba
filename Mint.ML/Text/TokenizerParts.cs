using System.Text.Json;

namespace Mint.ML.Text;

/// <summary>A part of a tokenizer.json: a normalizer, a splitting, what goes around a text, or how ids become a text.</summary>
/// <param name="Json">An object.</param>
internal readonly record struct TokenizerPart(JsonElement Json)
{
    public string Type => Json.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString()! : "";

    /// <summary>Whether it is of a type, and says nothing besides what the caller knows.</summary>
    public bool Is(string type, params ReadOnlySpan<string> known)
    {
        if (Type != type)
            return false;
        foreach (var member in Json.EnumerateObject())
        {
            if (member.Name != "type" && !known.Contains(member.Name))
                return false;
        }
        return true;
    }

    public bool? Flag(string name) =>
        Json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    public string? Text(string name) => Json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A pattern of kind "Regex" or "String".</summary>
    public string? Pattern(string kind) =>
        Json.TryGetProperty("pattern", out var pattern) && pattern.ValueKind == JsonValueKind.Object ? new TokenizerPart(pattern).Text(kind) : null;

    /// <summary>Whether it replaces a pattern by a text.</summary>
    public bool Replaces(string kind, string pattern, params ReadOnlySpan<string> contents) =>
        Is("Replace", "pattern", "content") && Pattern(kind) == pattern && Text("content") is { } content && contents.Contains(content);
}

/// <summary>The parts of a tokenizer.json. What is not read is refused: its ids would be others.</summary>
internal sealed class TokenizerParts(string file, JsonElement root)
{
    private static readonly Dictionary<string, string> lists = new(StringComparer.Ordinal)
    {
        ["normalizer"] = "normalizers",
        ["pre_tokenizer"] = "pretokenizers",
        ["post_processor"] = "processors",
        ["decoder"] = "decoders",
    };

    public IReadOnlyList<TokenizerPart> Normalizers { get; } = List(file, root, "normalizer");

    public IReadOnlyList<TokenizerPart> Splits { get; } = List(file, root, "pre_tokenizer");

    public IReadOnlyList<TokenizerPart> Processors { get; } = List(file, root, "post_processor");

    public IReadOnlyList<TokenizerPart> Decoders { get; } = List(file, root, "decoder");

    /// <summary>A part that is not read.</summary>
    /// <param name="key">The key in the file.</param>
    /// <param name="read">What is read there.</param>
    public InvalidDataException Refused(string key, string read)
    {
        var text = root.TryGetProperty(key, out var value) ? value.GetRawText() : "missing";
        return new($"{file}: {key} is {(text.Length > 300 ? text[..300] + "..." : text)}, which is not read here; {read}. The ids would not be the original's. "
            + "Take a model whose tokenizer is read (docs/tokenizers.md).");
    }

    /// <summary>Refuses decoders of other types.</summary>
    public void CheckDecoders(params ReadOnlySpan<string> types)
    {
        foreach (var decoder in Decoders)
        {
            if (!types.Contains(decoder.Type))
                throw Refused("decoder", $"{string.Join(", ", types.ToArray())} are");
        }
    }

    /// <summary>Sides that "truncation" and "padding" name.</summary>
    public (TokenSide? Truncation, TokenSide? Padding) Sides => (Side("truncation"), Side("padding"));

    private TokenSide? Side(string key) =>
        root.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Object ? new TokenizerPart(value).Text("direction") switch
        {
            "Left" => TokenSide.Left,
            "Right" or null => TokenSide.Right, // older files leave it out
            _ => throw Refused(key, "its direction is \"Left\" or \"Right\""),
        } : null;

    /// <summary>What goes around a text.</summary>
    public TextFrame Frame()
    {
        var frames = new List<TextFrame>();
        foreach (var part in Processors)
        {
            if (part.Is("ByteLevel", "add_prefix_space", "trim_offsets", "use_regex"))
                continue; // offsets only
            frames.Add(part.Is("TemplateProcessing", "single", "pair", "special_tokens") ? Template(part)
                : part.Is("RobertaProcessing", "sep", "cls", "trim_offsets", "add_prefix_space") || part.Is("BertProcessing", "sep", "cls")
                ? new([Id(part, "cls")], [Id(part, "sep")]) : throw Unread());
        }
        return frames.Count switch
        {
            0 => TextFrame.None,
            1 => frames[0],
            _ => throw Unread(),
        };
    }

    private TextFrame Template(TokenizerPart part)
    {
        if (!part.Json.TryGetProperty("single", out var single) || single.ValueKind != JsonValueKind.Array)
            throw Unread();
        List<int> before = [], after = [];
        var text = false;
        foreach (var item in single.EnumerateArray())
        {
            if (Member(item, "Sequence") is { } sequence && new TokenizerPart(sequence).Text("id") == "A" && !text)
                text = true;
            else if (Member(item, "SpecialToken") is { } special && new TokenizerPart(special).Text("id") is { } name)
                (text ? after : before).AddRange(Ids(part, name));
            else
                throw Unread();
        }
        return text ? new([.. before], [.. after]) : throw Unread();
    }

    private IEnumerable<int> Ids(TokenizerPart part, string name)
    {
        if (Member(part.Json, "special_tokens") is not { } tokens || Member(tokens, name) is not { } token || !token.TryGetProperty("ids", out var ids)
            || ids.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidDataException($"{file}: post_processor names the token \"{name}\", but its special_tokens give no ids of it. Get it again.");
        }
        return ids.EnumerateArray().Select(id => TokenizerText.Int(file, id, $"an id of \"{name}\"")).ToArray();
    }

    // A token's text and id.
    private int Id(TokenizerPart part, string name) =>
        part.Json.TryGetProperty(name, out var pair) && pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2
            ? TokenizerText.Int(file, pair[1], $"post_processor.{name}") : throw Unread();

    private InvalidDataException Unread() => Refused("post_processor",
        "ByteLevel, RobertaProcessing, BertProcessing, and TemplateProcessing with one text and special tokens around it are");

    private static JsonElement? Member(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    // A Sequence is the parts in it.
    private static List<TokenizerPart> List(string file, JsonElement root, string key)
    {
        var parts = new List<TokenizerPart>();
        if (root.TryGetProperty(key, out var whole) && whole.ValueKind != JsonValueKind.Null)
            Add(whole);
        return parts;

        void Add(JsonElement json)
        {
            if (json.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException($"{file}: {key} holds {json.ValueKind} where an object is due. Get the file again.");
            var part = new TokenizerPart(json);
            if (part.Type != "Sequence")
            {
                parts.Add(part);
                return;
            }
            if (!part.Is("Sequence", lists[key]) || !json.TryGetProperty(lists[key], out var inner) || inner.ValueKind != JsonValueKind.Array)
                throw new InvalidDataException($"{file}: {key} is a Sequence without {lists[key]}. Get the file again.");
            foreach (var entry in inner.EnumerateArray())
                Add(entry);
        }
    }
}
