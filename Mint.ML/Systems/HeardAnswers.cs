using System.Text.RegularExpressions;
using Mint.ML.Encoders;

namespace Mint.ML.Systems;

/// <summary>Questions that names of sounds answer without a language model, and the answers: the one place where sounds become a sentence.</summary>
internal static partial class HeardAnswers
{
    private const string Instrument = "a musical instrument";

    /// <summary>Of each of B sounds the answer to a question; null of a question of another kind.</summary>
    /// <param name="names">Who hears.</param>
    /// <param name="sounds">The sounds.</param>
    /// <param name="question">What is asked about all of them.</param>
    public static string[]? Of(NamedSounds names, AudioEncoding sounds, string question)
    {
        question = question.Trim();
        if (PresenceQuestion.Asked(question) is { } asked) return [.. names.Hears(sounds, asked).Select(there => there ? "yes" : "no")];
        if (CountQuestion.Asked(question) is { } counted) return names.Count(sounds, counted);
        if (OrderQuestion.Asked(question) is { } order) return names.InOrder(sounds, order);
        if (Family().IsMatch(question)) return names.TellKind(sounds, Instrument);
        if (Playing().IsMatch(question)) return Told(Instrument, heard => heard.Sounds[0].Noun);
        if (Genre().IsMatch(question)) return Told(null, _ => "an unclear genre"); // the names that it has of genres tell no more than chance
        if (Caption().IsMatch(question)) return Told(null, heard => string.Join(heard.InOrder ? ", then " : " and ", heard.Sounds.Select(one => one.Caption)));
        if (List().IsMatch(question)) return Told(null, heard => string.Join(", ", heard.Sounds.Select(one => one.Noun)));
        if (First().IsMatch(question)) return Told(null, heard => heard.InOrder ? heard.Sounds[0].Noun : Together(heard));
        if (Last().IsMatch(question)) return Told(null, heard => heard.InOrder ? heard.Sounds[^1].Noun : Together(heard));
        return Different().IsMatch(question) ? Told(null, heard => heard.Sounds.Count == 1 ? "one" : "two") : null;

        string[] Told(string? among, Func<ToldSounds, string> say) => [.. names.Tell(sounds, among).Select(say)];
    }

    /// <summary>Of each of B sounds what is answered to any other question where it is not known what is heard, whatever the language model would make of it;
    /// null where it is known.</summary>
    public static string?[] OfUnclear(NamedSounds names, AudioEncoding sounds) =>
        [.. names.Tell(sounds).Select(heard => heard.Sounds[0] == NamedSounds.Unclear ? "it is unclear what is heard" : null)];

    // Neither is surely before the other.
    private static string Together(ToldSounds heard) => $"{string.Join(" and ", heard.Sounds.Select(one => one.Noun))} together";

    private const RegexOptions Form = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace;

    [GeneratedRegex(
        """
        ^(?:generate\s+(?:an?\s+)?(?:audio\s+)?caption | (?:write|give)\s+(?:me\s+)?a\s+caption | caption\s+(?:it|this|the) | describe\s
          | what\s+can\s+(?:be\s+heard|you\s+hear) | what\s+do\s+you\s+hear | what\s+is\s+heard | what\s+happens | what\s+does\s+(?:it|this)\s+sound\s+like
        )(?!.*\b(?:first|last)\b)
        """, Form)]
    private static partial Regex Caption();

    [GeneratedRegex(
        """
        ^(?:list\s+(?:all\s+)?(?:the\s+)?sounds | (?:what|which)\s+sounds?\s+(?:is|are|can|do)\b(?!.*\b(?:first|last)\b) | this\s+is\s+a\s+sound\s+of
          | what\s+is\s+(?:it|this|this\s+sound)\s*\?*$)
        """, Form)]
    private static partial Regex List();

    [GeneratedRegex(@"^(?:what|which)\s.*\b(?:comes?|heard|sounds?|is)\s+first\s*\?*$", Form)]
    private static partial Regex First();

    [GeneratedRegex(@"^(?:what|which)\s.*\b(?:comes?|heard|sounds?|is)\s+last\s*\?*$", Form)]
    private static partial Regex Last();

    [GeneratedRegex(@"^how\s+many\s+(?:different\s+)?sounds\b", Form)]
    private static partial Regex Different();

    [GeneratedRegex(@"^(?:what|which)\s+(?:musical\s+)?instrument\s+(?:is|plays?|can|do)\b"
        + @"|^the\s+most\s+prominent\s+instrument\s+in\s+this\s+music\s+is", Form)]
    private static partial Regex Playing();

    [GeneratedRegex(@"^(?:what|which)\s+(?:(?:kind|style|type)\s+of\s+music|(?:musical\s+|music\s+)?(?:genre|style))\b", Form)]
    private static partial Regex Genre();

    [GeneratedRegex(@"^(?:what|which)\s+(?:instrument\s+)?family\b", Form)]
    private static partial Regex Family();
}
