using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mint.ML.Distributed;
using Mint.ML.Files;

namespace Mint.ML.Answering;

/// <summary>Rows to a file by several ranks: each writes a part beside it, of its own clips, and in the end the first one joins them in the clips'
/// order.</summary>
/// <remarks>The parts of a run that was stopped are gone on with by any number of ranks, one process included. All ranks have to see the folder.</remarks>
internal sealed class SharedOutput : AnswerOutput
{
    private readonly string path;
    private readonly RowFormat format;
    private readonly Ranks ranks = Ranks.Present;
    private readonly FileOutput? whole; // on the first rank: the file's lock and settings
    private readonly FileOutput own;
    private readonly Dictionary<string, bool> before; // clips of earlier runs, and whether they failed

    /// <inheritdoc cref="FileOutput(string, RowFormat, JsonObject)"/>
    public SharedOutput(string path, RowFormat format, JsonObject settings)
    {
        (this.path, this.format) = (path, format);
        try
        {
            if (ranks.IsFirst) whole = new FileOutput(path, format, settings);
            ranks.Meet();
            // A part that no rank of now goes on with is as much of this run, or of another one.
            foreach (string part in Parts(path).Where(part => new FileInfo(part).Length > 0)) FileOutput.CheckSettings(part, settings, begun: true);
            before = Parts(path).Append(path).SelectMany(Rows).DistinctBy(row => row.Clip).ToDictionary(row => row.Clip, row => row.Failed);
            ranks.Meet(); // nobody writes while others read
            own = new FileOutput(PartOf(path, ranks.Rank), format, settings);
        }
        catch
        {
            whole?.Dispose();
            throw;
        }
    }

    /// <summary>The part of a rank.</summary>
    public static string PartOf(string path, int rank) => string.Create(CultureInfo.InvariantCulture, $"{path}.part-{rank}");

    /// <summary>Whether a run of ranks was stopped that wrote this file.</summary>
    public static bool HasParts(string path) => Parts(path).Any();

    /// <summary>The parts that there are.</summary>
    public static string[] Parts(string path) => [.. Named(path, "{0}").Order(StringComparer.Ordinal)];

    /// <summary>Deletes the parts of a file with all that stands beside them: of a rank that was killed, who had it and what it had half written.</summary>
    public static void Forget(string path)
    {
        foreach (string file in Named(path, @"\.?{0}(\.settings\.json|\.lock|\.holder|\.[0-9a-f]{{32}}\.tmp)?")) File.Delete(file);
    }

    // Files whose whole name fits a pattern, in which {0} is a part's.
    private static string[] Named(string path, string pattern)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var name = new Regex($@"^{string.Format(CultureInfo.InvariantCulture, pattern, Regex.Escape(Path.GetFileName(path)) + @"\.part-[0-9]+")}\z");
        return !Directory.Exists(folder) ? [] : [.. Directory.EnumerateFiles(folder).Where(file => name.IsMatch(Path.GetFileName(file)))];
    }

    /// <inheritdoc/>
    public override bool Has(string path) => before.ContainsKey(path) || own.Has(path);

    /// <inheritdoc/>
    public override int Failed => before.Values.Count(failed => failed);

    /// <inheritdoc/>
    public override void Write(AnswerRow row) => own.Write(row);

    /// <inheritdoc/>
    public override void Join(IReadOnlyList<ListedClip> clips)
    {
        own.Dispose();
        ranks.Meet();
        if (ranks.IsFirst) Join(clips, path, Parts(path));
        ranks.Meet();
    }

    private void Join(IReadOnlyList<ListedClip> clips, string path, string[] parts)
    {
        var rows = parts.SelectMany(Rows).DistinctBy(row => row.Clip).ToDictionary(row => row.Clip, row => row.Line);
        HashSet<string> written = [.. Rows(path).Select(row => row.Clip)];
        string[] missing = [.. clips.Select(clip => clip.Name).Where(name => !written.Contains(name) && !rows.ContainsKey(name))];
        if (missing.Length > 0)
        {
            throw new InvalidDataException($"The rows of {missing.Length} clips are not in the parts beside {path}: {Brief.List(missing)}. All ranks have to "
                + "write to one folder that all of them see.");
        }
        string there = File.ReadAllText(path);
        using (FolderLock.TakeFile(path)) // beyond what is closed here
        {
            whole!.Dispose();
            AtomicFile.WriteText(path, there + string.Concat(clips.Where(clip => !written.Contains(clip.Name)).Select(clip => rows[clip.Name] + "\n")));
        }
        Forget(path);
    }

    // A line without its end is what a killed rank had half written.
    private IEnumerable<(string Clip, bool Failed, string Line)> Rows(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        string[] lines = reader.ReadToEnd().Split('\n')[..^1];
        return [.. lines.Skip(format.Header is null ? 0 : 1).Select(line => (format.Read(line), line))
            .Select(row => (row.Item1.Path, row.Item1.Failed, row.line))];
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        own.Dispose();
        whole?.Dispose();
    }
}

/// <summary>Rows of several ranks to the first one's terminal or pipe, once all are there.</summary>
internal sealed class GatheredOutput(RowFormat format) : AnswerOutput
{
    private readonly Dictionary<string, string> own = [];

    /// <inheritdoc/>
    public override void Write(AnswerRow row) => own[row.Path] = format.Line(row);

    /// <inheritdoc/>
    public override void Join(IReadOnlyList<ListedClip> clips)
    {
        var rows = Ranks.Present.Gather(JsonSerializer.Serialize(own)).SelectMany(part => JsonSerializer.Deserialize<Dictionary<string, string>>(part)!)
            .ToDictionary(row => row.Key, row => row.Value);
        if (format.Header is { } header) Console.Out.WriteLine(header);
        foreach (var clip in clips)
            if (rows.TryGetValue(clip.Name, out string? line)) Console.Out.WriteLine(line);
    }
}
