using Mint.ML.Audio;

namespace Mint.ML.Answering;

/// <summary>A clip to answer about.</summary>
/// <param name="Name">As rows call it: relative to the folder or manifest that was given.</param>
/// <param name="File">Where it is.</param>
public sealed record ListedClip(string Name, string File)
{
    /// <summary>Further files that are heard with it, each as one, for an answer about all of them; empty for most.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    /// <summary>Where the clip is named: the manifest with its row and line, by which messages call it; null where no manifest names it.</summary>
    public string? Place { get; init; }

    /// <summary>Why it cannot be heard, where that is known already; a clause.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether the clip is all that was asked for: then a pipe is read to its end, which in a list might never come.</summary>
    public bool IsAlone { get; init; }
}

/// <summary>What a command is given to hear: a sound file, a folder, or a manifest.</summary>
public static class ClipList
{
    private static readonly string[] Sounds = [".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf"];

    private static readonly string[] Times = ["Start", "End", "StartTime", "EndTime", "StartSeconds", "EndSeconds", "Onset", "Offset"];

    /// <summary>Whether a text looks like the name of a sound file, by its ending: where there is no such file, it was mistyped.</summary>
    public static bool NamesSound(string text) => Sounds.Contains(Path.GetExtension(text.Trim()).ToLowerInvariant());

    /// <summary>The clips in order: of a manifest as they stand there, each once; of a folder and the folders below it by name, each real file once.</summary>
    /// <param name="input">The file, folder or manifest, which is known by its ending (<see cref="AudioManifest.Endings"/>).</param>
    /// <param name="note">Takes what was passed over.</param>
    /// <exception cref="FileNotFoundException">There is no such file or folder, or no sound in it.</exception>
    public static IReadOnlyList<ListedClip> Read(string input, Action<string> note)
    {
        if (Directory.Exists(input)) return ClipFolder.Read(input, note);
        if (!File.Exists(input))
        {
            string why = AudioFile.HasUnreadableName(input) ? $": {AudioFile.UnreadableName}" : "";
            throw new FileNotFoundException($"There is no file or folder '{input}'{why}. Give a sound file, a folder of them, or a manifest with a Path "
                + $"column.",
                input);
        }
        return AudioManifest.IsNamed(input) ? Rows(AudioManifest.Read(input), note) : [new(input, input) { IsAlone = true }];
    }

    private static List<ListedClip> Rows(AudioManifest manifest, Action<string> note)
    {
        List<ListedClip> clips = [.. manifest.Rows.Select(row => new ListedClip(row["Path"], row.Path) { Place = row.Place }).DistinctBy(clip => clip.Name)];
        string[] cuts = [.. manifest.Columns.Where(IsTime)];
        if (cuts.Length > 0) note($"{manifest.File}: {string.Join(" and ", cuts)} {(cuts.Length == 1 ? "is" : "are")} not read: each clip is heard whole");
        if (clips.Count < manifest.Rows.Count) note($"{manifest.Rows.Count} rows name {clips.Count} different clips; each is answered once");
        return clips;
    }

    // Who has such a column expects it to cut.
    private static bool IsTime(string column) => Times.Contains(column.Replace("_", "").Replace("-", "").Replace(" ", ""), StringComparer.OrdinalIgnoreCase);
}
