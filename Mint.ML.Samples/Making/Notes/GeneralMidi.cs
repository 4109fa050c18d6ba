namespace Mint.ML.Samples.Making.Notes;

/// <summary>The General MIDI programs that belong to one of NSynth's eleven families, under everyday names.</summary>
internal static class GeneralMidi
{
    /// <summary>Program number (0-based), family, instrument. Pizzicato's neighbours 47 (timpani) and 55 (orchestra hit) are in no family.</summary>
    public static IReadOnlyList<(int Program, string Family, string Instrument)> Programs { get; } =
    [
        .. Family("keyboard", 0, "grand piano", "bright piano", "electric grand piano", "honky-tonk piano", "electric piano", "chorused electric piano",
            "harpsichord", "clavinet"),
        .. Family("mallet", 8, "celesta", "glockenspiel", "music box", "vibraphone", "marimba", "xylophone", "set of tubular bells", "dulcimer"),
        .. Family("organ", 16, "drawbar organ", "percussive organ", "rock organ", "church organ", "reed organ", "accordion", "harmonica", "tango accordion"),
        .. Family("guitar", 24, "nylon guitar", "steel guitar", "jazz guitar", "clean electric guitar", "muted guitar", "overdriven guitar", "distorted guitar",
            "guitar harmonic"),
        .. Family("bass", 32, "acoustic bass", "fingered bass", "picked bass", "fretless bass", "slap bass", "hard slap bass", "synth bass", "deep synth bass"),
        .. Family("string", 40, "violin", "viola", "cello", "double bass", "tremolo string section", "pizzicato string section", "harp"),
        .. Family("string", 48, "string ensemble", "slow string ensemble", "synth string section", "soft synth string section"),
        .. Family("vocal", 52, "choir", "humming voice", "synth voice"),
        .. Family("brass", 56, "trumpet", "trombone", "tuba", "muted trumpet", "french horn", "brass section", "synth brass", "soft synth brass"),
        .. Family("reed", 64, "soprano saxophone", "alto saxophone", "tenor saxophone", "baritone saxophone", "oboe", "english horn", "bassoon", "clarinet"),
        .. Family("flute", 72, "piccolo", "flute", "recorder", "pan flute", "blown bottle", "shakuhachi", "whistle", "ocarina"),
        .. Family("synth_lead", 80, "square synth lead", "sawtooth synth lead", "calliope synth lead", "chiff synth lead", "charang synth lead",
            "voice synth lead", "fifths synth lead", "bass and synth lead"),
    ];

    private static IEnumerable<(int, string, string)> Family(string family, int first, params string[] instruments) =>
        instruments.Select((instrument, i) => (first + i, family, instrument));

    /// <summary>Lowest and highest pitch that players of an instrument sound; outside it a soundfont only stretches samples to noise.</summary>
    /// <remarks>Ranges of the written repertoire, rounded; synthesizers and organs have what their keyboards have.</remarks>
    public static (int Lowest, int Highest) Range(int program) => program switch
    {
        8 => (60, 108),
        9 => (72, 108),
        10 => (60, 84),
        11 => (53, 89),
        12 => (48, 84),
        13 => (65, 96),
        14 => (60, 77),
        15 => (60, 84),
        21 or 23 => (53, 89),
        22 => (60, 84),
        < 8 => (28, 100),
        < 24 => (36, 96),
        < 32 => (40, 84),
        < 40 => (28, 55),
        40 => (55, 96),
        41 => (48, 84),
        42 => (36, 72),
        43 => (28, 55),
        < 52 => (36, 96),
        < 55 => (48, 79),
        56 or 59 => (58, 86),
        57 => (40, 72),
        58 => (29, 55),
        60 => (41, 77),
        < 64 => (36, 84),
        64 => (54, 87),
        65 => (49, 80),
        66 => (42, 75),
        67 => (37, 68),
        68 => (58, 91),
        69 => (52, 81),
        70 => (34, 64),
        71 => (50, 91),
        72 => (74, 100),
        < 80 => (60, 96),
        _ => (40, 96),
    };
}
