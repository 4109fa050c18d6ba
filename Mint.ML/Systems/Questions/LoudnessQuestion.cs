using System.Text.RegularExpressions;
using static Mint.ML.Systems.Questions.QuestionParts;

namespace Mint.ML.Systems.Questions;

/// <summary>Questions how loud something is, in their usual forms.</summary>
internal abstract partial record LoudnessQuestion
{
    /// <summary>"Is it loud?", "How loud is it?", "Is it loud or quiet?"</summary>
    /// <param name="Loud">Of a yes or a no, whether loud is asked for, or quiet; null where the answer is a word.</param>
    public sealed record OfAll(bool? Loud) : LoudnessQuestion;

    /// <summary>"Does it get louder?", "Does it get louder or quieter?"</summary>
    /// <param name="Louder">Of a yes or a no, whether louder is asked for, or quieter; null where the answer is a word.</param>
    public sealed record Change(bool? Louder) : LoudnessQuestion;

    /// <summary>"Which is louder, the dog or the rain?", "Is the dog louder than the rain?"</summary>
    /// <param name="One">One of them, as it is asked for.</param>
    /// <param name="Other">The other.</param>
    /// <param name="Louder">Whether the louder one is asked for, or the quieter.</param>
    /// <param name="YesNo">Whether it is asked if it is the first.</param>
    public sealed record OfTwo(string One, string Other, bool Louder, bool YesNo) : LoudnessQuestion;

    /// <summary>What is asked; null of a question of another kind.</summary>
    public static LoudnessQuestion? Asked(string question)
    {
        if (AllForm().Match(question) is { Success: true } all)
            return new OfAll(all.Groups["how"].Success || all.Groups["or"].Success ? null : IsLoud(all.Groups["level"].Value));
        if (ChangeForm().Match(question) is { Success: true } change)
            return new Change(change.Groups["or"].Success ? null : IsLoud(change.Groups["way"].Value));
        if (TwoForm().Match(question) is var two && NamesTwo(two))
            return new OfTwo(two.Groups["one"].Value, two.Groups["other"].Value, IsLoud(two.Groups["way"].Value), two.Groups["yesNo"].Success);
        return null;
    }

    private static bool IsLoud(string word) => word.StartsWith("loud", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(
        $$"""
        ^(?:(?<how>how)\s+(?:loud|quiet)\s+(?:is|was)\s+{{It}}
          | (?:is|was)\s+{{It}}\s+(?:an?\s+)?(?:very\s+|rather\s+|quite\s+)?(?<level>loud|quiet|soft)(?:\s+(?:sound|noise|recording))?
            (?<or>\s+or\s+(?:loud|quiet|soft))?){{End}}
        """, Options)]
    private static partial Regex AllForm();

    [GeneratedRegex(
        $$"""
        ^(?:(?:does\s+{{It}}\s+(?:get|become|grow)|is\s+{{It}}\s+(?:getting|becoming|growing))\s+
            (?<way>louder|quieter|softer)(?<or>\s+or\s+(?:louder|quieter|softer))?(?:\s+over\s+time)?
          | does\s+{{It}}\s+(?<way>fade)\s+(?:out|away)){{End}}
        """, Options)]
    private static partial Regex ChangeForm();

    [GeneratedRegex(
        $$"""
        ^(?:(?:what|which)\s+(?:(?:one|sound|of\s+(?:them|these|the\s+two))\s+)?(?:is|was)\s+(?:the\s+)?(?<way>louder|quieter|softer)(?:\s+one)?
                (?:\s*[,:–—-])?\s+(?<one>.+?),?\s+or\s+(?<other>.+?)
          | (?<yesNo>is|was)\s+(?!(?:it|this|that|there)\b)(?<one>\S.*?)\s+(?<way>louder|quieter|softer)\s+than\s+(?<other>.+?)){{End}}
        """, Options)]
    private static partial Regex TwoForm();
}
