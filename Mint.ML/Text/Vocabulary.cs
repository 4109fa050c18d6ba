using System.Text.Json;
using Mint.ML.Files;

namespace Mint.ML.Text;

/// <summary>Pieces and their ids, both ways.</summary>
internal sealed class Vocabulary
{
    /// <summary>More than any published vocabulary by far; beyond it a file is damaged.</summary>
    public const int MaxId = 10_000_000;

    private readonly Dictionary<string, int> ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> spans;
    private readonly Dictionary<int, string> pieces;

    /// <param name="file">Named by errors.</param>
    /// <param name="entries">A piece that comes twice keeps its last id, as in the originals.</param>
    public Vocabulary(string file, IEnumerable<KeyValuePair<string, int>> entries)
    {
        File = file;
        ids = new(StringComparer.Ordinal);
        pieces = [];
        foreach (var (piece, id) in entries)
        {
            if (id is < 0 or > MaxId)
                throw new InvalidDataException($"{file}: piece \"{piece}\" has id {id}, outside 0 to {MaxId}. Get the file again.");
            ids[piece] = id;
            pieces[id] = piece;
            Size = Math.Max(Size, id + 1);
            LongestPiece = Math.Max(LongestPiece, piece.Length);
        }
        spans = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public string File { get; }

    /// <summary>Highest id plus one.</summary>
    public int Size { get; }

    /// <summary>Characters in the longest piece.</summary>
    public int LongestPiece { get; }

    public IEnumerable<string> Pieces => ids.Keys;

    public int? Id(ReadOnlySpan<char> piece) => spans.TryGetValue(piece, out var id) ? id : null;

    public string? Piece(int id) => pieces.GetValueOrDefault(id);

    /// <summary>The id of a piece that the model cannot do without.</summary>
    public int Require(string piece) => Id(piece)
        ?? throw new InvalidDataException($"{File} has no {piece}. Check that it is the vocabulary of this model, or name its token in tokenizer_config.json.");

    /// <summary>Reads vocab.txt: a piece a line, the line number its id.</summary>
    public static Vocabulary ReadLines(string file)
    {
        var lines = TextFile.ReadLines(file);
        if (lines.Count == 0)
            throw new InvalidDataException($"{file} is empty; it should hold one piece a line.");
        return new(file, lines.Select((line, i) => KeyValuePair.Create(line, i)));
    }

    /// <summary>Reads vocab.json: one object from piece to id.</summary>
    public static Vocabulary ReadJson(string file)
    {
        using var json = TokenizerText.ReadJson(file);
        return FromJson(file, json.RootElement);
    }

    /// <summary>Takes a vocabulary from an object of pieces and ids.</summary>
    public static Vocabulary FromJson(string file, JsonElement entries)
    {
        if (entries.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{file}: the vocabulary should be an object from piece to id, but is {entries.ValueKind}.");
        var list = new List<KeyValuePair<string, int>>();
        foreach (var entry in entries.EnumerateObject())
            list.Add(KeyValuePair.Create(TokenizerText.Name(file, entry), TokenizerText.Int(file, entry.Value, entry.Name)));
        if (list.Count == 0)
            throw new InvalidDataException($"{file}: the vocabulary is empty.");
        return new(file, list);
    }
}

/// <summary>Reads a tokenizer's JSON; every error names the file.</summary>
internal static class TokenizerText
{
    public static JsonDocument ReadJson(string file)
    {
        try
        {
            return JsonDocument.Parse(TextFile.Read(file));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file} is not valid JSON: {e.Message}", e);
        }
    }

    public static int Int(string file, JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
            : throw new InvalidDataException($"{file}: {name} should be a whole number, but is {Excerpt(value)}.");

    /// <summary>A string; one that is not valid Unicode (half a surrogate pair escaped) is an error too.</summary>
    public static string String(string file, JsonElement value, string name)
    {
        try
        {
            if (value.ValueKind == JsonValueKind.String)
                return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{file}: {name} is not valid Unicode.", e);
        }
        throw new InvalidDataException($"{file}: {name} should be a string, but is {Excerpt(value)}.");
    }

    /// <summary>The name of a member of an object.</summary>
    public static string Name(string file, JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{file}: a name is not valid Unicode.", e);
        }
    }

    private static string Excerpt(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 40 ? text : text[..40] + "...";
    }
}
