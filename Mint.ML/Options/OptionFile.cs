using System.Text.Json;
using Mint.ML.Files;

namespace Mint.ML;

/// <summary>A JSON file of options, by the names of <see cref="OptionNames"/>: what a recipe is. Comments and trailing commas are allowed.</summary>
public static class OptionFile
{
    private static readonly JsonDocumentOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false, // of two values of one key, only one would count
    };

    /// <summary>Reads a recipe; its root is an object.</summary>
    public static JsonDocument Open(string file)
    {
        if (!File.Exists(file)) throw new FileNotFoundException($"There is no recipe '{file}'. The paper's are under recipes/.", file);
        try
        {
            var document = JsonDocument.Parse(TextFile.Read(file), Lenient);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document
                : throw new InvalidDataException($"{file}: a recipe is a JSON object, {{ \"key\": value, ... }}.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{file}: it is not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>Reads a recipe that is a record of its own: its keys are the properties, in lower case with dashes, and so are those of records in
    /// it.</summary>
    /// <exception cref="InvalidDataException">It is not JSON, has a key that the record does not know, or a value that does not fit.</exception>
    public static T Read<T>(string file)
    {
        using var document = Open(file);
        List<string> errors = [];
        Check("", document.RootElement, typeof(T), errors);
        if (errors.Count > 0) throw new InvalidDataException($"{file}: {Brief.Sentences(errors)}");
        try
        {
            return document.RootElement.Deserialize<T>(OptionNames.Json)!;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{file}: {error.Message}", error);
        }
    }

    private static void Check(string where, JsonElement element, Type record, List<string> errors)
    {
        var known = record.GetProperties().Where(property => property.CanWrite)
            .ToDictionary(property => OptionNames.ForProperty(property.Name), property => property.PropertyType);
        foreach (var setting in element.EnumerateObject())
        {
            if (!known.TryGetValue(setting.Name, out var type))
            {
                errors.Add($"There is no '{where}{setting.Name}'; the nearest key is '{where}{Nearest(setting.Name, known.Keys)}'.");
            }
            else if (type.IsEnum && (setting.Value.ValueKind != JsonValueKind.String || !OptionNames.All(type).Contains(setting.Value.GetString())))
            {
                errors.Add($"'{where}{setting.Name}' is {setting.Value.GetRawText()}; expected one of {string.Join(", ", OptionNames.All(type))}.");
            }
            else if (setting.Value.ValueKind == JsonValueKind.Object && IsRecord(type))
            {
                Check($"{where}{setting.Name}.", setting.Value, type, errors);
            }
            else if (setting.Value.ValueKind == JsonValueKind.Array && type.GenericTypeArguments is [var kind] && IsRecord(kind))
            {
                foreach (var item in setting.Value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object))
                    Check($"{where}{setting.Name}.", item, kind, errors);
            }
        }
    }

    private static bool IsRecord(Type type) => type.Namespace?.StartsWith("Mint.ML", StringComparison.Ordinal) == true;

    /// <summary>The known key that takes the fewest insertions, deletions and replacements of a character to write.</summary>
    public static string Nearest(string key, IEnumerable<string> known) => known.MinBy(other => Distance(key.ToLowerInvariant(), other.ToLowerInvariant()))!;

    // Levenshtein's, row by row.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
