using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Mint.ML.Checkpoints;
using Mint.ML.Files;

namespace Mint.ML.ModelFiles;

/// <summary>
/// A pre-trained model's folder as a model file refers to it: by name and by the hashes of its files, so that gigabytes that many
/// pipelines share are not copied into each. Embedded, the files themselves stand in the model file.
/// </summary>
/// <remarks>
/// When a model file is loaded, the folder is looked for as <see cref="FrozenModelFolders"/> says. A folder whose files differ from those at training
/// is an error: predictions would silently change. What the file says is looked for below those places alone, whoever wrote it.
/// What is saved is what was loaded: files that were replaced, added or taken away since are an error that names one. Trained once more with the
/// files of now, or with those of then back in their place, it can be saved.
/// </remarks>
internal sealed class FrozenFolder
{
    private static readonly ConcurrentDictionary<(string Path, long Size, DateTime Written), string> hashes = new();

    private readonly IReadOnlyList<(string Name, string Hash)> files; // as they were loaded
    private readonly string? reference;

    private readonly IReadOnlyList<(string Name, SafeFileHandle File)>? unpacked; // files without a name, kept for a later save

    private FrozenFolder(string path, bool embedded, IReadOnlyList<(string, string)> files, string? reference = null,
        IReadOnlyList<(string, SafeFileHandle)>? unpacked = null) =>
        (Path, Embedded, this.files, this.reference, this.unpacked) = (path, embedded, files, reference, unpacked);

    /// <summary>Where the folder is now. Of one that was unpacked from a model file, where it was while it was loaded from.</summary>
    public string Path { get; }

    /// <summary>Whether the files go into the model file.</summary>
    public bool Embedded { get; }

    /// <summary>A folder that is about to be loaded. Called before that: a file that is replaced meanwhile is another one than was hashed.</summary>
    /// <remarks>
    /// Every file is hashed here, which costs some 0.7 seconds a gigabyte, about as long as reading it: size and time of a file are not enough, as files
    /// unpacked or copied with their times have equal ones. It is the hash that the save needs, computed once a process: within one, a file of the same
    /// size and time is taken for the same. What is packed is hashed as it is packed.
    /// </remarks>
    /// <param name="path">The folder.</param>
    /// <param name="embedded">Whether its files go into model files.</param>
    /// <param name="parts">Folders within it that belong to it, where it is a whole system's.</param>
    public static FrozenFolder FromPath(string path, bool embedded = false, IReadOnlyList<string>? parts = null) => Directory.Exists(path)
        ? new(path, embedded, [.. ModelFolder.Names(path, parts ?? []).Select(name => (name, Hash(System.IO.Path.Combine(path, name))))])
        : throw new DirectoryNotFoundException($"There is no model folder '{path}' (looked in {System.IO.Path.GetFullPath(path)}). Give the path of a "
            + "Hugging Face folder: config.json, weights, tokenizer files.");

    /// <exception cref="InvalidOperationException">The files are not those that were loaded.</exception>
    public void Write(ModelWriter writer, string name)
    {
        // Of a model file, the folder may have gone since: what stands in the new file is what stood in that one.
        if (reference is null && Difference(Path, files) is { } difference) throw Changed(difference);
        writer.Stream(name, w =>
        {
            w.Write(Embedded);
            w.Write(reference ?? Reference(Path));
            w.Write(files.Count);
            foreach (var (file, hash) in files)
            {
                w.Write(file);
                w.Write(hash);
            }
        });
        if (!Embedded) return;
        PackedFolder.Write(writer, name + "Files", unpacked is null
            ? [.. files.Select(file => (file.Name, (Func<Stream>)(() => File.OpenRead(System.IO.Path.Combine(Path, file.Name)))))]
            : [.. unpacked.Select(file => (file.Name, (Func<Stream>)(() => Open(file.File))))], Check);
        GC.KeepAlive(this);
    }

    // What was hashed a moment ago need not be what was packed.
    private void Check(string name, string hash)
    {
        if (files.First(file => file.Name == name).Hash != hash) throw Changed($"{System.IO.Path.Combine(Path, name)} differs (SHA-256)");
    }

