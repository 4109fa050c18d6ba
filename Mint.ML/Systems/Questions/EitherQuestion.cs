using System.Text.RegularExpressions;

namespace Mint.ML.Systems.Questions;

/// <summary>Questions which of two sounds something is: "Is it a cat or a dog?", "Is there rain or wind?"</summary>
/// <param name="One">One of them, as it is asked for.</param>
/// <param name="Other">The other.</param>
internal sealed partial record EitherQuestion(string One, string Other)
{
    /// <summary>What is asked; null of a question of another kind.</summary>
    public static EitherQuestion? Asked(string question) => Form().Match(question) is var match && QuestionParts.NamesTwo(match)
        ? new(match.Groups["one"].Value, match.Groups["other"].Value) : null;

    // "Loud or quiet", "indoors or outdoors" are no sounds: the first has an article, or is there.
    [GeneratedRegex(@"^(?:(?:is|was)\s+(?:it|this|that)\s+(?<one>(?:an?|the)\s.+?)|(?:is|are)\s+there\s+(?<one>.+?)),?\s+or\s+(?<other>.+?)\s*[?.!]*$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
