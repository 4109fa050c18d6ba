using Mint.ML.Systems;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Demo.Apt;

/// <summary>What the demo's language model knows before it hears anything: texts alone, in which a sound is its name after the word "audio".</summary>
/// <remarks>
/// A large language model has learned from text to look examples up, to count and to compare; one that is trained in a minute has to be taught the same. No sound
/// and no file is read for it. In a quarter of the examples labels are exchanged, so that they are looked up and not merely repeated.
/// </remarks>
internal sealed class SoundTexts(IReadOnlyList<string> names)
{
    /// <summary>A text and its answer.</summary>
    public (string Text, string Answer) Draw(Random chance) => chance.Next(5) switch
    {
        0 => Tagged(chance),
        1 => Ordered(chance),
        2 => Counted(chance),
        _ => Looked(chance),
    };

    /// <summary>Every word that is read or said.</summary>
    public IEnumerable<string> Words =>
    [
        .. names, "audio silence , . ? 0 1 2 3 4 first second none", PairQuestion("x"), $"{Interleaved.FewShotInstruction} x.", "Question: x",
        .. AptTasks.Tagging, .. AptTasks.Captioning, .. AptTasks.Counting.Concat(AptTasks.Detection).Concat(AptTasks.Retrieval)
            .Select(prompt => prompt.Replace("{LABEL}", "x", StringComparison.Ordinal).Replace("{STT}s", "", StringComparison.Ordinal)
                .Replace("{EDT}s", "", StringComparison.Ordinal)),
    ];

    /// <summary>The demo's question about two clips.</summary>
    public static string PairQuestion(string name) => $"Which clip is {name}, first or second?";

    private string Name(Random chance) => names[chance.Next(names.Count)];

    private static string Heard(Random chance, string name) => "audio " + string.Join(' ', Enumerable.Repeat(name, 1 + chance.Next(2)));

    private (string, string) Tagged(Random chance)
    {
        string name = Name(chance);
        string asked = chance.Next(2) == 0 ? Interleaved.FewShotInstruction : AptTasks.Tagging[chance.Next(AptTasks.Tagging.Count)];
        return ($"{Heard(chance, name)} {asked}", name);
    }

    private (string, string) Ordered(Random chance)
    {
        string[] two = Some(chance, 2);
        int right = chance.Next(2);
        return ($"{Heard(chance, two[0])} {Heard(chance, two[1])} Question: {PairQuestion(two[right])}", right == 0 ? "first" : "second");
    }

    private (string, string) Counted(Random chance)
    {
        string[] two = Some(chance, 2);
        string[] slots = [.. Enumerable.Range(0, 4).Select(_ => chance.Next(4) switch { 0 => "silence", 1 => two[1], _ => two[0] })];
        slots[chance.Next(4)] = two[0];
        string asked = AptTasks.Counting[chance.Next(AptTasks.Counting.Count)].Replace("{LABEL}", two[0], StringComparison.Ordinal);
        return ($"audio {string.Join(" , ", slots)} {asked}", $"{slots.Count(slot => slot == two[0])}");
    }

    private (string, string) Looked(Random chance)
    {
        int ways = 2 + chance.Next(3);
        string[] heard = Some(chance, ways), labels = chance.Next(4) == 0 ? Some(chance, ways) : heard;
        int asked = chance.Next(ways);
        return (string.Concat(heard.Zip(labels, (sound, label) => $"{Heard(chance, sound)} {Interleaved.FewShotInstruction} {label}. "))
            + $"{Heard(chance, heard[asked])} {Interleaved.FewShotInstruction}", labels[asked]);
    }

    private string[] Some(Random chance, int count)
    {
        string[] all = [.. names];
        chance.Shuffle(all);
        return all[..count];
    }
}
