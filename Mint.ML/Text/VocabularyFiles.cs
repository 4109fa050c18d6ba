using System.Text;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.ModelFiles;

namespace Mint.ML.Text;

/// <summary>A tokenizer and the files it was read from, which go into every model file: they are small, and texts mean nothing without them.</summary>
internal sealed class VocabularyFiles
{
    private static readonly string[] Names =
    [
        "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model", "tokenizer.json",
        "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    ];

    private const string Config = "config.json"; // the model's: of its keys a tokenizer goes by these
    private static readonly string[] ConfigKeys = ["model_type", "tokenizer_class", "vocab_size"];

    private readonly IReadOnlyList<(string Name, byte[] Bytes)> files;

    private VocabularyFiles(IReadOnlyList<(string, byte[])> files, ITextTokenizer tokenizer) => (this.files, Tokenizer) = (files, tokenizer);

    /// <summary>What the files make.</summary>
    public ITextTokenizer Tokenizer { get; }

    /// <summary>Reads the tokenizer of a Hugging Face folder.</summary>
    /// <exception cref="InvalidDataException">The folder has no tokenizer, or its files are broken.</exception>
    public static VocabularyFiles Read(string folder) => new(
        [.. Names.Select(name => (name, Path: Path.Combine(folder, name))).Where(file => File.Exists(file.Path))
            .Select(file => (file.name, File.ReadAllBytes(file.Path))), .. OfConfig(Path.Combine(folder, Config))],
        TextTokenizer.Load(folder));

    /// <summary>Trains a WordPiece vocabulary on texts. The same texts give the same vocabulary.</summary>
    public static VocabularyFiles Train(IEnumerable<string> texts, int size)
    {
        using var folder = new TemporaryFolder();
        WordPieceTrainer.Train(texts, Path.Combine(folder.Path, "vocab.txt"), new() { VocabularySize = size, LeastCount = 1 });
        return Read(folder.Path);
    }

    private static IEnumerable<(string, byte[])> OfConfig(string path)
    {
        if (!File.Exists(path)) yield break;
        var config = CheckpointFolder.ReadJson(path);
        var kept = new JsonObject(ConfigKeys.Where(config.ContainsKey).Select(key => KeyValuePair.Create(key, config[key]?.DeepClone())));
        if (kept.Count > 0) yield return (Config, Encoding.UTF8.GetBytes(kept.ToJsonString()));
    }

    internal void Write(ModelWriter writer, string name)
    {
        using var folder = new TemporaryFolder(writer.Temporary);
        foreach (var (file, bytes) in files) File.WriteAllBytes(Path.Combine(folder.Path, file), bytes);
        PackedFolder.Write(writer, name, folder.Path);
    }

    internal static VocabularyFiles Read(ModelReader reader, string name)
    {
        using var folder = PackedFolder.Unpack(reader, name);
        return Read(folder.Path);
    }
}