    private InvalidOperationException Changed(string difference) => new($"The frozen model '{reference ?? Path}' is not the one that was loaded: "
        + $"{difference}. The model is not saved, because it would answer otherwise when it is loaded. Put the files back as they were, or fit again.");

    private static FileStream Open(SafeFileHandle file) => new(new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false),
        FileAccess.Read)
    { Position = 0 };

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
            if (count is < 0 or > PackedFolder.MostFiles) throw new FormatException($"The model file is damaged: stream '{name}' says it names {count} files.");
            for (int i = 0; i < count; i++) files.Add((r.ReadString(), r.ReadString()));
        });
        // Nothing is opened, and nowhere looked, because a stranger's file says so.
        if (!ForeignNames.IsFolder(reference))
        {
            throw new FormatException($"The model file names a frozen model '{reference}', which is no folder below "
            + $"another.");
        }

        if (files.FirstOrDefault(file => !ForeignNames.IsFileOrInPart(file.Name)) is { Name: { } outside })
            throw new FormatException($"The model file names '{outside}' as a file of the frozen model '{reference}', which is no name of a file in a folder.");
        if (!embedded)
        {
            string path = Find(reference, files, reader.Folders);
            return (new FrozenFolder(path, false, files, reference), load(path));
        }
        var folder = PackedFolder.Unpack(reader, name + "Files");
        try
        {
            var loaded = load(folder.Path);
            // A later save embeds the files again. An open file needs no name on Unix, so that nothing is left however the process ends.
            IReadOnlyList<(string, SafeFileHandle)>? kept = OperatingSystem.IsWindows() ? null
                : [.. ModelFolder.Names(folder.Path, PartsOf(files)).Select(file => (file, File.OpenHandle(System.IO.Path.Combine(folder.Path, file))))];
            if (kept is not null) folder.Dispose();
            return (new FrozenFolder(folder.Path, true, files, reference, kept), loaded);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static string Find(string reference, IReadOnlyList<(string Name, string Hash)> files, FrozenModelFolders folders)
    {
        string last = System.IO.Path.GetFileName(reference);
        string? different = null;
        var tried = new List<string>();
        string[] resolved = folders.Resolve?.Invoke(reference) is { } told ? [told] : [];
        var looked = folders.Roots().SelectMany(root => new[] { System.IO.Path.Combine(root, reference), System.IO.Path.Combine(root, last) });
        foreach (string candidate in resolved.Concat(looked).Distinct())
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
            : new DirectoryNotFoundException($"The frozen model '{reference}' was not found. Looked for: {Brief.List(tried)}. {advice}");
    }

    private static string? Difference(string folder, IReadOnlyList<(string Name, string Hash)> files)
    {
        if (!Directory.Exists(folder)) return $"{folder} is gone";
        var known = files.Select(file => file.Name).ToHashSet();
        if (ModelFolder.Names(folder, PartsOf(files)).FirstOrDefault(name => !known.Contains(name)) is { } added)
            return $"{System.IO.Path.Combine(folder, added)} was not there at training";
        foreach (var (name, hash) in files)
        {
            string path = System.IO.Path.Combine(folder, name);
            if (!RegularFile.Exists(path)) return $"{path} is missing";
            if (Hash(path) != hash) return $"{path} differs (SHA-256)";
        }
        return null;
    }

    private static string[] PartsOf(IEnumerable<(string Name, string)> files) =>
        [.. files.Select(file => file.Name.Split('/')).Where(steps => steps.Length == 2).Select(steps => steps[0]).Distinct()];

    /// <summary>SHA-256 of a file. Gigabytes are hashed once a process: a file of the same size and time of writing is taken for the same.</summary>
    private static string Hash(string path)
    {
        var file = new FileInfo(path);
        return hashes.GetOrAdd((file.FullName, file.Length, file.LastWriteTimeUtc), _ => FileHash.Sha256(path));
    }

    // A full path would tell where the author's home is, and be wrong elsewhere: below the current directory the rest is kept, else the last name.
    private static string Reference(string path)
    {
        string relative = System.IO.Path.GetRelativePath(".", path).Replace('\\', '/');
        return ForeignNames.IsFolder(relative) ? relative : new DirectoryInfo(path).Name;
    }
}
