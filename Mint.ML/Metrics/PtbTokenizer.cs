using System.Text.RegularExpressions;

namespace Mint.ML.Metrics;

/// <summary>Words of a caption as the Penn Treebank splits them, in lower case and without punctuation.</summary>
/// <remarks>
/// What pycocoevalcap's PTBTokenizer (Stanford CoreNLP with -lowerCase, then a list of punctuation to drop) does with English captions:
/// clitics are split (<c>isn't</c> = <c>is n't</c>, <c>dog's</c> = <c>dog 's</c>), so are <c>cannot</c>, <c>gonna</c> and their like; hyphenated words,
/// numbers with separators and abbreviations stay whole; symbols such as <c>%</c> and <c>&amp;</c> are words of their own. Brackets become
/// <c>-lrb-</c> and <c>-rrb-</c> and stay, because the list of punctuation names them in upper case: a quirk kept, as scores depend on it.
/// Web addresses, emoticons and fractions, which CoreNLP also knows, are not treated specially.
/// </remarks>
internal static partial class PtbTokenizer
{
    private static readonly HashSet<string> punctuation = ["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";", "\""];

    private static readonly Dictionary<string, string> brackets = new()
    {
        ["("] = "-lrb-",
        [")"] = "-rrb-",
        ["{"] = "-lcb-",
        ["}"] = "-rcb-",
        ["["] = "-lsb-",
        ["]"] = "-rsb-",
    };

    // Two words written as one; the number is where the second begins.
    private static readonly Dictionary<string, int> merged = new()
    {
        ["cannot"] = 3,
        ["gonna"] = 3,
        ["gotta"] = 3,
        ["wanna"] = 3,
        ["lemme"] = 3,
        ["gimme"] = 3,
        ["'tis"] = 2,
        ["'twas"] = 2,
    };

    /// <summary>The words of a text; none for one without words.</summary>
    public static string[] Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = new List<string>();
        string plain = text.ToLowerInvariant().Replace('\u2018', '\'').Replace('\u2019', '\'').Replace('\u201c', '"').Replace('\u201d', '"')
            .Replace('\u2013', '-').Replace("\u2014", "--");
        foreach (Match match in Pieces().Matches(plain)) Add(match.Value, words);
        return [.. words];
    }

    private static void Add(string piece, List<string> words)
    {
        if (punctuation.Contains(piece)) return;
        if (brackets.TryGetValue(piece, out string? name)) words.Add(name);
        else if (merged.TryGetValue(piece, out int second)) words.AddRange([piece[..second], piece[second..]]);
        else if (Clitic().Match(piece) is { Success: true } clitic) words.AddRange([piece[..clitic.Index], clitic.Value]);
        else words.Add(piece);
    }

    // In this order: abbreviations, numbers, words with inner hyphens, apostrophes, ampersands and dots, runs of dots and hyphens, single symbols.
    [GeneratedRegex(@"'t(?:is|was)\b|(?:mr|mrs|ms|dr|st|vs|jr|sr|prof|etc)\.(?=\s)|(?:\p{L}\.){2,}|\d+(?:[.,:]\d+)+|'(?:s|re|ve|ll|d|m)\b|"
        + @"[\p{L}\p{M}\p{N}_]+(?:[-'&.@/][\p{L}\p{M}\p{N}_]+)*|\.{2,}|-{2,}|``|''|\S", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Pieces();

    [GeneratedRegex("(?<=.)(?:n't|'(?:s|re|ve|ll|d|m))$", RegexOptions.CultureInvariant)]
    private static partial Regex Clitic();
}
