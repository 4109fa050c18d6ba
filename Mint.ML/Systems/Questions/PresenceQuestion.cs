using System.Text.RegularExpressions;
using static Mint.ML.Systems.Questions.QuestionParts;

namespace Mint.ML.Systems.Questions;

/// <summary>Questions whether something is heard, in their usual forms: "Is there a dog?", "Can rain be heard?", "Does a dog bark?", "Is this music?"</summary>
internal static partial class PresenceQuestion
{
    /// <summary>What is asked for, without its article; null of a question of another kind.</summary>
    public static string? Asked(string question) =>
        Forms().Match(question) is { Success: true } match && IsThing(match.Groups["what"].Value.Trim()) ? match.Groups["what"].Value.Trim() : null;

    [GeneratedRegex(
        $$"""
        ^(?:
            (?:is|are|was|were)\s+there\s+(?:(?:a|the|any)\s+sounds?\s+of\s+(?:an?\s+)?|{{Article}})(?<what>.+?)
          | (?:do|does|did|can|could)\s+(?:you|one|we|i|it|he|she|they)\s+hear\s+{{Article}}(?<what>.+?)
          | (?:can|could)\s+{{Article}}(?<what>.+?)\s+be\s+heard
          | (?:is|are)\s+{{Article}}(?<what>.+?)\s+(?:audible|present|heard)
          | (?:is|are)\s+{{Article}}
              (?<what>(?!it\b|this\b|that\b|they\b)\S.*?(?<!\b(?:interest|bor|amaz|annoy|pleas|relax|disturb|frighten|surpris|excit|miss))ing)
          | (?:is|was)\s+(?:it|this|that)\s+(?:(?:the\s+sounds?\s+of\s+(?:an?\s+|the\s+)?|an?\s+|some\s+)(?<what>.+?)
              | (?<what>music|speech|singing|rain|wind|thunder|silence|noise|(?:rain|thunder|bark|meow|talk|sing|laugh|cry|speak|cough|sneez|snor)ing))
          | does\s+(?:it|this|that)\s+sound\s+like\s+(?:an?\s+)?(?<what>.+?)
          | does\s+(?:it|this|(?:this|the)\s+(?:recording|clip|audio|sound))\s+(?:contain|have|include)\s+{{Article}}(?<what>.+?)
          | (?:do|does|did)\s+(?!(?:it|this|that|they|you|we|i|he|she|one)\b|(?:the|this)\s+(?:sounds?|recording|clip|audio)\b){{Article}}(?<what>\S+\s.*?)
        ){{End}}
        """, Options)]
    private static partial Regex Forms();
}
