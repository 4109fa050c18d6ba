namespace Mint.ML.Samples.Making.World;

/// <summary>A family of instruments, as people and collections of notes call it.</summary>
/// <param name="Phrases">Its names.</param>
/// <param name="Classes">The teacher's classes that are it.</param>
/// <param name="Holds">Whether a note of NSynth's family and an instrument's name belongs to it.</param>
internal sealed record InstrumentFamily(string[] Phrases, string[] Classes, Func<string, string, bool> Holds)
{
    /// <summary>The families. They overlap, as the words do: a flute is a woodwind instrument, and a harp has strings.</summary>
    public static IReadOnlyList<InstrumentFamily> All { get; } =
    [
        new(["string instrument", "strings", "string", "bowed string instrument", "bowed strings", "string section", "string family", "stringed instrument"],
            ["Bowed string instrument", "String section", "Violin, fiddle", "Cello", "Double bass"], (family, name) => family == "string" && !IsPlucked(name)),
        new(["brass instrument", "brass", "brass section", "brass family", "brass horn"],
            ["Brass instrument", "Trumpet", "Trombone", "French horn"], (family, _) => family == "brass"),
        new(["woodwind instrument", "woodwind", "woodwinds", "wind instrument", "woodwind family"],
            ["Wind instrument, woodwind instrument", "Flute", "Clarinet", "Saxophone"], (family, _) => family is "reed" or "flute"),
        new(["reed instrument", "reed", "reeds", "single reed", "reed family"],
            ["Saxophone", "Clarinet", "Wind instrument, woodwind instrument"], (family, _) => family == "reed"),
        new(["flute", "flutes", "flute family"], ["Flute", "Wind instrument, woodwind instrument"], (family, _) => family == "flute"),
        new(["keyboard instrument", "keyboard", "keyboards", "musical keyboard", "keyboard family"],
            ["Keyboard (musical)", "Piano", "Electric piano", "Harpsichord"], (family, _) => family == "keyboard"),
        new(["mallet percussion", "mallet", "mallets", "mallet instrument", "tuned percussion", "pitched percussion"],
            ["Mallet percussion", "Marimba, xylophone", "Glockenspiel", "Vibraphone"], (family, _) => family == "mallet"),
        new(["percussion", "percussion instrument", "drums", "percussion family"],
            ["Percussion", "Drum", "Drum kit", "Snare drum", "Timpani", "Cymbal"], (_, _) => false),
        new(["guitar", "guitars", "guitar family"], ["Guitar", "Acoustic guitar", "Electric guitar"], (family, _) => family == "guitar"),
        new(["plucked string instrument", "plucked strings", "plucked instrument"],
            ["Plucked string instrument", "Guitar", "Harp", "Banjo", "Mandolin"], (family, name) => family == "guitar" || IsPlucked(name)),
        new(["bass", "bass guitar", "bass instrument"], ["Bass guitar"], (family, _) => family == "bass"),
        new(["organ", "organs", "organ family"], ["Organ", "Electronic organ", "Hammond organ"], (family, name) => family == "organ" && !HasBellows(name)),
        new(["accordion", "harmonica", "free reed instrument"], ["Accordion", "Harmonica"], (family, name) => family == "organ" && HasBellows(name)),
        new(["vocal", "vocals", "sung voice", "singing voice"], ["Singing", "Choir", "Vocal music"], (family, _) => family == "vocal"),
        new(["synthesizer", "synth", "synth lead", "synthesized tone"], ["Synthesizer", "Electronic music"],
            (family, name) => family == "synth_lead" || name.Contains("synth", StringComparison.Ordinal)),
        new(["musical instrument", "musical note", "instrument", "a note"], ["Musical instrument", "Music"], (_, _) => true),
    ];

    private static bool IsPlucked(string name) => name is "harp" || name.StartsWith("pizzicato", StringComparison.Ordinal);

    private static bool HasBellows(string name) => name.EndsWith("accordion", StringComparison.Ordinal) || name is "harmonica";
}
