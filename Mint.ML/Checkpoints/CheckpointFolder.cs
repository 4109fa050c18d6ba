using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using Mint.ML.Native;
using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>A pre-trained model's folder as Hugging Face lays it out: config.json and the weights.</summary>
/// <remarks>
/// Weights are the first of these that the folder has: <c>model.safetensors</c>, <c>model.safetensors.index.json</c> with its
/// shards, <c>pytorch_model.bin</c>, <c>pytorch_model.bin.index.json</c> with its shards, or a single <c>.safetensors</c>, <c>.pth</c>,
/// <c>.pt</c> or <c>.bin</c> file. Opening reads headers only.
/// </remarks>
public sealed class CheckpointFolder : IDisposable
{
    /// <summary>In bytes; the largest published index has about a tenth of this.</summary>
    internal const int LongestJson = 64 << 20;

    private readonly Dictionary<string, (SafeFileHandle File, TensorEntry Entry)> tensors = [];
    private readonly List<SafeFileHandle> files = [];

    private CheckpointFolder(string path, JsonObject config)
    {
        Path = path;
        Config = config;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>config.json; empty when the folder has none.</summary>
    public JsonObject Config { get; }

    /// <summary>Names of all tensors.</summary>
    public IReadOnlyCollection<string> Names => tensors.Keys;

    /// <summary>Opens a folder, or a single weight file (its folder's config.json is then read).</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">The folder has no weights, or lacks a shard that its index names.</exception>
    /// <exception cref="InvalidDataException">A file of it is broken; the message says which and where.</exception>
    public static CheckpointFolder Open(string folder)
    {
        Libtorch.Require();
        bool single = File.Exists(folder);
        if (!single && !Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no model folder '{folder}'. Download the model's files (config.json, weights, tokenizer) and "
                + "give their folder.");
        }

        string home = single ? System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(folder))! : folder;
        string configPath = System.IO.Path.Combine(home, "config.json");
        var result = new CheckpointFolder(home, File.Exists(configPath) ? ReadJson(configPath) : []);
        try
        {
            foreach (string file in single ? [folder] : WeightFiles(home))
                result.Add(file);
            result.CheckIndex();
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>True when the checkpoint has this tensor.</summary>
    public bool Contains(string name) => tensors.ContainsKey(name);

    /// <summary>Type and shape of a tensor, from the header.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public TensorEntry Describe(string name) => Find(name).Entry;

    /// <summary>Reads a tensor into memory that exists already, casting to its type and moving to its device.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    /// <exception cref="ArgumentException">The destination has another shape.</exception>
    public void ReadInto(string name, Tensor destination)
    {
        var (file, entry) = Find(name);
        TensorFile.Read([(file, entry, destination)]);
    }

    /// <summary>Reads a tensor as it is stored, on the CPU.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public Tensor Read(string name)
    {
        TensorEntry entry = Describe(name);
        Tensor tensor = empty([.. entry.Shape], dtype: entry.Type);
        ReadInto(name, tensor);
        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose() => files.ForEach(file => file.Dispose());

    /// <summary>Reads several tensors in parallel, or maps those that can be (<see cref="MappedWeights"/>) and reads the others.</summary>
    internal void ReadInto(IEnumerable<(string Name, Tensor Destination)> wanted, bool mapped)
    {
        var tensors = wanted.Select(want => (Find(want.Name).File, Find(want.Name).Entry, want.Destination)).ToList();
        TensorFile.Read(mapped ? MappedWeights.Take(tensors) : tensors);
    }

    /// <summary>A JSON file whose root is an object, of bounded size and depth, each key once.</summary>
    /// <exception cref="InvalidDataException">It is not; the message names the file and the place.</exception>
    internal static JsonObject ReadJson(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return ReadJson(stream, path);
    }

    internal static JsonObject ReadJson(Stream stream, string file)
    {
        if (stream.Length > LongestJson) throw new InvalidDataException($"{file}: it has {stream.Length} bytes; at most {LongestJson} are read.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        try
        {
            CheckText(bytes);
            var options = new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 64 };
            return JsonNode.Parse(bytes, documentOptions: options) as JsonObject
                ?? throw new InvalidDataException($"{file}: it should hold a JSON object.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{file}: this is not JSON: {error.Message}", error);
        }
    }

    // JsonNode decodes strings when they are asked for, and would only then find broken UTF-8 or half a surrogate pair.
    private static void CheckText(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) reader.GetString();
    }

    /// <summary>The shards that an index names, each once: bare file names, so that an index cannot point out of its folder.</summary>
    internal static IReadOnlyList<string> Shards(JsonObject index, string file)
    {
        if (index["weight_map"] is not JsonObject map) throw new InvalidDataException($"{file}: it has no \"weight_map\".");
        var shards = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (name, node) in map)
        {
            if (node is not JsonValue value || !value.TryGetValue(out string? shard) || shard.Length is 0 or > 255
                || shard is "." or ".." || shard.AsSpan().ContainsAny('/', '\\', '\0'))
            {
                throw new InvalidDataException($"{file}: the shard of tensor '{name}' is not a file name.");
            }

            shards.Add(shard);
        }
        return [.. shards];
    }

