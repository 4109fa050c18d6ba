namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>A small grammar of sounds, music and what is said of them.</summary>
internal static class SoundWords
{
    /// <summary>A label, who sounds, and what it does.</summary>
    public static IReadOnlyList<(string Label, string Subject, string[] Verbs)> Events { get; } =
    [
        ("dog", "a dog", ["barks", "is barking", "howls"]), ("cat", "a cat", ["meows", "purrs", "is meowing"]), ("crow", "a crow", ["caws", "is cawing"]),
        ("bird", "a bird", ["sings", "chirps", "is chirping"]), ("rooster", "a rooster", ["crows", "is crowing"]), ("cow", "a cow", ["moos", "is mooing"]),
        ("frog", "a frog", ["croaks", "is croaking"]), ("insect", "an insect", ["buzzes", "chirps"]), ("horse", "a horse", ["neighs", "gallops by"]),
        ("burp", "a person", ["burps", "lets out a burp"]), ("cough", "a person", ["coughs", "is coughing"]),
            ("laughter", "a person", ["laughs", "is laughing"]),
        ("scream", "a person", ["screams", "cries out"]), ("speech", "a person", ["speaks", "is talking"]), ("crowd", "a crowd", ["cheers", "is talking"]),
        ("footsteps", "a person", ["walks", "runs by", "walks on gravel"]), ("typing", "a person", ["types on a keyboard", "is typing"]),
        ("applause", "an audience", ["claps", "applauds"]), ("baby", "a baby", ["cries", "is crying"]),
            ("door", "a door", ["opens", "closes", "creaks", "is slammed"]),
        ("water", "water", ["flows", "drips", "is poured", "splashes"]), ("rain", "rain", ["falls", "is falling on a roof"]),
            ("wind", "wind", ["blows", "howls"]),
        ("thunder", "thunder", ["rumbles", "rolls"]), ("fire", "a fire", ["crackles", "is burning"]), ("explosion", "a bomb", ["explodes", "goes off"]),
        ("gunshot", "a gun", ["is fired", "fires twice"]), ("glass", "glass", ["breaks", "is shattered", "clinks"]),
            ("metal", "metal", ["is struck", "clangs", "scrapes"]),
        ("wood", "wood", ["cracks", "is knocked on", "is sawn"]), ("coin", "a coin", ["drops", "clinks"]), ("card", "a card", ["is flipped", "is dealt"]),
        ("paper", "paper", ["rustles", "is torn"]), ("clock", "a clock", ["ticks", "strikes"]), ("alarm", "an alarm", ["rings", "beeps"]),
            ("bell", "a bell", ["rings", "tolls"]),
        ("phone", "a phone", ["rings", "is dialled"]), ("siren", "a siren", ["wails", "passes by"]), ("car", "a car", ["drives by", "starts", "brakes"]),
        ("train", "a train", ["passes by", "whistles"]), ("helicopter", "a helicopter", ["flies over", "hovers"]),
            ("airplane", "an airplane", ["takes off", "flies over"]),
        ("machine", "a machine", ["hums", "whirs", "is running"]), ("engine", "an engine", ["idles", "roars"]),
            ("vinyl", "a vinyl record", ["crackles", "hisses"]),
        ("sword", "a sword", ["is drawn", "clashes"]), ("button", "a button", ["clicks", "is pressed"]), ("whoosh", "something", ["rushes by", "whooshes"]),
        ("snare drum", "a snare drum", ["is struck", "is rolled"]), ("bass drum", "a bass drum", ["is struck", "thumps"]),
            ("tom", "a tom drum", ["is struck", "is hit"]),
        ("cymbal", "a cymbal", ["crashes", "rings out"]), ("hi-hat", "a hi-hat", ["is struck", "closes"]), ("cowbell", "a cowbell", ["is struck", "rings"]),
        ("clap", "a hand clap", ["sounds", "echoes"]), ("tambourine", "a tambourine", ["is shaken", "is hit"]),
            ("drum loop", "a drum loop", ["plays", "repeats"]),
        ("gong", "a gong", ["is struck", "rings out"]), ("piano", "a piano", ["plays a chord", "plays a note"]),
            ("guitar", "a guitar", ["is strummed", "plays a note"]),
        ("choir", "a choir", ["sings", "holds a chord"]), ("music", "music", ["plays", "is playing"]),
    ];

    /// <summary>How and where a sound is heard; none is the most common.</summary>
    public static IReadOnlyList<string> Manners { get; } =
    [
        "", "", "", "", "once", "twice", "again and again", "softly", "loudly", "in the distance", "nearby", "slowly", "quickly",
        "in a room", "in a large hall", "outdoors", "on a street", "in the forest", "with an echo", "while music plays",
    ];

    /// <summary>Genres as the public data sets name them.</summary>
    public static IReadOnlyList<string> Genres { get; } =
    [
        "blues", "classical", "country", "disco", "hip-hop", "jazz", "metal", "pop", "reggae", "rock", "folk", "electronic",
        "experimental", "instrumental", "international", "ambient", "techno", "soul", "latin", "punk",
    ];

    /// <summary>Adjectives that say little: music has them whatever its genre or key.</summary>
    public static IReadOnlyList<string> Moods { get; } =
        ["slow", "fast", "calm", "bright", "dark", "happy", "sad", "loud", "quiet", "long", "short", "live", "old", "new"];

    /// <summary>The major and minor keys.</summary>
    public static IReadOnlyList<string> Keys { get; } =
        [.. from tonic in (string[])["C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B"] from mode in (string[])["major",
            "minor"] select $"{tonic} {mode}"];

    /// <summary>Registers with a pitch in them; the first word is the caption's.</summary>
    public static IReadOnlyList<(int Pitch, string[] Words)> Registers { get; } =
        [(45, ["low", "low", "deep"]), (60, ["middle", "middle", "mid"]), (75, ["high", "high", "high-pitched"])];

    /// <summary>Loudness with a velocity of it; the first word is the caption's.</summary>
    public static IReadOnlyList<(int Velocity, string[] Words)> Loudness { get; } =
        [(50, ["soft", "soft", "quiet"]), (90, ["medium-loud", "medium-loud", "moderate"]), (120, ["loud", "loud", "strong"])];
}
