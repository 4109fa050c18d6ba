using System.Text.Json.Nodes;

namespace Mint.ML;

/// <summary>What a file or run was made with, against what a command asks for now.</summary>
internal static class RecordedSettings
{
    private const int Longest = 80; // characters of a value that is told

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
