using Microsoft.ML;
using Mint.ML.Audio;

namespace Mint.ML.Samples.Demo;

/// <summary>A clip that the demo trains on or measures with.</summary>
internal sealed class DemoClip
{
    public string Path { get; set; } = "";

    /// <summary>What sounds, the answer to "This is a sound of": an instrument's family, or an everyday sound.</summary>
    public string Name { get; set; } = "";
    public string Caption { get; set; } = "";

    /// <summary>What is held out whole: a soundfont, or a fold of recordings.</summary>
    public string Source { get; set; } = "";
    public bool IsNote { get; set; }
}

/// <summary>The notes and the everyday sounds that the demo trains on, and those of sources that no step hears.</summary>
/// <param name="Train">To train on, notes first.</param>
/// <param name="Test">Held out.</param>
internal sealed record DemoData(IReadOnlyList<DemoClip> Train, IReadOnlyList<DemoClip> Test)
{
    private const string HeldOutFold = "fold 5", DevelopmentFold = "fold 3";

    /// <summary>Reads the manifests.</summary>
    /// <param name="options">Where they are; whether only sources of training are read, one of which is held out to choose settings by.</param>
    public static DemoData Read(DemoOptions options)
    {
        var (train, test) = (Notes(options, "train"), options.Dev ? [] : Notes(options, "test"));
        if (options.Dev)
        {
            string[] soundfonts = [.. train.Select(note => note.Source).Distinct().Order(StringComparer.Ordinal)];
            if (soundfonts.Length != 2) throw new InvalidDataException($"--dev needs two training soundfonts; the manifest has {soundfonts.Length}.");
            (train, test) = ([.. train.Where(note => note.Source == soundfonts[1])], [.. train.Where(note => note.Source == soundfonts[0])]);
        }
        var sounds = options.Sounds.SelectMany(Everyday).ToList();
        string held = options.Dev ? DevelopmentFold : HeldOutFold;
        return new([.. train, .. sounds.Where(sound => sound.Source is not HeldOutFold && sound.Source != held)],
            [.. test, .. sounds.Where(sound => sound.Source == held)]);
    }

    /// <summary>The families of the notes, in the order of their scores.</summary>
    public string[] Families => [.. Train.Where(clip => clip.IsNote).Select(clip => clip.Name).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The everyday sounds of which recordings are held out.</summary>
    public string[] Sounds => [.. Test.Where(clip => !clip.IsNote).Select(clip => clip.Name).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Clips as ML.NET takes them.</summary>
    public static IDataView View(MLContext ml, IEnumerable<DemoClip> clips) => ml.Data.LoadFromEnumerable(clips.ToList());

    private static List<DemoClip> Notes(DemoOptions options, string split) =>
        [.. AudioManifest.Read(Path.Combine(options.Data, $"manifest-{split}.csv")).Rows.Select(row => new DemoClip
        {
            Path = row.Path,
            Name = row["Family"],
            Caption = row["Caption"],
            Source = row.Find("Soundfont") ?? "",
            IsNote = true,
        })];

    // The notes among the clips are of the soundfont that is held out.
    private static IEnumerable<DemoClip> Everyday(string manifest) =>
        AudioManifest.Read(manifest).Rows.Where(row => row.Find("Package") != "fluid-soundfont-gm").Select(row => new DemoClip
        {
            Path = row.Path,
            Name = row["Label"],
            Caption = row["Caption"],
            Source = row.Find("Note") is { } note && note.StartsWith("fold ", StringComparison.Ordinal) ? note : "",
        });
}
