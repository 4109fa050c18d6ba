using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

/// <summary>A fixture's model with another configuration, other files beside it, or other weights.</summary>
internal sealed class ChangedFolder : IDisposable
{
    private readonly Text.TemporaryFolder folder = new();
    private readonly string fixture;

    /// <param name="fixture">Under tests/fixtures.</param>
    /// <param name="changes">Keys of config.json with their JSON; of a key with null the file is silent.</param>
    public ChangedFolder(string fixture, params (string Key, string? Json)[] changes)
    {
        this.fixture = fixture;
        foreach (string file in Directory.GetFiles(Fixtures.Path(fixture)).Where(file => !file.EndsWith("io.safetensors", StringComparison.Ordinal)))
            File.Copy(file, folder.File(System.IO.Path.GetFileName(file)));
        var config = CheckpointFolder.ReadJson(folder.File("config.json"));
        foreach (var (key, json) in changes)
        {
            config.Remove(key);
            if (json is not null) config[key] = JsonNode.Parse(json);
        }
        folder.Write("config.json", config.ToJsonString());
    }

    public string Path => folder.Path;

    /// <summary>Writes a file beside config.json.</summary>
    public ChangedFolder With(string file, string json)
    {
        folder.Write(file, json);
        return this;
    }

    /// <summary>Writes the weights anew, changed by name; null leaves a tensor out.</summary>
    public ChangedFolder WithWeights(params (string Name, Tensor? Weight)[] changes)
    {
        using var scope = NewDisposeScope();
        var weights = Safetensors.ReadAll(Fixtures.Path(fixture, "model.safetensors"));
        foreach (var (name, weight) in changes)
        {
            weights.Remove(name);
            if (weight is not null) weights[name] = weight;
        }
        Safetensors.Write(folder.File("model.safetensors"), weights);
        return this;
    }

    public void Dispose() => folder.Dispose();
}
