using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mint.ML.Text;

/// <summary>How a special token is found in a text; the names of the files in brackets.</summary>
/// <param name="Left">Takes the white space before it (lstrip).</param>
/// <param name="Right">Takes the white space behind it (rstrip).</param>
/// <param name="SingleWord">Is none inside a word (single_word).</param>
/// <param name="Normalized">Is looked for in the normalised text, normalised itself (normalized).</param>
internal readonly record struct TokenRules(bool Left = false, bool Right = false, bool SingleWord = false, bool Normalized = false);

/// <summary>One token that is recognised whole in a text.</summary>
/// <param name="Text">As it is spelled.</param>
/// <param name="Id">Its id.</param>
/// <param name="Rules">How it is found.</param>
/// <param name="Skipped">Left out when decoding without special tokens.</param>
internal readonly record struct SpecialToken(string Text, int Id, TokenRules Rules = default, bool Skipped = true);

/// <summary>The special tokens of a tokenizer: finds them in texts, earliest first, and of those the longest.</summary>
internal sealed class SpecialTokens
{
    private readonly Dictionary<string, SpecialToken> byText = new(StringComparer.Ordinal);
    private readonly Dictionary<int, SpecialToken> byId = [];
    private readonly Finder all;
    private readonly Finder asGiven;
    private readonly Finder inNormalized;

    /// <param name="tokens">Of two with one spelling or one id the first counts.</param>
    /// <param name="normalize">What a text goes through; null where tokens that are marked as normalised are found in the text as it is.</param>
    public SpecialTokens(IEnumerable<SpecialToken> tokens, Func<string, string>? normalize = null)
    {
        foreach (var token in tokens.Where(token => token.Text.Length > 0))
        {
            byText.TryAdd(token.Text, token);
            byId.TryAdd(token.Id, token);
        }
        bool Later(SpecialToken token) => normalize is not null && token.Rules.Normalized;
        all = new(byText.Values.Select(token => (token.Text, token)));
        asGiven = new(byText.Values.Where(token => !Later(token)).Select(token => (token.Text, token)));
        inNormalized = new(byText.Values.Where(Later).Select(token => (normalize!(token.Text), token)));
    }

    /// <summary>Whether any token is marked as a whole word.</summary>
    public bool AnySingleWord => byText.Values.Any(token => token.Rules.SingleWord);

    public bool IsSkipped(int id) => byId.TryGetValue(id, out var token) && token.Skipped;

    public bool Contains(int id) => byId.ContainsKey(id);

    public string? Text(int id) => byId.TryGetValue(id, out var token) ? token.Text : null;

    public int? Id(string text) => byText.TryGetValue(text, out var token) ? token.Id : null;

    public int HighestId => byId.Count == 0 ? -1 : byId.Keys.Max();

    /// <summary>Length of the special token at an index, or 0.</summary>
    public int LengthAt(string text, int at) => all.LengthAt(text, at);

    /// <summary>Stretches of a text as given (no token) and special tokens, in order; empty stretches are left out.</summary>
    public IEnumerable<(string Text, SpecialToken? Token)> Split(string text) => asGiven.Split(text);

    /// <summary>The same in a normalised stretch, of those tokens that are looked for there.</summary>
    public IEnumerable<(string Text, SpecialToken? Token)> SplitNormalized(string text) => inNormalized.Split(text);

    private sealed class Finder
    {
        private readonly Dictionary<char, (string Spelling, SpecialToken Token)[]> byFirst;
        private readonly SearchValues<char> firsts;

        public Finder(IEnumerable<(string Spelling, SpecialToken Token)> tokens)
        {
            byFirst = tokens.Where(entry => entry.Spelling.Length > 0).GroupBy(entry => entry.Spelling[0])
                .ToDictionary(group => group.Key, group => group.OrderByDescending(entry => entry.Spelling.Length).ToArray());
            firsts = SearchValues.Create([.. byFirst.Keys]);
        }

        public int LengthAt(string text, int at) => byFirst.ContainsKey(text[at]) && Find(text, at) is { } found ? found.Spelling.Length : 0;

        public IEnumerable<(string Text, SpecialToken? Token)> Split(string text)
        {
            var start = 0;
            for (var at = 0; at < text.Length;)
            {
                var next = text.AsSpan(at).IndexOfAny(firsts);
                if (next < 0)
                    break;
                at += next;
                if (Find(text, at) is not var (spelling, token))
                {
                    at++;
                    continue;
                }
                var end = at + spelling.Length;
                // One that is discarded is passed over whole, as in the original: what lies inside it is not looked for.
                if (token.Rules.SingleWord && ((at > 0 && IsWordEnd(text.AsSpan(0, at))) || (end < text.Length && IsWordStart(text.AsSpan(end)))))
                {
                    at = end;
                    continue;
                }
                var before = text.AsSpan(start, at - start);
                if (token.Rules.Left)
                    before = before.TrimEnd();
                if (before.Length > 0)
                    yield return (text.Substring(start, before.Length), null);
                yield return (token.Text, token);
                at = start = token.Rules.Right ? text.Length - text.AsSpan(end).TrimStart().Length : end;
            }
            if (start < text.Length)
                yield return (text[start..], null);
        }

        private (string Spelling, SpecialToken Token)? Find(string text, int at)
        {
            foreach (var entry in byFirst[text[at]])
            {
                if (text.AsSpan(at).StartsWith(entry.Spelling, StringComparison.Ordinal))
                    return entry;
            }
            return null;
        }

        private static bool IsWordEnd(ReadOnlySpan<char> text)
        {
            Rune.DecodeLastFromUtf16(text, out var rune, out _);
            return IsWord(rune);
        }

        private static bool IsWordStart(ReadOnlySpan<char> text) => IsWord(UnicodeNormalization.RuneAt(text, 0, out _));

        // \w of the original's regular expressions: letters, marks, digits, connectors and joiners.
        private static bool IsWord(Rune rune) => Rune.IsLetter(rune) || rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
    }
}
