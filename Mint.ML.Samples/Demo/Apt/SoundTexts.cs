using Mint.ML.Systems;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Demo.Apt;

/// <summary>What the demo's language model knows before it hears anything: texts alone, in which a sound is its name after the word "audio".</summary>
/// <remarks>
/// A large language model has learned from text to compare and to count; one that is trained in a minute has to be taught the same. No sound and no file is
/// read for it.
/// </remarks>
internal sealed class SoundTexts(IReadOnlyList<string> names)
{
    /// <summary>Kinds of text: what is heard, which came first, how many there were, which of some labels.</summary>
    public const int Kinds = 4;

    /// <summary>A text of a kind, and its answer.</summary>
    public (string Text, string Answer) Draw(Random chance, int kind) => kind switch
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

    private static string Heard(Random chance, string name) => "audio " + string.Join(' ', Enumerable.Repeat(name, 1 + chance.Next(3)));

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
        string name = Name(chance), asked = AptTasks.Counting[chance.Next(AptTasks.Counting.Count)].Replace("{LABEL}", name, StringComparison.Ordinal);
        int times = 1 + chance.Next(4);
        string[] slots = [.. Enumerable.Range(0, 4).Select(slot => slot < times ? name : "silence")];
        chance.Shuffle(slots);
        return ($"audio {string.Join(' ', slots)} {asked}", $"{times}");
    }

    private (string, string) Looked(Random chance)
    {
        int ways = 2 + chance.Next(3);
        string[] heard = Some(chance, ways);
        string asked = heard[chance.Next(ways)];
        return (string.Concat(heard.Select(name => $"{Heard(chance, name)} {Interleaved.FewShotInstruction} {name}. "))
            + $"{Heard(chance, asked)} {Interleaved.FewShotInstruction}", asked);
    }

    private string[] Some(Random chance, int count)
    {
        string[] all = [.. names];
        chance.Shuffle(all);
        return all[..count];
    }
}
