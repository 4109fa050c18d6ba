using System.Text.RegularExpressions;

namespace Mint.ML.Systems.Questions;

/// <summary>What the forms of questions have in common. A form's own white space means nothing (<see cref="Options"/>).</summary>
internal static partial class QuestionParts
{
    public const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace;

    /// <summary>What may stand before a thing.</summary>
    public const string Article = @"(?:an?\s+|the\s+|any\s+|some\s+)?";

    /// <summary>The whole of what is heard.</summary>
    public const string It = @"(?:it|this|that|(?:the|this)\s+(?:sound|noise|recording|clip|audio))";

    /// <summary>What may end a question: where, and its mark.</summary>
    public const string End = @"(?:\s+(?:here|there|in\s+(?:it|(?:this|the)\s+(?:recording|clip|audio|sound|background))))?\s*[?.!…]*$";

    // No form reads a question that is longer: what a person asks of a sound is not.
    private const int Longest = 300;

    /// <summary>A question with single spaces; null of one that no form reads: too long, or one that denies, which would be answered as if it asked.</summary>
    public static string? Read(string question)
    {
        if (question.Length > 4 * Longest) return null;
        string read = Space().Replace(question.Trim(), " ");
        return read.Length > Longest || Denial().IsMatch(read) ? null : Short().Replace(read, " is");
    }

    /// <summary>Whether a text of a form names a sound, and is not a sentence, a number, a time or a change of which a name tells nothing.</summary>
    public static bool IsThing(string text) => text.Length > 0 && !More().IsMatch(text) && text.Split(' ').Length <= 6;

    /// <summary>Whether a form that names two sounds, "one" and "other", was found and does.</summary>
    public static bool NamesTwo(Match match) => match.Success && IsThing(match.Groups["one"].Value) && IsThing(match.Groups["other"].Value);

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"(?<=^(?:what|which|who|where|how))['’]s\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Short();

    [GeneratedRegex(@"\b(?:no|not|never|nothing|none|neither|nobody|without|except|besides|missing|cannot)\b|n['’]t\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Denial();

    // The words are those by which somebody who tried to break it got the answer to another question.
    [GeneratedRegex(
        """
        [,.;:?!"“”()\d] | ^-\s | \s-\s
        | \b(?:and|or|than|before|after|during|while|until|when|if|because|between|with|who|whose|which|that
            | he|she|they|it|you|i|we|one|two|three|four|five|six|seven|eight|nine|ten|several|many|much|few|fewer|only|just|once|twice|times?
            | more|most|less|least|another|other|different|second|seconds|third|first|last|next|again|still|too|very|ever
            | something|anything|everything|someone['’]s|anyone
            | louder|quieter|softer|loud|quiet|soft|higher|lower|faster|slower|longer|shorter
            | stops?|starts?|begins?|ends?|gets?|becomes?|grows?|increases?|decreases?|rises?|fades?|changes?|repeats?
            | rising|fading|increasing|decreasing|happening|changing
            | says?|said|means?|names?|called|words?|volume|level|loudness|pitch|tempo|rhythm|channels?|beginning|decibels?|hertz|minutes?)\b
        """, Options)]
    private static partial Regex More();
}
