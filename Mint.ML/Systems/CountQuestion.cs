using System.Text.RegularExpressions;

namespace Mint.ML.Systems;

/// <summary>Questions how often something is heard, in their usual forms: "How many times does the dog bark?", "How many knocks are there?"</summary>
internal static partial class CountQuestion
{
    /// <summary>What is counted, without its article; null of a question of another kind.</summary>
    public static string? Asked(string question) => Forms().Match(question.Trim()) is { Success: true } match ? match.Groups["what"].Value : null;

    // People and voices are not events, and "sounds" are told by their names.
    [GeneratedRegex(
        """
        ^(?:
            how\s+(?:many\s+times|often)\s+(?:
                (?:do|does|did|can|could)\s+(?:you|one|we|i)\s+hear\s+(?:an?\s+|the\s+)?(?<what>.+?)
              | (?:can|could|is|are|was|were)\s+(?:an?\s+|the\s+)?(?<what>.+?)\s+(?:be\s+)?(?:heard|audible)
              | (?:do|does|did|is|are|was|were|has|have)\s+(?:an?\s+|the\s+)?(?<what>.+?))
          | (?:how\s+many|count)\s+(?:the\s+)?
            (?!(?:times|(?:different\s+)?sounds?|kinds?|types?|seconds?|minutes?|people|persons?|men|women|speakers?|voices?|instruments?)\b)
            (?<what>\S+?(?:\s+\S+?){0,3}?)(?:\s+(?:are|is|can|could|do|does|did|were|was)\b.*?)?
        )
        (?:\s+(?:here|there|in\s+(?:it|(?:this|the)\s+(?:recording|clip|audio|sound|background))))?\s*[?.]*$
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Forms();
}
