using System.Text.RegularExpressions;
using static Mint.ML.Systems.Questions.QuestionParts;

namespace Mint.ML.Systems.Questions;

/// <summary>Questions how often something is heard, in their usual forms: "How many times does the dog bark?", "How many knocks are there?"</summary>
/// <param name="What">What is counted, without its article.</param>
/// <param name="Things">Whether so many of it are asked for, and not how often it is heard: "How many dogs are there?"</param>
internal sealed partial record CountQuestion(string What, bool Things)
{
    /// <summary>What is asked; null of a question of another kind.</summary>
    public static CountQuestion? Asked(string question) =>
        Forms().Match(question) is { Success: true } match && IsThing(match.Groups["what"].Value)
            ? new(match.Groups["what"].Value, match.Groups["many"].Success) : null;

    /// <summary>Whether what is counted are events of a sound: "barks" of "a dog barks" or "a dog's bark". How often things are heard does not tell how many
    /// they are: two barks may be one dog's.</summary>
    public bool IsEventOf(SoundName sound)
    {
        string counted = What.Split(' ')[^1], noun = sound.Noun.Split(' ')[^1];
        string[] clause = OrderQuestion.Name(sound.Caption).Split(' ');         // who, and what he does
        bool plural = clause.Length == sound.Caption.Split(' ').Length;         // "people clap": how many claps
        return counted.EndsWith('s')
            && (clause.Skip(1).Any(word => Is(word) || (plural && IsOne(word))) || (!clause.Contains(noun) && (Is(noun) || IsOne(noun))));

        bool Is(string word) => counted.Equals(word, StringComparison.OrdinalIgnoreCase);
        bool IsOne(string word) => Is(word + "s") || Is(word + "es");
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
