using Mint.ML.Audio;

namespace Mint.ML.Answering;

/// <summary>A clip to answer about.</summary>
/// <param name="Name">As rows call it: relative to the folder or manifest that was given.</param>
/// <param name="File">Where it is.</param>
public sealed record ListedClip(string Name, string File);

/// <summary>What a command is given to hear: a sound file, a folder, or a manifest.</summary>
public static class ClipList
{
    private static readonly string[] Sounds = [".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf"];

    /// <summary>Whether a text looks like the name of a sound file, by its ending: where there is no such file, it was mistyped.</summary>
    public static bool NamesSound(string text) => Sounds.Contains(Path.GetExtension(text.Trim()).ToLowerInvariant());

    /// <summary>The clips in order: of a manifest as they stand there, each once; of a folder and the folders below it by name.</summary>
    /// <param name="input">The file, folder or manifest (.csv, .jsonl, .ndjson).</param>
    /// <param name="note">Takes what was passed over.</param>
    /// <exception cref="FileNotFoundException">There is no such file or folder, or no sound in it.</exception>
    public static IReadOnlyList<ListedClip> Read(string input, Action<string> note)
    {
        if (Directory.Exists(input)) return Folder(input, note);
        if (!File.Exists(input))
        {
            throw new FileNotFoundException($"There is no file or folder '{input}'. Give a sound file, a folder of them, or a manifest with a Path column.",
                input);
        }
        return Path.GetExtension(input).ToLowerInvariant() is ".csv" or ".jsonl" or ".ndjson" ? Rows(AudioManifest.Read(input), note) : [new(input, input)];
    }

    private static List<ListedClip> Folder(string folder, Action<string> note)
    {
        string[] files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories);
        List<ListedClip> clips = [.. files.Where(file => Sounds.Contains(Path.GetExtension(file).ToLowerInvariant()))
            .Select(file => new ListedClip(Path.GetRelativePath(folder, file).Replace('\\', '/'), file)).OrderBy(clip => clip.Name, StringComparer.Ordinal)];
        if (clips.Count == 0)
        {
            throw new FileNotFoundException($"There is no sound file in '{folder}' ({files.Length} files; looked for {string.Join(", ", Sounds)}).", folder);
        }
        if (files.Length > clips.Count) note($"{files.Length - clips.Count} files of other kinds in {folder} are not heard");
        return clips;
    }

    private static List<ListedClip> Rows(AudioManifest manifest, Action<string> note)
    {
        List<ListedClip> clips = [.. manifest.Rows.Select(row => new ListedClip(row["Path"], row.Path)).DistinctBy(clip => clip.Name)];
        if (clips.Count < manifest.Rows.Count) note($"{manifest.Rows.Count} rows name {clips.Count} different clips; each is answered once");
        return clips;
    }
}
