using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Mint.ML.Text;

/// <summary>BERT's cleaning of a text: control characters out, white space to spaces, Chinese characters apart, form C, and for uncased models lower case
/// without accents.</summary>
/// <remarks>The order is that of transformers' BasicTokenizer. Unicode forms come from <see cref="UnicodeNormalization"/>, so that the result does not depend
/// on the machine.</remarks>
internal sealed class BertNormalizer(bool lowerCase, bool stripAccents, bool splitChinese) : Normalizer
{
    public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());

    public override string Normalize(string original)
    {
        var clean = new StringBuilder(original.Length);
        for (var i = 0; i < original.Length;)
        {
            var rune = UnicodeNormalization.RuneAt(original, i, out var width);
            i += width;
            if (IsSpace(rune))
                clean.Append(' ');
            else if (IsDropped(rune))
                continue;
            else if (splitChinese && IsChinese(rune.Value))
                clean.Append(' ').Append(rune).Append(' ');
            else
                clean.Append(rune);
        }
        var text = UnicodeNormalization.Compose(clean.ToString());
        if (lowerCase)
            text = UnicodeNormalization.LowerEach(text);
        return stripAccents ? WithoutAccents(UnicodeNormalization.Decompose(text)) : text;
    }

    private static bool IsSpace(Rune rune) => rune.Value is ' ' or '\t' or '\n' or '\r' || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator;

    private static bool IsDropped(Rune rune) => rune.Value == 0xFFFD || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;

    private static bool IsChinese(int point) =>
        point is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
        or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B820 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    private static string WithoutAccents(string text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
                kept.Append(rune);
        }
        return kept.ToString();
    }
}

/// <summary>Splits at white space, and takes every punctuation character apart.</summary>
internal sealed class BertPreTokenizer : PreTokenizer
{
    public override IEnumerable<(int, int)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    public override IEnumerable<(int, int)> PreTokenize(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length;)
        {
            var rune = UnicodeNormalization.RuneAt(text, i, out var width);
            var punctuation = IsPunctuation(rune);
            if (punctuation || IsSpace(rune.Value))
            {
                if (i > start)
                    yield return (start, i - start);
                if (punctuation)
                    yield return (i, width);
                start = i + width;
            }
            i += width;
        }
        if (start < text.Length)
            yield return (start, text.Length - start);
    }

    // Python's str.split() also splits at the information separators.
    private static bool IsSpace(int point) => point is (>= 0x1C and <= 0x1F) || (point <= char.MaxValue && char.IsWhiteSpace((char)point));

    // All ASCII that is neither letter, digit, space nor control counts, whatever its Unicode category.
    private static bool IsPunctuation(Rune rune) => rune.Value is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
            or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
            or UnicodeCategory.OtherPunctuation;
}
