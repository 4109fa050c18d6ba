using Mint.ML.Files;

namespace Mint.ML.Answering;

/// <summary>
/// The sound files of a folder and the folders below it. Each real file once, whatever links say: a file's own name comes before a link to it, and a link that
/// leads back ends there. Pipes, sockets and devices are passed over and counted; a folder that cannot be read is a clip that cannot be.
/// </summary>
internal sealed class ClipFolder
{
    private static readonly string[] Sounds = [".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf"];

    private readonly string root;
    private readonly List<ListedClip> clips = [];
    private readonly HashSet<string> files = [], folders = [];
    private readonly Queue<(string Name, FileSystemInfo Link)> links = new();
    private int others, nodes, again;

    private ClipFolder(string root) => this.root = root;

    /// <summary>The clips, by name.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="note">Takes what was passed over.</param>
    /// <exception cref="FileNotFoundException">There is no sound in it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder itself cannot be read.</exception>
    public static IReadOnlyList<ListedClip> Read(string folder, Action<string> note)
    {
        var found = new ClipFolder(folder);
        found.Enter("", new DirectoryInfo(folder), linked: false);
        // Links last, in the order of their names: what they lead to has its own name by then, if it has one here.
        while (found.links.TryDequeue(out var next)) found.Follow(next.Name, next.Link);
        if (found.clips.Count == 0)
            throw new FileNotFoundException($"There is no sound file in '{folder}' ({found.others} files; looked for {string.Join(", ", Sounds)}).", folder);
        if (found.others > 0) note($"{found.others} files of other kinds in {folder} are not heard");
        if (found.nodes > 0) note($"{found.nodes} pipes, sockets or devices in {folder} are not heard");
        if (found.again > 0) note($"{found.again} links in {folder} lead to what has its own name there already");
        return [.. found.clips.OrderBy(clip => clip.Name, StringComparer.Ordinal)];
    }

    private void Enter(string name, DirectoryInfo folder, bool linked)
    {
        if (!folders.Add(Identity(folder)) && linked)
        {
            again++;
            return;
        }
        FileSystemInfo[] entries;
        try
        {
            entries = [.. folder.EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal)];
        }
        catch (Exception e) when (name.Length > 0 && e is UnauthorizedAccessException or IOException)
        {
            clips.Add(new ListedClip(name, Path.Combine(root, name)) { Problem = $"this folder cannot be read: {e.Message.TrimEnd('.')}" });
            return;
        }
        foreach (var entry in entries)
        {
            string below = name.Length == 0 ? entry.Name : name + "/" + entry.Name;
            if (entry.LinkTarget is not null) links.Enqueue((below, entry));
            else if (entry is DirectoryInfo inner) Enter(below, inner, linked);
            else Add(below, entry, linked);
        }
    }

    private void Follow(string name, FileSystemInfo link)
    {
        if (Directory.Exists(link.FullName)) Enter(name, new DirectoryInfo(link.FullName), linked: true);
        else Add(name, link, linked: true);
    }

    private void Add(string name, FileSystemInfo file, bool linked)
    {
        var node = RegularFile.Look(file.FullName);
        if (!node.IsRegular) nodes++;
        else if (!Sounds.Contains(Path.GetExtension(name).ToLowerInvariant())) others++;
        else if (!files.Add(node.Identity ?? Identity(file)) && (linked || node.Names > 1)) again++;
        else clips.Add(new ListedClip(name, Path.Combine(root, name)));
    }

    // Where the system gives no number: the name that links lead to.
    private static string Identity(FileSystemInfo entry)
    {
        if (RegularFile.Look(entry.FullName).Identity is { } number) return number;
        try
        {
            return (entry.ResolveLinkTarget(returnFinalTarget: true) ?? entry).FullName;
        }
        catch (IOException)
        {
            return entry.FullName; // links in a circle, which then cannot be opened either
        }
    }
}
