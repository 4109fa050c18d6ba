using System.Text.RegularExpressions;
using static Mint.ML.Systems.Questions.QuestionParts;

namespace Mint.ML.Systems.Questions;

/// <summary>Questions how often something is heard, in their usual forms: "How many times does the dog bark?", "How many knocks are there?"</summary>
/// <param name="What">What is counted, without its article.</param>
/// <param name="Things">Whether so many of it are asked for, and not how often it is heard: "How many dogs are there?"</param>
internal sealed partial record CountQuestion(string What, bool Things)
{
    /// <summary>What is asked; null of a question of another kind.</summary>
    public static CountQuestion? Asked(string question) => Forms().Match(question.Trim()) is { Success: true } match
        ? new(match.Groups["what"].Value, match.Groups["many"].Success) : null;

    /// <summary>Whether things are asked for that make a sound, "dogs" of "a dog barks", or a kind of them, "animals". How often they are heard does not tell
    /// how many they are.</summary>
    public bool IsAbout(SoundName sound)
    {
        if (!Things) return false;
        string[] singular = [What, .. ((string[])["s", "es"]).Where(end => What.EndsWith(end, StringComparison.OrdinalIgnoreCase))
            .Select(end => What[..^end.Length])];
        return singular.Any(one => OrderQuestion.Name(sound.Caption).StartsWith(one + " ", StringComparison.OrdinalIgnoreCase)
            || sound.Kinds.Any(kind => OrderQuestion.Name(kind).Equals(one, StringComparison.OrdinalIgnoreCase)));
    }

    // People and voices are not events, and "sounds" are told by their names.
    [GeneratedRegex(
        $$"""
        ^(?:
            how\s+(?:many\s+times|often)\s+(?:
                (?:do|does|did|can|could)\s+(?:you|one|we|i)\s+hear\s+{{Article}}(?<what>.+?)
              | (?:can|could|is|are|was|were)\s+{{Article}}(?<what>.+?)\s+(?:be\s+)?(?:heard|audible)
              | (?:do|does|did|is|are|was|were|has|have)\s+{{Article}}(?<what>.+?))
          | (?<many>how\s+many|count)\s+(?:the\s+)?
            (?!(?:times|(?:different\s+)?sounds?|kinds?|types?|seconds?|minutes?|people|persons?|men|women|speakers?|voices?|instruments?)\b)
            (?<what>\S+?(?:\s+\S+?){0,3}?)(?:\s+(?:are|is|can|could|do|does|did|were|was)\b.*?)?
        ){{End}}
        """, Options)]
    private static partial Regex Forms();
}
