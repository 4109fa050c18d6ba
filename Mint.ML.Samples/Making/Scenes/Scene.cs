namespace Mint.ML.Samples.Making.Scenes;

/// <summary>A sound of a scene.</summary>
/// <param name="Label">AudioSet's name of its class.</param>
/// <param name="Begin">When it begins, in seconds.</param>
/// <param name="End">When it ends.</param>
/// <param name="Decibels">Its level beside the scene's loudest sound, at most 0.</param>
/// <param name="Times">How often it happens; 1 for what goes on, or where it is not known.</param>
internal sealed record SceneSound(string Label, double Begin, double End, double Decibels = 0, int Times = 1);

/// <summary>What is known of a stretch of audio, by how it was mixed and by the teacher's answers.</summary>
/// <param name="Sounds">What sounds, in no order. None is silence.</param>
/// <param name="Place">"indoors" or "outdoors" where that is known.</param>
/// <param name="Unclear">Whether something sounds that the teacher cannot name.</param>
internal sealed record Scene(IReadOnlyList<SceneSound> Sounds, string? Place = null, bool Unclear = false)
{
    /// <summary>A score from which on the teacher is sure enough to be quoted.</summary>
    public const double Sure = 0.3;

    /// <summary>Those that begin after another has ended come later; the rest sound together.</summary>
    public static bool Follows(SceneSound later, SceneSound earlier) => later.Begin >= earlier.End - 0.1 * (earlier.End - earlier.Begin);

    /// <summary>A scene of one stretch, of which only the teacher's scores are known: its most certain classes.</summary>
    /// <param name="scores">Of each class, from 0 to 1.</param>
    /// <param name="labels">The classes' names.</param>
    /// <param name="silent">Whether the stretch is below -60 dB.</param>
    /// <param name="most">Most sounds that are named.</param>
    public static Scene FromScores(IReadOnlyList<float> scores, IReadOnlyList<string> labels, bool silent, int most = 2)
    {
        if (silent) return new Scene([]);
        int[] sure = [.. Enumerable.Range(0, scores.Count).Where(i => scores[i] >= Sure).OrderByDescending(i => scores[i])];
        string? place = sure.Select(i => labels[i]).FirstOrDefault(label => label.StartsWith("Inside", StringComparison.Ordinal)
            || label.StartsWith("Outside", StringComparison.Ordinal));
        var named = new List<SceneSound>();
        var said = new HashSet<string>();
        // Names that have words of their own are particular: "Animal" and "Sound effect" have none, and "Dog" and "Bark" have the same.
        foreach (string label in sure.Select(i => labels[i]).Where(SoundPhrase.All.ContainsKey))
        {
            if (named.Count < most && said.Add(SoundPhrase.Of(label).Subject)) named.Add(new SceneSound(label, 0, 1));
        }
        return new Scene(named, place is null ? null : place.StartsWith("Inside", StringComparison.Ordinal) ? "indoors" : "outdoors", named.Count == 0);
    }
}
