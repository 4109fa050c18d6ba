namespace Mint.ML.Samples.Making.Scenes;

/// <summary>Says in words what is known of a scene: "a dog barks twice while rain falls". A grammar, so that a caption is not known by its template.</summary>
internal static class SceneCaption
{
    private const double Background = -9; // in decibels beside the loudest: what is no longer as loud as it

    private static readonly string[] silence =
        ["silence", "there is silence", "nothing can be heard", "no sound at all", "it is quiet", "a silent recording"];

    private static readonly string[] unclear =
        ["an unclear sound", "a sound that is hard to name", "something sounds, but it is not clear what", "some unclear noise", "an unknown sound"];

    /// <summary>A caption, drawn from the many that fit.</summary>
    public static string Write(Scene scene, Random random)
    {
        if (scene.Sounds.Count == 0) return Pick(scene.Unclear ? unclear : silence, random);
        SceneSound[] order = [.. scene.Sounds.OrderBy(sound => sound.Begin).ThenByDescending(sound => sound.Decibels)];
        string caption = order.Length switch
        {
            1 => One(order[0], random),
            2 => Two(order[0], order[1], random),
            _ => Many(order, random),
        };
        if (scene.Place is { } place && random.Next(2) == 0) caption = random.Next(2) == 0 ? $"{caption} {place}" : $"{place}, {caption}";
        return caption;
    }

    private static string One(SceneSound sound, Random random)
    {
        var words = SoundPhrase.Of(sound.Label);
        return random.Next(6) switch
        {
            0 => Noun(sound),
            1 => $"the sound of {words.Subject} {words.Gerund}{Count(sound, random)}",
            2 => $"{words.Subject} {words.Gerund}{Count(sound, random)}",
            3 => $"one hears {words.Subject} {words.Gerund}{Count(sound, random)}",
            _ => Clause(sound, random),
        };
    }

    private static string Two(SceneSound first, SceneSound second, Random random)
    {
        if (Scene.Follows(second, first))
        {
            return random.Next(5) switch
            {
                0 => $"{Clause(first, random)}, then {Clause(second, random)}",
                1 => $"{Noun(first)} followed by {Noun(second)}",
                2 => $"first {Clause(first, random)}, and then {Clause(second, random)}",
                3 => $"after {Noun(first)}, {Clause(second, random)}",
                _ => $"{Clause(first, random)} before {Clause(second, random)}",
            };
        }
        var (loud, soft) = first.Decibels >= second.Decibels ? (first, second) : (second, first);
        if (soft.Decibels < Background)
        {
            return random.Next(4) switch
            {
                0 => $"{Clause(loud, random)} with {Noun(soft)} in the background",
                1 => $"{Clause(loud, random)} over {Noun(soft)}",
                2 => $"{Clause(loud, random)} while {Clause(soft, random)} softly",
                _ => $"{Noun(loud)}, and faintly {Noun(soft)}",
            };
        }
        return random.Next(5) switch
        {
            0 => $"{Clause(first, random)} while {Clause(second, random)}",
            1 => $"{Clause(first, random)} and {Clause(second, random)}",
            2 => $"{Clause(first, random)} as {Clause(second, random)}",
            3 => $"{Noun(first)} together with {Noun(second)}",
            _ => $"{Noun(first)} and {Noun(second)}",
        };
    }

    private static string Many(SceneSound[] order, Random random)
    {
        string[] nouns = [.. order.Select(Noun)];
        string last = nouns[^1], rest = string.Join(", ", nouns[..^1]);
        return order.Zip(order.Skip(1)).All(pair => Scene.Follows(pair.Second, pair.First))
            ? random.Next(2) == 0 ? $"{rest}, then {last}" : $"{Clause(order[0], random)}, followed by {string.Join(", ", nouns[1..^1])} and {last}"
            : random.Next(2) == 0 ? $"{rest} and {last}" : $"a mixture of {rest} and {last}";
    }

    private static string Clause(SceneSound sound, Random random)
    {
        var words = SoundPhrase.Of(sound.Label);
        return $"{words.Subject} {words.Verb}{Count(sound, random)}";
    }

    private static string Noun(SceneSound sound) => SoundPhrase.Of(sound.Label).Noun;

    private static string Count(SceneSound sound, Random random) => sound.Times switch
    {
        1 => "",
        2 => " twice",
        3 => " three times",
        _ => Pick([" again and again", " several times", " repeatedly"], random),
    };

    private static string Pick(string[] of, Random random) => of[random.Next(of.Length)];
}
