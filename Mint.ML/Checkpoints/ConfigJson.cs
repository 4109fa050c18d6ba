using System.Text.Json.Nodes;

namespace Mint.ML.Checkpoints;

/// <summary>Reads a Hugging Face config.json, or a file like it: a missing or null key means the architecture's default, a wrong one is an error.</summary>
/// <remarks>All of it throws <see cref="InvalidDataException"/> that names the key, what it holds and what it may hold.</remarks>
internal static class ConfigJson
{
    private const string Name = "config.json";

    // No published model comes near these in any dimension; a file that does is broken, and must not be allocated.
    public const long LargestSize = 1 << 24;
    public const long MostLayers = 1000;

    /// <summary>A dimension or count: 1 to 2^24.</summary>
    public static long Size(this JsonObject config, string key, long @default) => Within(config, key, @default, LargestSize);

    /// <summary>A number of layers: 1 to 1000.</summary>
    public static long Layers(this JsonObject config, string key, long @default) => Within(config, key, @default, MostLayers);

    public static long Integer(this JsonObject config, string key, long @default) =>
        config[key] is not { } node ? @default : Value<long>(key, node, "an integer");

    public static double Number(this JsonObject config, string key, double @default) =>
        config[key] is not { } node ? @default : Value<double>(key, node, "a number");

    public static bool Flag(this JsonObject config, string key, bool @default) =>
        config[key] is not { } node ? @default : Value<bool>(key, node, "true or false");

    public static string Text(this JsonObject config, string key, string @default) =>
        config[key] is not { } node ? @default : Value<string>(key, node, "a string");

    /// <summary>A list of sizes, one a stage or dimension.</summary>
    public static IReadOnlyList<long> Sizes(this JsonObject config, string key, IReadOnlyList<long> @default)
    {
        if (config[key] is not { } node)
            return @default;
        return [.. config.Integers(key).Select(size => size is >= 1 and <= LargestSize ? size
            : throw Wrong(key, node.ToJsonString(), $"sizes from 1 to {LargestSize}"))];
    }

    /// <summary>A list of 1 to 64 integers, which has to be there.</summary>
    public static IEnumerable<long> Integers(this JsonObject config, string key)
    {
        if (config[key] is not JsonArray { Count: >= 1 and <= 64 } array)
            throw Wrong(key, config[key]?.ToJsonString() ?? "absent", "a list of 1 to 64 integers");
        return array.Select(item => item is null ? throw Wrong(key, array.ToJsonString(), "a list of integers") : Value<long>(key, item, "a list of integers"));
    }

    /// <summary>A nested configuration; empty (all defaults) when the file leaves it out.</summary>
    public static JsonObject Section(this JsonObject config, string key) => config[key] switch
    {
        null => [],
        JsonObject section => section,
        var node => throw Wrong(key, node.ToJsonString(), "an object"),
    };

    /// <summary>Refuses a setting under which the original computes something that this implementation does not.</summary>
    public static void Refuse(this JsonObject config, string key, bool refused, string reason)
    {
        if (refused)
            throw new InvalidDataException($"{Name}: '{key}' is {config[key]?.ToJsonString() ?? "absent"}, {reason}");
    }

    /// <summary>Reads a file of another name than config.json, which errors then give.</summary>
    public static T Read<T>(string file, Func<JsonObject, T> read)
    {
        JsonObject json = CheckpointFolder.ReadJson(file);
        try
        {
            return read(json);
        }
        catch (InvalidDataException error) when (error.Message.StartsWith(Name + ":", StringComparison.Ordinal))
        {
            throw new InvalidDataException(file + error.Message[Name.Length..], error);
        }
    }

    private static long Within(JsonObject config, string key, long @default, long most) => config.Integer(key, @default) switch
    {
        var size when size >= 1 && size <= most => size,
        var size => throw Wrong(key, size.ToString(), $"a size from 1 to {most}"),
    };

    private static T Value<T>(string key, JsonNode node, string expected)
    {
        if (node is JsonValue value)
        {
            if (value.TryGetValue(out T? result) && result is not null)
                return result;
            // JSON does not tell 4 from 4.0, and hand-written configs hold both.
            if (typeof(T) == typeof(long) && value.TryGetValue(out double number) && number == Math.Floor(number) && Math.Abs(number) < 1L << 53)
                return (T)(object)(long)number;
        }
        throw Wrong(key, node.ToJsonString(), expected);
    }

    private static InvalidDataException Wrong(string key, string found, string expected) =>
        new($"{Name}: '{key}' is {(found.Length > 80 ? found[..80] + "..." : found)}, expected {expected}.");
}
