using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mint.ML;

/// <summary>What a file or run was made with, against what a command asks for now.</summary>
public static class RecordedSettings
{
    private const int Longest = 80; // characters of a value that is told

    /// <summary>A name that stands twice is an error at once: else it is one, of another kind, when the object is first used.</summary>
    public static JsonDocumentOptions Strict { get; } = new() { AllowDuplicateProperties = false };

    /// <summary>The code that computes, as identities hold it.</summary>
    public static string Version { get; } = typeof(RecordedSettings).Assembly.GetName().Version!.ToString();

    /// <summary>Reads a file of settings.</summary>
    /// <exception cref="InvalidDataException">It holds no JSON object; the message names it.</exception>
    public static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path), documentOptions: Strict) as JsonObject ?? throw new JsonException("it holds no object");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} cannot be read: {error.Message.TrimEnd('.')}.", error);
        }
    }

    /// <summary>What differs, as "heads was 2 and is 4; ..."; null where nothing does.</summary>
    public static string? Differences(JsonObject before, JsonObject now)
    {
        string[] different = [.. before.Select(pair => pair.Key).Union(now.Select(pair => pair.Key)).Where(key => !JsonNode.DeepEquals(before[key], now[key]))
            .Select(key => $"{key} was {Shown(before[key])} and is {Shown(now[key])}")];
        return different.Length == 0 ? null : Brief.List(different, "; ");
    }

    private static string Shown(JsonNode? value)
    {
        string text = value?.ToJsonString() ?? "not set";
        return text.Length <= Longest ? text : text[..(Longest - 3)] + "...";
    }
}
