using Mint.ML.Samples.Making.Music;
using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Scenes;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Making.World;

/// <summary>A kind of sound under its everyday names.</summary>
/// <param name="Phrases">What people call it; any of them may be the label that is asked for.</param>
/// <param name="Classes">The teacher's classes that it is made of.</param>
/// <param name="IsBroad">Whether it holds of so much that it says little: "music", "animal".</param>
internal sealed record Concept(IReadOnlyList<string> Phrases, IReadOnlyList<int> Classes, bool IsBroad)
{
    /// <summary>How sure the teacher is: of several classes the mean of the surest two, so that a hen is no rooster for being a chicken.</summary>
    public float Score(ReadOnlySpan<float> scores)
    {
        float first = 0, second = 0;
        foreach (int index in Classes)
        {
            if (scores[index] > first) (first, second) = (scores[index], first);
            else if (scores[index] > second) second = scores[index];
        }
        return Classes.Count == 1 ? first : (first + second) / 2;
    }
}

/// <summary>What the teacher's classes are called in everyday life: its own names, the words of captions, and synonyms.</summary>
internal static class EverydayWords
{
    private static readonly HashSet<string> broad =
    [
        "Animal", "Domestic animals, pets", "Livestock, farm animals, working animals", "Wild animals", "Music", "Musical instrument", "Vehicle",
        "Motor vehicle (road)", "Hands", "Mechanisms", "Tools", "Wood", "Liquid", "Domestic sounds, home sounds", "Fowl", "Rodents, rats, mice",
        "Outside, rural or natural", "Outside, urban or manmade", "Rail transport", "Boat, Water vehicle", "Emergency vehicle",
    ];

    // How something was recorded, and what has no sound of its own.
    private static readonly string[] unnamed =
    [
        "Inside", "Outside", "Reverberation", "Echo", "Sound effect", "Field recording", "Environmental noise", "Sidetone", "Cacophony", "Effects unit",
        "Chorus effect", "Distortion", "Mantra", "Sampler",
    ];

    /// <summary>What several instruments together are, and no note of one.</summary>
    public const string Music = "music";

    /// <summary>What is ranked where nobody says among what: the first name of every kind of sound that has several, and music.</summary>
    public static IReadOnlyList<string> Labels { get; } =
        [.. Lines().Where(line => !broad.Contains(line.Classes[0]) || line.Phrases[0] == Music).Select(line => line.Phrases[0]).Distinct()];

    /// <summary>What is said of each of <see cref="Labels"/>.</summary>
    public static IReadOnlyDictionary<string, SoundName> Told { get; } = Read("everyday-captions.txt")
        .ToDictionary(parts => parts[0], parts => new SoundName(parts[1], parts[2], parts[3].Split('>'), parts.ElementAtOrDefault(4)));

    /// <summary>Every kind of sound, of the teacher's classes.</summary>
    /// <param name="labels">The classes' names.</param>
    /// <exception cref="InvalidDataException">The words name a class that the teacher does not have.</exception>
    public static IReadOnlyList<Concept> Concepts(IReadOnlyList<string> labels)
    {
        var index = labels.Select((label, i) => (label, i)).ToDictionary(pair => pair.label, pair => pair.i);
        var concepts = new List<Concept>();
        var own = new Dictionary<string, List<string>>();
        foreach (var (classes, phrases) in Lines())
        {
            if (classes.FirstOrDefault(name => !index.ContainsKey(name)) is { } unknown)
                throw new InvalidDataException($"everyday-words.txt names '{unknown}', which is none of the teacher's classes.");
            if (classes.Length == 1) own[classes[0]] = [.. phrases];
            else concepts.Add(new(phrases, [.. classes.Select(name => index[name])], broad.Contains(classes[0])));
        }
        foreach (var (label, i) in index)
        {
            if (unnamed.Any(start => label.StartsWith(start, StringComparison.Ordinal))) continue;
            List<string> phrases = [.. own.GetValueOrDefault(label) ?? [], .. Names(label)];
            concepts.Add(new([.. phrases.Distinct()], [i], broad.Contains(label)));
        }
        foreach (var family in InstrumentFamily.All)
            concepts.Add(new(family.Phrases, [.. family.Classes.Select(name => index[name])], broad.Contains(family.Classes[0])));
        return concepts;
    }

    /// <summary>The kinds of sound that an instrument's note is: by the instrument's words and its family's.</summary>
    /// <param name="concepts">From <see cref="Concepts"/>.</param>
    /// <param name="family">One of <see cref="GeneralMidi"/>'s.</param>
    /// <param name="instrument">Its name there.</param>
    /// <returns>Indices of those that hold, and how surely.</returns>
    public static IReadOnlyList<(int Concept, float Score)> OfNote(IReadOnlyList<Concept> concepts, string family, string instrument)
    {
        InstrumentFamily[] kin = [.. InstrumentFamily.All.Where(of => of.Holds(family, instrument))];
        string[] words = instrument.Split(' ');
        var found = new Dictionary<int, float>();
        for (int i = 0; i < concepts.Count; i++)
        {
            if (kin.Any(of => of.Phrases.Any(concepts[i].Phrases.Contains))) found[i] = concepts[i].IsBroad ? 0.5f : 0.9f;
            // "Alto saxophone" is a saxophone; an acoustic bass is no acoustic guitar.
            if (concepts[i].Phrases.Any(phrase => phrase == instrument
                || phrase.Length > 3 && !phrase.Contains(' ') && words.Contains(phrase) && family != "bass"))
            {
                found[i] = 1;
            }
        }
        return [.. found.Select(pair => (pair.Key, pair.Value))];
    }

    /// <summary>The kinds of sound that a piece of music is: music, and its genre where its groove is one's.</summary>
    /// <param name="concepts">From <see cref="Concepts"/>.</param>
    /// <param name="groove">One of <see cref="MusicPiece"/>'s. Waltzes and marches are of many genres.</param>
    public static IReadOnlyList<int> OfPiece(IReadOnlyList<Concept> concepts, string groove)
    {
        string[] called = groove switch { "rock" => [Music, "rock music"], "swing" => [Music, "jazz"], _ => [Music] };
        return [.. concepts.Index().Where(concept => concept.Item.Phrases.Intersect(called).Any()).Select(concept => concept.Index)];
    }

    // "Bee, wasp, etc." is a bee and a wasp; "Whimper (dog)" is a whimper; and what captions say of it.
    private static IEnumerable<string> Names(string label)
    {
        foreach (string name in label.Split('(')[0].Split(',')) if (name.Trim() is { Length: > 0 } one && one != "etc.") yield return one.ToLowerInvariant();
        if (!SoundPhrase.All.TryGetValue(label, out var words)) yield break;
        yield return words.Noun;
        yield return $"{words.Subject} {words.Gerund}";
        yield return $"{words.Subject} {words.Verb}";
    }

    private static IEnumerable<(string[] Classes, string[] Phrases)> Lines() =>
        Read("everyday-words.txt").Select(parts => (parts[0].Split(';'), parts[1].Split(',')));

    // The lines of a file of words, in their parts.
    private static string[][] Read(string name)
    {
        using var stream = typeof(EverydayWords).Assembly.GetManifestResourceStream("Mint.ML.Samples." + name)!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#').Select(line => line.Split('|'))];
    }
}
