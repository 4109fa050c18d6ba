namespace Mint.ML.Samples.Making.Scenes;

/// <summary>A question about a scene, and the right answer.</summary>
/// <param name="Instruction">What is asked.</param>
/// <param name="Response">What is true.</param>
internal sealed record SceneQuestion(string Instruction, string Response);

/// <summary>Questions that what is known of a scene answers. What is not known is not asked.</summary>
internal static class SceneQuestions
{
    private const int MostCounted = 5;
    private static readonly string[] numbers = ["", "one", "two", "three", "four", "five"];

    private static readonly string[] captions =
        ["Describe the sound.", "What can be heard?", "Write a caption for the recording.", "What happens in this recording?"];

    /// <summary>Every question that fits, each in one of its wordings.</summary>
    /// <param name="scene">What is known.</param>
    /// <param name="others">Classes that do not sound, one of which is asked about.</param>
    /// <param name="random">Draws wordings.</param>
    public static IEnumerable<SceneQuestion> Of(Scene scene, IReadOnlyList<string> others, Random random)
    {
        yield return new(captions[random.Next(captions.Length)], SceneCaption.Write(scene, random));
        if (scene.Unclear) yield break;
        yield return new("List the sounds.", scene.Sounds.Count == 0 ? "silence" : string.Join(", ", scene.Sounds.Select(sound => Noun(sound.Label))));
        foreach (var sound in scene.Sounds) yield return new(IsThere(sound.Label, random), "yes");
        // "A dog's bark" is no wrong answer where barking sounds: what is asked about differs in subject.
        string[] absent = [.. others.Where(other => scene.Sounds.All(sound => SoundPhrase.Of(sound.Label).Subject != SoundPhrase.Of(other).Subject))];
        if (absent.Length > 0) yield return new(IsThere(absent[random.Next(absent.Length)], random), "no");
        SceneSound[] order = [.. scene.Sounds.OrderBy(sound => sound.Begin)];
        if (order.Length >= 2 && Scene.Follows(order[1], order[0]))
        {
            yield return new("What comes first?", Noun(order[0].Label));
            if (order.Zip(order.Skip(1)).All(pair => Scene.Follows(pair.Second, pair.First))) yield return new("What comes last?", Noun(order[^1].Label));
        }
        foreach (var sound in scene.Sounds.Where(sound => sound.Times is > 1 and <= MostCounted))
            yield return new($"How many times can {Noun(sound.Label)} be heard?", numbers[sound.Times]);
        if (scene.Place is { } place) yield return new("Is it indoors or outdoors?", place);
    }

    private static string IsThere(string label, Random random) => random.Next(3) switch
    {
        0 => $"Is there {Noun(label)}?",
        1 => $"Can {Noun(label)} be heard?",
        _ => $"Does one hear {SoundPhrase.Of(label).Subject} {SoundPhrase.Of(label).Gerund}?",
    };

    private static string Noun(string label) => SoundPhrase.Of(label).Noun;
}
