using System.Security.Cryptography;
using Mint.ML.Checkpoints;

namespace Mint.ML.ModelFiles;

/// <summary>
/// A pre-trained model's folder as a model file refers to it: by name and by the hashes of its files, so that gigabytes that many
/// pipelines share are not copied into each. Embedded, the files themselves stand in the model file.
/// </summary>
/// <remarks>
/// When a model file is loaded, the folder is looked for as <see cref="FrozenModelFolders"/> says. A folder whose files differ from those at training
/// is an error: predictions would silently change.
/// </remarks>
internal sealed class FrozenFolder
{
    private readonly IReadOnlyList<(string Name, string Hash)>? files;
    private readonly string? reference;

    private FrozenFolder(string path, bool embedded, string? reference = null, IReadOnlyList<(string, string)>? files = null) =>
        (Path, Embedded, this.reference, this.files) = (path, embedded, reference, files);

    /// <summary>Where the folder is now.</summary>
    public string Path { get; }

    /// <summary>Whether the files go into the model file.</summary>
    public bool Embedded { get; }

    public static FrozenFolder FromPath(string path, bool embedded = false) => Directory.Exists(path)
        ? new(path, embedded)
        : throw new DirectoryNotFoundException($"There is no model folder '{path}' (looked in {System.IO.Path.GetFullPath(path)}). Give the path of a "
            + "Hugging Face folder: config.json, weights, tokenizer files.");

    public void Write(ModelWriter writer, string name)
    {
        writer.Stream(name, w =>
        {
            w.Write(Embedded);
            w.Write(reference ?? Reference(Path));
            var files = this.files ?? Hashes(Path);
            w.Write(files.Count);
            foreach (var (file, hash) in files)
            {
                w.Write(file);
                w.Write(hash);
            }
        });
        if (Embedded) PackedFolder.Write(writer, name + "Files", Path);
    }

    /// <summary>Finds the folder, or unpacks it, and loads from it.</summary>
    public static (FrozenFolder Folder, T Loaded) Read<T>(ModelReader reader, string name, Func<string, T> load)
    {
        bool embedded = false;
        string reference = "";
        var files = new List<(string Name, string Hash)>();
        reader.Stream(name, r =>
        {
            embedded = r.ReadBoolean();
            reference = r.ReadString();
            int count = r.ReadInt32();
            for (int i = 0; i < count; i++) files.Add((r.ReadString(), r.ReadString()));
        });
        if (!embedded)
        {
            string path = Find(reference, files, reader.Folders);
            return (new FrozenFolder(path, false, reference, files), load(path));
        }
        var unpacked = PackedFolder.Unpack(reader, name + "Files");
        // Kept for as long as the process lives: a later save embeds the files again.
        return (new FrozenFolder(unpacked.Path, true, reference, files), load(unpacked.Path));
    }

    private static string Find(string reference, IReadOnlyList<(string Name, string Hash)> files, FrozenModelFolders folders)
    {
        string last = System.IO.Path.GetFileName(reference);
        string? different = null;
        var tried = new List<string>();
        foreach (string candidate in folders.Roots().SelectMany(root => new[] { System.IO.Path.Combine(root, reference), System.IO.Path.Combine(root, last) })
            .Distinct())
        {
            tried.Add(candidate);
            if (!Directory.Exists(candidate)) continue;
            if (Difference(candidate, files) is not { } difference) return candidate;
            different ??= difference;
        }
        string advice = $"Put the folder the model was trained with in one of these places, or name the folder that holds it: FrozenModelFolders in a "
            + $"program, the environment variable {FrozenModelFolders.Variable} anywhere.";
        throw different is not null
            ? new InvalidOperationException($"The frozen model '{reference}' is not the one this model was trained with: {different}. {advice}")
            : new DirectoryNotFoundException($"The frozen model '{reference}' was not found. Looked for: {string.Join(", ", tried)}. {advice}");
    }

    private static string? Difference(string folder, IReadOnlyList<(string Name, string Hash)> files)
    {
        var known = files.Select(file => file.Name).ToHashSet();
        if (ModelFolder.Names(folder).FirstOrDefault(name => !known.Contains(name)) is { } added)
        {
            return $"{System.IO.Path.Combine(folder, added)} was not there at training";
        }
        foreach (var (name, hash) in files)
        {
            string path = System.IO.Path.Combine(folder, name);
            if (!File.Exists(path)) return $"{path} is missing";
            if (Hash(path) != hash) return $"{path} differs (SHA-256)";
        }
        return null;
    }

    private static List<(string, string)> Hashes(string folder) =>
        [.. ModelFolder.Names(folder).Select(name => (name, Hash(System.IO.Path.Combine(folder, name))))];

    private static string Hash(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    // A full path would tell where the author's home is, and be wrong elsewhere: below the current directory the rest is kept, else the last name.
    private static string Reference(string path)
    {
        string relative = System.IO.Path.GetRelativePath(".", path).Replace('\\', '/');
        return relative.StartsWith("..", StringComparison.Ordinal) || System.IO.Path.IsPathRooted(relative)
            ? new DirectoryInfo(path).Name : relative;
    }
}
