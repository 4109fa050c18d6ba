using Mint.ML.Audio;
using Mint.ML.Systems;

namespace Mint.ML.Answering;

/// <summary>A row that is answered of several clips and texts.</summary>
/// <param name="Clip">The row, and the files that it is about: <see cref="ListedClip.File"/>, then <see cref="ListedClip.Others"/>.</param>
/// <param name="Sequence">What is read; its clips are numbered as those files.</param>
public sealed record ClipSequence(ListedClip Clip, Interleaved Sequence)
{
    /// <summary>The files in the order of the sequence's numbers.</summary>
    internal IReadOnlyList<string> Files => [Clip.File, .. Clip.Others];
}

/// <summary>What a command is given to hear as sequences of clips and texts, which an APT reads: the same question about several clips, a few labelled
/// clips before each, or any order of both.</summary>
public static class ClipSequences
{
    private const string Clip = "Path";

    /// <summary>Each clip, then further ones that are the same for all, then a question about them.</summary>
    /// <param name="clips">The clips.</param>
    /// <param name="others">Files that stand after each of them.</param>
    /// <param name="question">What is asked about all of a sequence.</param>
    public static IReadOnlyList<ClipSequence> About(IReadOnlyList<ListedClip> clips, IReadOnlyList<string> others, string question)
    {
        var asked = new Interleaved([.. Enumerable.Range(0, 1 + others.Count).Select(clip => new SoundPart(clip)), new TextPart($"Question: {question}")],
            question);
        return [.. clips.Select(clip => new ClipSequence(clip with { Others = others }, asked))];
    }

    /// <summary>Labelled clips, the same for all, before each clip that is to be labelled (<see cref="Interleaved.FewShot"/>).</summary>
    /// <param name="clips">The clips.</param>
    /// <param name="examples">Files and their labels, in the order in which they are read.</param>
    public static IReadOnlyList<ClipSequence> FewShot(IReadOnlyList<ListedClip> clips, IReadOnlyList<(string File, string Label)> examples)
    {
        var asked = Interleaved.FewShot([.. examples.Select((example, i) => (1 + i, example.Label))], 0);
        return [.. clips.Select(clip => new ClipSequence(clip with { Others = [.. examples.Select(example => example.File)] }, asked))];
    }

    /// <summary>Any order of clips and texts. A name in braces is a column of the manifest, Path for the clip itself, or a sound file that stands in every
    /// sequence. A column whose name ends in Path holds sound files, relative to the manifest; the others hold texts.</summary>
    /// <param name="template">For instance "{Path} {SecondPath} Question: {Question}".</param>
    /// <param name="input">A sound file, a folder or a manifest.</param>
    /// <param name="note">Takes what was passed over.</param>
    /// <returns>Of a manifest a sequence a row, called by its sounds, and by its number where another row has the same.</returns>
    /// <exception cref="ArgumentException">The template names no clip, or what is neither a column nor a file.</exception>
    /// <exception cref="InvalidDataException">A row lacks what the template names.</exception>
    public static IReadOnlyList<ClipSequence> Read(SequenceTemplate template, string input, Action<string> note)
    {
        var manifest = File.Exists(input) && AudioManifest.IsNamed(input) ? AudioManifest.Read(input) : null;
        string[] columns = manifest is null ? [Clip] : [.. manifest.Columns];
        Check(template, columns, input);
        if (manifest is null) return [.. ClipList.Read(input, note).Select(clip => Fill(template, clip, name => IsSound(name) ? clip.File : null))];

        string folder = Path.GetDirectoryName(Path.GetFullPath(manifest.File))!;
        var read = new List<ClipSequence>();
        HashSet<string> names = [];
        foreach (var row in manifest.Rows)
        {
            string[] sounds = [.. template.Names.Where(name => Has(columns, name) && IsSound(name)).Select(name => Cell(row, name))];
            string name = string.Join(" + ", sounds);
            if (!names.Add(name)) names.Add(name = $"{name} (row {row.Number})");
            read.Add(Fill(template, new ListedClip(name, row.Path) { Place = row.Place }, column => Has(columns, column) ? Cell(row, column) : null, folder));
        }
        return read;
    }

    private static ClipSequence Fill(SequenceTemplate template, ListedClip clip, Func<string, string?> cell, string? folder = null)
    {
        List<string> files = [];
        var sequence = template.Fill(name => cell(name) is not { } value ? Sound(name)
            : !IsSound(name) ? new TextPart(value) : Sound(folder is null ? value : Path.Combine(folder, value)))!;
        return new(clip with { File = files[0], Others = [.. files.Skip(1)] }, sequence);

        SoundPart Sound(string file)
        {
            int place = files.IndexOf(file);
            if (place < 0) files.Add(file);
            return new(place < 0 ? files.Count - 1 : place);
        }
    }

    private static void Check(SequenceTemplate template, string[] columns, string input)
    {
        if (template.Names.FirstOrDefault(name => !Has(columns, name) && !File.Exists(name)) is { } unknown)
            throw new ArgumentException($"'{{{unknown}}}' names neither a column of {input} ({Brief.List(columns)}) nor a sound file that is there.");
        if (!template.Names.Any(name => Has(columns, name) && IsSound(name)))
            throw new ArgumentException($"The sequence names none of the clips of {input}: say {{{Clip}}} where the clip stands.");
    }

    private static bool Has(string[] columns, string name) => columns.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static bool IsSound(string column) => column.EndsWith(Clip, StringComparison.OrdinalIgnoreCase);

    private static string Cell(AudioManifestRow row, string column) => row.Find(column)
        ?? throw new InvalidDataException($"{row.Place} has no '{column}', which the sequence names.");
}
