using Mint.ML.Systems;
using static TorchSharp.torch;

namespace Mint.ML.ModelFiles;

/// <summary>A pre-trained system and the folder that it was loaded from, so that a pipeline that uses it can be saved.</summary>
internal sealed class SystemModel(KnownModel known, AudioLanguageModel model, FrozenFolder folder) : IDisposable
{
    /// <summary>What it is, and what it can do.</summary>
    public KnownModel Known => known;

    public AudioLanguageModel Model => model;

    /// <summary>The folders that its models and vocabularies are read from.</summary>
    public string[] Folders => [folder.Path, .. known.Parts.Select(part => Path.Combine(folder.Path, part)).Where(Directory.Exists)];

    public static SystemModel Load(string path, bool embed, Device device)
    {
        var known = ModelCatalog.Published(path);
        var folder = FrozenFolder.FromPath(path, embed, known.Parts); // before it is loaded
        return new(known, AudioLanguageModel.Load(path, device), folder);
    }

    public void Write(ModelWriter writer, string name) => folder.Write(writer, name);

    public static SystemModel Read(ModelReader reader, string name, Device device)
    {
        var (folder, (known, model)) = FrozenFolder.Read(reader, name, path => (ModelCatalog.Published(path), AudioLanguageModel.Load(path, device)));
        return new(known, model, folder);
    }

    public void Dispose() => model.Dispose();
}
