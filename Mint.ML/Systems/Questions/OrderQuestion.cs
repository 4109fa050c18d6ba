using System.Text.RegularExpressions;

namespace Mint.ML.Systems.Questions;

/// <summary>Questions which of two sounds comes first or last: "Which comes first, the dog or the rain?"</summary>
/// <param name="One">One of them, as it is asked for.</param>
/// <param name="Other">The other.</param>
/// <param name="Last">Whether the last is asked for.</param>
internal sealed partial record OrderQuestion(string One, string Other, bool Last)
{
    /// <summary>What is asked; null of a question of another kind.</summary>
    public static OrderQuestion? Asked(string question) => Form().Match(question) is var match && QuestionParts.NamesTwo(match)
        ? new(match.Groups["one"].Value, match.Groups["other"].Value, match.Groups["which"].Value.Equals("last", StringComparison.OrdinalIgnoreCase)) : null;

    /// <summary>A sound's name without its article.</summary>
    public static string Name(string asked) => Article().Replace(asked, "");

    [GeneratedRegex(@"^(?:what|which)\s.*?\b(?<which>first|last)\s*[,:]?\s+(?<one>.+?),?\s+or\s+(?<other>.+?)\s*[?.!]*$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();

    [GeneratedRegex(@"^(?:an?|the)\s+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Article();
}
