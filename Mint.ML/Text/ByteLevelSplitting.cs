using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>Splits a text by a pattern that matches everywhere.</summary>
internal abstract class PatternPreTokenizer : PreTokenizer
{
    public override IEnumerable<(int, int)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    public override IEnumerable<(int, int)> PreTokenize(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var length = Match(text, at);
            yield return (at, length);
            at += length;
        }
    }

    /// <summary>Length of the match at a place.</summary>
    private protected abstract int Match(string text, int at);
}

/// <summary>
/// GPT-2's pattern, <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>, on whole characters: .NET's regular expressions
/// would take letters outside the basic plane for surrogates.
/// </summary>
internal sealed class ByteLevelPreTokenizer : PatternPreTokenizer
{
    private protected override int Match(string text, int at)
    {
        if (WordScan.Contraction(text, at) is > 0 and var contraction)
            return contraction;
        var word = text[at] == ' ' && at + 1 < text.Length ? at + 1 : at;
        var kind = WordScan.KindAt(text, word, out _);
        if (kind != WordKind.Space)
            return WordScan.RunEnd(text, word, kind) - at;
        // White space up to the last one before a word, which goes with the word (if it is a space) or stands alone.
        var end = WordScan.RunEnd(text, at, WordKind.Space);
        return end < text.Length && end - at > 1 ? end - at - 1 : end - at;
    }
}

/// <summary>
/// Llama 3's pattern, <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>, on whole
/// characters. Qwen 2's takes digits one by one.
/// </summary>
/// <param name="digits">Most digits that stay together.</param>
internal sealed class LlamaPreTokenizer(int digits) : PatternPreTokenizer
{
    private protected override int Match(string text, int at)
    {
        if (WordScan.Contraction(text, at, ignoreCase: true) is > 0 and var contraction)
            return contraction;
        var kind = WordScan.KindAt(text, at, out var width);
        // A word takes one character before it that is no line break.
        var word = kind is WordKind.Space or WordKind.Other && text[at] is not ('\r' or '\n') ? at + width : at;
        if (WordScan.RunEnd(text, word, WordKind.Letter) is var letters && letters > word)
            return letters - at;
        if (kind == WordKind.Number)
        {
            var end = at;
            for (var taken = 0; taken < digits && end < text.Length && WordScan.KindAt(text, end, out width) == WordKind.Number; taken++)
                end += width;
            return end - at;
        }
        var other = text[at] == ' ' ? at + 1 : at;
        if (WordScan.RunEnd(text, other, WordKind.Other) is var symbols && symbols > other)
        {
            while (symbols < text.Length && text[symbols] is '\r' or '\n')
                symbols++;
            return symbols - at;
        }
        var spaces = WordScan.RunEnd(text, at, WordKind.Space);
        if (text.AsSpan(at, spaces - at).LastIndexOfAny('\r', '\n') is >= 0 and var line)
            return line + 1;
        return spaces < text.Length && spaces - at > 1 ? spaces - at - 1 : spaces - at;
    }
}

/// <summary>What a character is to the byte-level patterns.</summary>
internal enum WordKind
{
    Space,
    Letter,
    Number,
    Other,
}

/// <summary>Scanning by kinds of character.</summary>
internal static class WordScan
{
    private static readonly string[] contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    /// <summary>Length of the English contraction at an index, or 0.</summary>
    public static int Contraction(string text, int at, bool ignoreCase = false)
    {
        if (text[at] != '\'')
            return 0;
        foreach (var contraction in contractions)
        {
            if (text.AsSpan(at).StartsWith(contraction, ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal))
                return contraction.Length;
        }
        // The long s is an s of either case.
        return ignoreCase && at + 1 < text.Length && text[at + 1] == 'ſ' ? 2 : 0;
    }

    /// <summary>Kind of the character at an index.</summary>
    public static WordKind KindAt(string text, int at, out int width)
    {
        var rune = UnicodeNormalization.RuneAt(text, at, out width);
        return Rune.IsWhiteSpace(rune) ? WordKind.Space : Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => WordKind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => WordKind.Number,
            _ => WordKind.Other,
        };
    }

    /// <summary>Where the run of one kind that covers an index ends.</summary>
    public static int RunEnd(string text, int at, WordKind kind)
    {
        while (at < text.Length && KindAt(text, at, out var width) == kind)
            at += width;
        return at;
    }
}
