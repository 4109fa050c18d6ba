using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;

namespace Mint.ML.LanguageModels;

/// <summary>The tokens that end an answer: eos_token_id, which is one or a list, of generation_config.json or else of config.json.</summary>
internal static class EndTokens
{
    private const string Key = "eos_token_id";

    /// <summary>Those of a configuration.</summary>
    public static IReadOnlyList<int> Read(JsonObject config, long @default)
    {
        long[] ids = config[Key] is JsonArray ? [.. config.Integers(Key)] : [config.Integer(Key, @default)];
        config.Refuse(Key, ids.Any(id => Math.Abs(id) > ConfigJson.LargestSize), "expected a token's number.");
        return [.. ids.Select(id => (int)id).Distinct()];
    }

    /// <summary>A folder's config.json, with the ends that its generation_config.json names, as transformers' generate prefers them.</summary>
    /// <remarks>config.json's own is the first where it is among them: training ends answers with the first.</remarks>
    public static JsonObject Config(CheckpointFolder checkpoint)
    {
        string file = Path.Combine(checkpoint.Path, "generation_config.json");
        if (!File.Exists(file) || ConfigJson.Read(file, json => json[Key] is null ? null : Read(json, 0)) is not { } ends) return checkpoint.Config;
        int own = checkpoint.Config[Key] is null ? ends[0] : Read(checkpoint.Config, 0)[0];
        var config = (JsonObject)checkpoint.Config.DeepClone();
        config[Key] = new JsonArray([.. ends.OrderBy(id => id != own).Select(id => JsonValue.Create((long)id))]);
        return config;
    }
}
