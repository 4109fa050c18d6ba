using System.Text.RegularExpressions;

namespace Mint.ML.Systems;

/// <summary>Questions whether something is heard, in their usual forms: "Is there a dog?", "Can rain be heard?", "Do you hear a man speaking?"</summary>
internal static partial class PresenceQuestion
{
    /// <summary>What is asked for, without its article; null of a question of another kind.</summary>
    public static string? Asked(string question) =>
        Forms().Match(question.Trim()) is { Success: true } match && !match.Groups["what"].Value.Contains(" or ", StringComparison.OrdinalIgnoreCase)
            ? match.Groups["what"].Value.Trim() : null;

    [GeneratedRegex(
        """
        ^(?:
            (?:is|are)\s+there\s+(?:(?:a|the|any)\s+sounds?\s+of\s+(?:an?\s+)?|an?\s+|the\s+|any\s+|some\s+)?(?<what>.+?)
          | (?:do|does|can|could)\s+(?:you|one|we|i|it|he|she|they)\s+hear\s+(?:an?\s+|the\s+|any\s+|some\s+)?(?<what>.+?)
          | (?:can|could)\s+(?:an?\s+|the\s+|any\s+|some\s+)?(?<what>.+?)\s+be\s+heard
          | (?:is|are)\s+(?:an?\s+|the\s+|any\s+|some\s+)?(?<what>.+?)\s+(?:audible|present|heard)
        )
        (?:\s+(?:here|there|in\s+(?:it|(?:this|the)\s+(?:recording|clip|audio|sound|background))))?\s*\?*$
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Forms();
}
