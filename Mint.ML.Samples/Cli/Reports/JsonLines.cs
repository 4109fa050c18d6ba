using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>Objects of a file of JSON lines. What cannot be read is left out and said: a run may be writing its last line, or have been killed while it
/// did.</summary>
internal static class JsonLines
{
    public static IEnumerable<JsonObject> Read(string path, List<string> notes)
    {
        int number = 0, damaged = 0;
        string first = "";
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            JsonObject? read = null;
            try
            {
                read = JsonNode.Parse(line) as JsonObject;
                _ = read?.Count; // a name that stands twice is told on first use
            }
            catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
            {
                read = null;
            }
            if (read is not null) yield return read;
            else if (damaged++ == 0) first = FormattableString.Invariant($"line {number}");
        }
        if (damaged > 0)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"{Path.GetFileName(path)}: {damaged} {(damaged == 1 ? "line is" : "lines are")} no JSON object and left out, the first of them {first}."));
        }
    }

    /// <summary>A number; null for anything else, and for what is not finite.</summary>
    public static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out double number) && double.IsFinite(number) ? number : null;

    /// <summary>A text; null for anything else. Half of a character pair, which JSON can hold, makes it none.</summary>
    public static string? Text(JsonNode? node)
    {
        try
        {
            return node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
