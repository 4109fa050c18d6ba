namespace Mint.ML.Samples.Making.Scenes;

/// <summary>How a class of sound is put into words.</summary>
/// <param name="Subject">Who or what sounds: "a dog".</param>
/// <param name="Verb">What it does: "barks".</param>
/// <param name="Gerund">"barking".</param>
/// <param name="Noun">The sound's own name: "a dog's bark".</param>
internal sealed record SoundPhrase(string Subject, string Verb, string Gerund, string Noun)
{
    private static readonly Lazy<Dictionary<string, SoundPhrase>> all = new(Read);

    /// <summary>The classes of sound that have words of their own, by AudioSet's names.</summary>
    public static IReadOnlyDictionary<string, SoundPhrase> All => all.Value;

    /// <summary>A class's words; one without has its name, the first of several.</summary>
    public static SoundPhrase Of(string label)
    {
        if (All.TryGetValue(label, out var own)) return own;
        string name = label.Split(',')[0].Split('(')[0].Trim().ToLowerInvariant();
        return new SoundPhrase(name, "can be heard", "sounding", name);
    }

    private static Dictionary<string, SoundPhrase> Read()
    {
        using var stream = typeof(SoundPhrase).Assembly.GetManifestResourceStream("Mint.ML.Samples.sound-words.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#')
            .Select(line => line.Split('|'))
            .ToDictionary(words => words[0], words => new SoundPhrase(words[1], words[2], words[3], words[4]));
    }
}
