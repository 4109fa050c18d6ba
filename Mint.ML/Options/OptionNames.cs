using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Mint.ML;

/// <summary>
/// What options are called outside of C#, in command lines, recipes and run.json: properties and values of enumerations in lower case with dashes
/// (<c>max-tokens</c>, <c>when-unlikely</c>), or as a value's <see cref="JsonStringEnumMemberNameAttribute"/> says (<c>pmi</c>).
/// </summary>
internal static class OptionNames
{
    /// <summary>Reads and writes records by these names; comments and trailing commas are allowed.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    /// <summary>The name of a property.</summary>
    public static string ForProperty(string property) => JsonNamingPolicy.KebabCaseLower.ConvertName(property);

    /// <summary>The name of an enumeration's value.</summary>
    public static string ForValue(Enum value) => JsonSerializer.SerializeToNode(value, value.GetType(), Json)!.GetValue<string>();

    /// <summary>The names of an enumeration's values, in their order.</summary>
    public static string[] All(Type enumeration) => [.. Enum.GetValues(enumeration).Cast<Enum>().Select(ForValue)];

    /// <summary>Adds all properties of options to what is kept about a run.</summary>
    public static JsonObject Add<T>(this JsonObject settings, T options)
    {
        foreach (var (name, value) in JsonSerializer.SerializeToNode(options, Json)!.AsObject()) settings[name] = value?.DeepClone();
        return settings;
    }

    /// <summary>The value of a name that <see cref="All"/> has.</summary>
    public static TEnum Parse<TEnum>(string name) => JsonSerializer.Deserialize<TEnum>(JsonSerializer.Serialize(name), Json)!;
}
