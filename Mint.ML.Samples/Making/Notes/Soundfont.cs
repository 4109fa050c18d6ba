namespace Mint.ML.Samples.Making.Notes;

/// <summary>A General MIDI soundfont that a Debian package installs.</summary>
/// <param name="Name">What the command and the manifests call it.</param>
/// <param name="File">Its file name.</param>
/// <param name="Package">The Debian package.</param>
/// <param name="Split">train or test. Split by soundfont, never by note: two notes of one sample are nearly the same sound.</param>
/// <param name="Licence">What rendered notes carry.</param>
internal sealed record Soundfont(string Name, string File, string Package, string Split, string Licence)
{
    /// <summary>csound and TimGM share samples, so both train; FluidR3 shares next to none with the others, so it tests.</summary>
    public static IReadOnlyList<Soundfont> All { get; } =
    [
        new("generaluser", "GeneralUser-v1.47.sf2", "minuet-data", "train", "GeneralUser GS licence 2.0"),
        new("csound", "sf_GMbank.sf2", "csound-soundfont", "train", "Public domain"),
        new("timgm", "TimGM6mb.sf2", "timgm6mb-soundfont", "train", "GPL-2"),
        new("opl3", "OPL-3_FM_128M.sf2", "opl3-soundfont", "train", "CC-BY-SA-4.0"),
        new("fluidr3", "FluidR3_GM.sf2", "fluid-soundfont-gm", "test", "MIT"),
    ];

    private static readonly string[] Folders = ["/usr/share/sounds/sf2", "/usr/share/minuet/soundfonts", "/usr/share/soundfonts"];

    /// <summary>Where each of the named soundfonts is; one error lists all that are missing and the packages that hold them.</summary>
    /// <param name="names">With commas between them.</param>
    /// <param name="folder">Where they are; null for where Debian's packages put them.</param>
    public static IReadOnlyList<(Soundfont Font, string Path)> Find(string names, string? folder)
    {
        var found = new List<(Soundfont, string)>();
        var missing = new List<Soundfont>();
        string[] all = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (all.Length == 0) throw new ArgumentException($"No soundfont is named. Known: {string.Join(", ", All.Select(f => f.Name))}.");
        if (all.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"The soundfont '{twice.Key}' is named {twice.Count()} times; its sounds would be, too.");
        foreach (string name in all)
        {
            Soundfont font = All.FirstOrDefault(f => f.Name == name)
                ?? throw new ArgumentException($"There is no soundfont '{name}'. Known: {string.Join(", ", All.Select(f => f.Name))}.");
            string[] folders = folder is null ? Folders : [folder];
            string? path = folders.Select(f => System.IO.Path.Combine(f, font.File)).FirstOrDefault(System.IO.File.Exists);
            if (path is null)
                missing.Add(font);
            else
                found.Add((font, path));
        }

        return missing.Count == 0 ? found : throw new FileNotFoundException(
            $"Not found: {string.Join(", ", missing.Select(f => f.File))}. Install them: 'apt-get install "
                + $"{string.Join(' ', missing.Select(f => f.Package))}' (Debian, Ubuntu), "
            + "or name the folder that holds them by --soundfont-folder, or choose others by --soundfonts.");
    }
}