    private static IReadOnlyList<string> WeightFiles(string folder)
    {
        foreach (string name in (string[])["model.safetensors", "pytorch_model.bin"])
        {
            string whole = System.IO.Path.Combine(folder, name), index = whole + ".index.json";
            if (File.Exists(whole)) return [whole];
            if (File.Exists(index)) return [.. Shards(ReadJson(index), index).Select(shard => Shard(folder, shard, index))];
        }
        string[] kinds = [".safetensors", ".pth", ".pt", ".bin"];
        string[] others = [.. Directory.EnumerateFiles(folder).Where(file => kinds.Contains(System.IO.Path.GetExtension(file))).Order(StringComparer.Ordinal)];
        return others.Length == 1 ? others : throw new FileNotFoundException(
            $"{folder}: no weights found. It should hold model.safetensors, model.safetensors.index.json with its shards, or pytorch_model.bin"
            + (others.Length == 0 ? "." : $"; of the {others.Length} other weight files, name the one to read."));
    }

    private static string Shard(string folder, string shard, string index)
    {
        string path = System.IO.Path.Combine(folder, shard);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{index} names the shard {shard}, which is not in the folder.", path);
    }

    private void Add(string path)
    {
        SafeFileHandle file;
        IReadOnlyDictionary<string, TensorEntry> entries;
        if (path.EndsWith(".safetensors", StringComparison.Ordinal))
        {
            var safetensors = SafetensorsFile.Open(path);
            (file, entries) = (safetensors.Handle, safetensors.Tensors);
        }
        else
        {
            (file, entries) = PyTorchFile.Open(path);
        }

        files.Add(file);
        foreach (TensorEntry entry in entries.Values)
        {
            if (!tensors.TryAdd(entry.Name, (file, entry)))
                throw new InvalidDataException($"{path}: tensor '{entry.Name}' stands in another shard too.");
        }
    }

    private void CheckIndex()
    {
        foreach (string name in (string[])["model.safetensors.index.json", "pytorch_model.bin.index.json"])
        {
            string index = System.IO.Path.Combine(Path, name);
            if (files.Count < 2 || !File.Exists(index) || ReadJson(index)["weight_map"] is not JsonObject map) continue;
            string[] absent = [.. map.Select(pair => pair.Key).Where(tensor => !tensors.ContainsKey(tensor))];
            if (absent.Length > 0) throw new InvalidDataException($"{index}: no shard holds {Brief.List(absent)}.");
        }
    }

    private (SafeFileHandle File, TensorEntry Entry) Find(string name) => tensors.TryGetValue(name, out var found) ? found
        : throw new KeyNotFoundException($"{Path}: the checkpoint has no tensor '{name}'.");
}
