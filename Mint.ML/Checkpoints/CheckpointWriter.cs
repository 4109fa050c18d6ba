using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mint.ML.Files;
using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>Writes a model folder that this library and Hugging Face's load: config.json and model.safetensors, or shards with an index.</summary>
public static partial class CheckpointWriter
{
    /// <summary>Writes a folder.</summary>
    /// <param name="folder">Created when it does not exist; weights that stand in it are replaced.</param>
    /// <param name="config">config.json, with the <c>model_type</c> by which the folder is recognised.</param>
    /// <param name="tensors">Tensors by the names that the original gives them.</param>
    /// <param name="maxShardBytes">A model above this is cut into shards of at most this, save single larger tensors. Default 5 GB,
    /// which most file systems and hosts take.</param>
    /// <remarks>Every file is written beside its place and renamed; the index, which makes the shards count, last.</remarks>
    public static void Write(string folder, JsonObject config, IEnumerable<KeyValuePair<string, Tensor>> tensors, long maxShardBytes = 5_000_000_000)
    {
        Directory.CreateDirectory(folder);
        List<List<KeyValuePair<string, Tensor>>> shards = Cut(tensors, maxShardBytes);
        string index = Path.Combine(folder, "model.safetensors.index.json"), whole = Path.Combine(folder, "model.safetensors");
        string[] old = [.. Directory.EnumerateFiles(folder, "model*.safetensors").Where(file => WeightFile().IsMatch(Path.GetFileName(file))),
            .. File.Exists(index) ? [index] : Array.Empty<string>()];
        // transformers refuses safetensors whose metadata do not name the framework.
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        var written = new HashSet<string>();
        if (shards.Count == 1)
        {
            Safetensors.Write(whole, shards[0], metadata);
            written.Add(whole);
        }
        else
        {
            var map = new JsonObject();
            for (int i = 0; i < shards.Count; i++)
            {
                string name = $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
                string path = Path.Combine(folder, name);
                Safetensors.Write(path, shards[i], metadata);
                written.Add(path);
                foreach (var (tensor, _) in shards[i].OrderBy(pair => pair.Key, StringComparer.Ordinal)) map[tensor] = name;
            }
            long total = shards.SelectMany(shard => shard).Sum(pair => Bytes(pair.Value));
            WriteJson(index, new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = total }, ["weight_map"] = map });
            written.Add(index);
        }
        WriteJson(Path.Combine(folder, "config.json"), config);
        foreach (string path in old.Where(path => !written.Contains(path))) File.Delete(path);
    }

    /// <summary>Writes models in the layout of the folder that they were loaded from: its names, shapes, stored types and config.json.</summary>
    /// <param name="folder">Where to; another folder than the original's, which is read meanwhile.</param>
    /// <param name="original">The open original. What no part holds (buffers, copies of tied weights, the rest of a system) is copied from it.</param>
    /// <param name="parts">Modules, each with the rules by which it was loaded.</param>
    /// <exception cref="WeightMismatchException">A part does not fit the original.</exception>
    /// <remarks>A copy of a tied weight stays the original's; the libraries that wrote it set it from the weight that it copies.</remarks>
    public static void WriteLike(string folder, CheckpointFolder original, params (nn.Module Module, WeightNames Names)[] parts)
    {
        if (Path.GetFullPath(folder) == Path.GetFullPath(original.Path))
            throw new ArgumentException($"{folder} is the original itself, which is read while this is written.", nameof(folder));
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var own = new Dictionary<string, Tensor>();
        foreach (var (module, names) in parts)
        {
            WeightMatch match = WeightLoader.Compare(module, original, names);
            if (!match.Fits) throw new WeightMismatchException(original.Path, module.GetName(), match);
            foreach (var (name, tensor) in match.Matched) own.Add(name, tensor);
        }
        Write(folder, original.Config, original.Names.Select(name => KeyValuePair.Create(name,
            own.TryGetValue(name, out Tensor? tensor) ? tensor.to(original.Describe(name).Type) : original.Read(name))));
    }

    // Only these are replaced: a model-old.safetensors beside them is the user's.
    [GeneratedRegex(@"^model(-\d{5}-of-\d{5})?\.safetensors$")]
    private static partial Regex WeightFile();

    private static List<List<KeyValuePair<string, Tensor>>> Cut(IEnumerable<KeyValuePair<string, Tensor>> tensors, long maxShardBytes)
    {
        List<List<KeyValuePair<string, Tensor>>> shards = [[]];
        long size = 0;
        foreach (var pair in tensors)
        {
            if (size + Bytes(pair.Value) > maxShardBytes && shards[^1].Count > 0)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(pair);
            size += Bytes(pair.Value);
        }
        return shards;
    }

    private static long Bytes(Tensor tensor) => tensor.numel() * StorageTypes.Width(tensor.dtype);

    private static void WriteJson(string path, JsonObject json) => AtomicFile.WriteText(path, json.ToJsonString(new JsonSerializerOptions
    {
        WriteIndented = true,
    }));
}
