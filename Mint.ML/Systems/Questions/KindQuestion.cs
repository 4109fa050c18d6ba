using System.Text.RegularExpressions;

namespace Mint.ML.Systems.Questions;

/// <summary>Questions which of a kind something is: "What instrument is it?", "Which animal can be heard?", "What family is it?"</summary>
/// <param name="Kind">The kind without its article: "musical instrument", "animal".</param>
/// <param name="Family">Whether a narrower kind is asked for, and no name.</param>
internal sealed partial record KindQuestion(string Kind, bool Family)
{
    private const string Instrument = "musical instrument";

    /// <summary>What is asked; null of a question of another kind.</summary>
    public static KindQuestion? Asked(string question)
    {
        if (FamilyForm().IsMatch(question)) return new(Instrument, true);
        if (Form().Match(question) is not { Success: true } match) return null;
        string kind = match.Groups["kind"].Value.ToLowerInvariant();
        return new(kind == "instrument" ? Instrument : kind, false);
    }

    [GeneratedRegex(
        """
        ^(?:(?:what|which)\s+(?:(?:kind|sort|type)\s+of\s+(?:an?\s+)?)?(?<kind>[a-z]+(?:\s[a-z]+)?)\s+(?:is|was|plays?|can|do|does|makes?|sounds?)\b
              (?!.*\b(?:louder|loudest|quieter|quietest|softer|first|last|before|after|more|most|than|next)\b).*
          | (?:what|which)\s+(?:is|was)\s+the\s+(?<kind>[a-z]+(?:\s[a-z]+)?)\s*\?*
          | the\s+most\s+prominent\s+(?<kind>instrument)\s+in\s+this\s+music\s+is.*)$
        """, QuestionParts.Options)]
    private static partial Regex Form();

    [GeneratedRegex(@"^(?:what|which)\s+(?:instrument\s+)?family\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex FamilyForm();
}
