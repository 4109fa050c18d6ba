using System.Text.Json.Nodes;

namespace Mint.ML.Checkpoints;

/// <summary>What a model folder says of its front end: preprocessor_config.json, or "feature_extractor" in processor_config.json.</summary>
internal static class FrontEndFile
{
    /// <summary>The settings of a folder; null where it holds none.</summary>
    /// <param name="folder">The model's folder, or its weight file.</param>
    /// <param name="read">Makes settings of the file's object. They are compared.</param>
    /// <exception cref="InvalidDataException">A file is broken, or the two say different things.</exception>
    public static T? Read<T>(string folder, Func<JsonObject, T> read) where T : class
    {
        string home = File.Exists(folder) ? Path.GetDirectoryName(Path.GetFullPath(folder))! : folder;
        string plain = Path.Combine(home, "preprocessor_config.json"), processor = Path.Combine(home, "processor_config.json");
        T? alone = File.Exists(plain) ? ConfigJson.Read(plain, read) : null;
        // Before transformers 5 this file named the processor's class alone.
        T? nested = File.Exists(processor)
            ? ConfigJson.Read(processor, json => json["feature_extractor"] is null ? null : read(json.Section("feature_extractor"))) : null;
        // transformers 4 goes by the one, transformers 5 by the other.
        if (alone is not null && nested is not null && !alone.Equals(nested))
        {
            throw new InvalidDataException($"{plain} and {processor} ('feature_extractor') describe different front ends: "
                + "remove the one that the model was not trained with.");
        }
        return alone ?? nested;
    }
}
