using System.Text.RegularExpressions;
using Mint.ML.Encoders;
using Mint.ML.Text;
using static Mint.ML.Systems.Questions.QuestionParts;

namespace Mint.ML.Systems.Questions;

/// <summary>Answers of a model that is told names of sounds: the one place where sounds become a sentence.</summary>
/// <remarks>
/// Questions are known by their form. To any other question the answer is what is heard, and that no more can be told: a language model that is told a name
/// alone answers every question, and most of them wrongly.
/// </remarks>
internal static partial class HeardAnswers
{
    /// <summary>Of each of B sounds the answer to a question.</summary>
    /// <param name="names">Who hears.</param>
    /// <param name="sounds">The sounds.</param>
    /// <param name="question">What is asked about all of them.</param>
    public static string[] Of(NamedSounds names, AudioEncoding sounds, string question)
    {
        if (Read(question) is not { } read) return Told(Otherwise);
        question = read;
        if (LoudnessQuestion.Asked(question) is { } loudness) return LoudnessAnswers.Of(loudness, names, sounds) ?? Told(Otherwise);
        if (PresenceQuestion.Asked(question) is { } asked) return [.. names.Hears(sounds, asked).Select(there => there ? "yes" : NotHeard.No)];
        if (CountQuestion.Asked(question) is { } counted) return names.CanCount(counted) ? names.Count(sounds, counted.What) : Told(Otherwise);
        if (OrderQuestion.Asked(question) is { } order) return names.InOrder(sounds, order);
        if (EitherQuestion.Asked(question) is { } either) return names.Either(sounds, either);
        if (Genre().IsMatch(question)) return Told(_ => "an unclear genre"); // the names that it has of genres tell no more than chance
        if (Caption().IsMatch(question)) return Told(Captioned);
        if (List().IsMatch(question)) return Told(heard => string.Join(", ", heard.Sounds.Select(one => one.Noun)));
        if (First().IsMatch(question)) return Told(heard => heard.InOrder ? heard.Sounds[0].Noun : Together(heard));
        if (Last().IsMatch(question)) return Told(heard => heard.InOrder ? heard.Sounds[^1].Noun : Together(heard));
        if (Different().IsMatch(question)) return Told(heard => heard.Sounds.Count == 1 ? "one" : "two");
        if (KindQuestion.Asked(question) is { } kind && names.Kind(kind.Kind) is { } known) return names.OfKind(sounds, known, kind.Family);
        if (Place().IsMatch(question)) return Told(heard => heard.Sounds.FirstOrDefault(one => one.Place is not null)?.Place ?? Otherwise(heard));
        return Told(Otherwise);

        string[] Told(Func<ToldSounds, string> say) => [.. names.Tell(sounds).Select(say)];
    }

    /// <summary>Whether a question asks for the sound itself, besides its frames.</summary>
    public static bool NeedsSound(string question) => Read(question) is { } read
        && (CountQuestion.Asked(read) is not null || LoudnessQuestion.Asked(read) is not null);

    private static string Captioned(ToldSounds heard) => string.Join(heard.InOrder ? ", then " : " and ", heard.Sounds.Select(one => one.Caption));

    private static string Otherwise(ToldSounds heard) => NotHeard.CannotTell(Captioned(heard));

    // Neither is surely before the other.
    private static string Together(ToldSounds heard) => $"{string.Join(" and ", heard.Sounds.Select(one => one.Noun))} together";

    [GeneratedRegex(
        """
        ^(?:(?:please\s+)?(?:generate\s+(?:an?\s+)?(?:audio\s+)?caption | (?:write|give)\s+(?:me\s+)?a\s+caption | (?:audio\s+)?captions?\b | describe\b
              | tell\s+me\s+what\s+you\s+hear | summari[sz]e\b)
          | (?:can|could)\s+you\s+(?:describe|caption)\b
          | what\s+(?:can|could|do|did)\s+(?:be\s+heard|you\s+hear|one\s+hear|i\s+hear) | what\s+is\s+(?:heard|happening|going\s+on|audible)
          | what\s+happens | what\s+does\s+(?:it|this)\s+sound\s+like
        )(?!.*\b(?:first|last|after|before|next|beginning|end|besides)\b)
        """, Options)]
    private static partial Regex Caption();

    [GeneratedRegex(
        """
        ^(?:(?:list|name)\s+(?:all\s+)?(?:the\s+)?(?:sounds?|tags|labels) | (?:tags?|labels?)(?:\s+(?:it|this|the)\b.*|\s*[:.]*)$
          | (?:what|which)\s+(?:(?:kinds?|types?|sorts?)\s+of\s+)?(?:sounds?|noises?)\s+(?:(?:is|are)\s+(?:it|this|that|there|these|heard|audible|present|playing)
              | (?:can|could|do|did)\s+(?:be\s+heard|(?:you|one|we|i)\s+hear) | does\s+(?:it|this|that)\s+make)\b(?!.*\b(?:first|last|after|before)\b)
          | this\s+is\s+a\s+sound\s+of
          | what\s+(?:is|was)\s+(?:it|this|that|(?:this|that|the)\s+(?:sound|noise))\s*\?*$)
        """, Options)]
    private static partial Regex List();

    private const string Comes = @"^(?:what|which)(?:\s+(?:sounds?|noises?|one|thing))?"
        + @"\s+(?:comes?|is|was|sounds|(?:is|was)\s+heard|can\s+be\s+heard|(?:do|can|did)\s+(?:you|i|we|one)\s+hear)";

    [GeneratedRegex(Comes + @"\s+first\s*[?.!]*$", Options)]
    private static partial Regex First();

    [GeneratedRegex(Comes + @"\s+last\s*[?.!]*$", Options)]
    private static partial Regex Last();

    [GeneratedRegex(@"^how\s+many\s+(?:different\s+)?sounds\b", Options)]
    private static partial Regex Different();

    [GeneratedRegex(@"^(?:what|which)\s+(?:(?:kind|style|type|sort)\s+of\s+music|music|(?:musical\s+|music\s+)?(?:genre|style))\b", Options)]
    private static partial Regex Genre();

    [GeneratedRegex(@"^(?:is|was)\s+(?:it|this|that|(?:the|this)\s+\S+)\s+(?:recorded\s+|heard\s+)?(?:indoors?|outdoors?|inside|outside)\b"
        + @"|^where\s+(?:is|was)\s", Options)]
    private static partial Regex Place();
}
