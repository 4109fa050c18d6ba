using System.Collections.Frozen;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Mint.ML.Text;

/// <summary>
/// Unicode normalisation forms C and D, and Python's lower-casing.
/// </summary>
/// <remarks>
/// <see cref="string.Normalize()"/> returns non-ASCII text unchanged in invariant globalization mode, and otherwise depends on the ICU of the machine.
/// Token ids must not, so the canonical mappings (unicode-canonical.txt, from Unicode 14) travel with the library. Algorithm: Unicode Standard Annex 15.
/// </remarks>
internal static class UnicodeNormalization
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7, Vowels = 21, Tails = 28, Syllables = 11172;

    private sealed record Mappings(FrozenDictionary<int, int[]> Decompositions, FrozenDictionary<long, int> Compositions, FrozenDictionary<int, byte> Classes);

    private static readonly Lazy<Mappings> mappings = new(Read);

    /// <summary>Form D: every character taken apart, marks in canonical order.</summary>
    public static string Decompose(string text) => IsBelow(text, '\u00C0') ? text : ToText(Decomposed(text));

    /// <summary>Form C: taken apart, then put together again.</summary>
    public static string Compose(string text) => IsBelow(text, '\u0300') ? text : ToText(Composed(Decomposed(text)));

    /// <summary>Lower case as Python's str.lower: simple mappings, but İ becomes two characters and a capital sigma at the end of a word ς.</summary>
    public static string Lower(string text)
    {
        var lower = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var rune = RuneAt(text, i, out var width);
            if (rune.Value == 'Σ')
                lower.Append(EndsWord(text, i) ? 'ς' : 'σ');
            else
                AppendLower(lower, rune);
            i += width;
        }
        return lower.ToString();
    }

    /// <summary>Lower case of each character by itself, as the tokenizers do: a capital sigma at the end of a word is not special here.</summary>
    public static string LowerEach(string text)
    {
        var lower = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            AppendLower(lower, rune);
        return lower.ToString();
    }

    /// <summary>Lower case of one character out of its context.</summary>
    public static void AppendLower(StringBuilder text, Rune rune)
    {
        if (rune.Value == 'İ')
        {
            text.Append("i\u0307");
            return;
        }
        text.Append(Rune.ToLowerInvariant(rune));
    }

    /// <summary>The character at an index; half a surrogate pair reads as U+FFFD.</summary>
    public static Rune RuneAt(ReadOnlySpan<char> text, int index, out int width)
    {
        Rune.DecodeFromUtf16(text[index..], out var rune, out width);
        return rune;
    }

    // Final_Sigma: a cased letter before (case-ignorable characters skipped), none after.
    private static bool EndsWord(string text, int sigma)
    {
        var before = sigma - 1;
        while (before >= 0 && IsCaseIgnorable(text[before]))
            before--;
        var after = sigma + 1;
        while (after < text.Length && IsCaseIgnorable(text[after]))
            after++;
        return before >= 0 && IsCased(text[before]) && !(after < text.Length && IsCased(text[after]));
    }

    private static bool IsCased(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter;

    private static bool IsCaseIgnorable(char c) => c is '\'' or '.' or ':' or '·' or '’' or '‘' or '`' or '^' or '¨' or '¯' or '´' or '¸'
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter;

    private static bool IsBelow(string text, char limit)
    {
        foreach (var c in text)
        {
            if (c >= limit)
                return false;
        }
        return true;
    }

    private static List<int> Decomposed(string text)
    {
        var points = new List<int>(text.Length + 8);
        for (var i = 0; i < text.Length;)
        {
            Append(points, RuneAt(text, i, out var width).Value);
            i += width;
        }
        for (var start = 0; start < points.Count; start++)
        {
            var end = start;
            while (end < points.Count && Class(points[end]) != 0)
                end++;
            if (end - start > 1)
            {
                int[] run = [.. points.GetRange(start, end - start).OrderBy(Class)]; // a stable sort, as the standard demands
                run.CopyTo(CollectionsMarshal.AsSpan(points)[start..]);
            }
            start = end;
        }
        return points;
    }

    private static void Append(List<int> points, int point)
    {
        if (point is >= HangulBase and < HangulBase + Syllables)
        {
            var syllable = point - HangulBase;
            points.Add(LeadBase + syllable / (Vowels * Tails));
            points.Add(VowelBase + syllable % (Vowels * Tails) / Tails);
            if (syllable % Tails != 0)
                points.Add(TailBase + syllable % Tails);
        }
        else if (mappings.Value.Decompositions.TryGetValue(point, out var parts))
        {
            foreach (var part in parts)
                Append(points, part);
        }
        else
        {
            points.Add(point);
        }
    }

    private static List<int> Composed(List<int> points)
    {
        var result = new List<int>(points.Count);
        var starter = -1;
        var last = 0; // class of the last character that was kept after the starter
        foreach (var point in points)
        {
            var mark = Class(point);
            if (starter >= 0 && (last == 0 || last < mark) && Pair(result[starter], point) is int composed)
            {
                result[starter] = composed;
                continue;
            }
            if (mark == 0)
                starter = result.Count;
            last = mark;
            result.Add(point);
        }
        return result;
    }

    private static int? Pair(int first, int second)
    {
        if (first is >= LeadBase and < LeadBase + 19 && second is >= VowelBase and < VowelBase + Vowels)
            return HangulBase + ((first - LeadBase) * Vowels + second - VowelBase) * Tails;
        if (first is >= HangulBase and < HangulBase + Syllables && (first - HangulBase) % Tails == 0 && second is > TailBase and < TailBase + Tails)
            return first + second - TailBase;
        return mappings.Value.Compositions.TryGetValue((long)first << 32 | (uint)second, out var composed) ? composed : null;
    }

    private static byte Class(int point) => point < 0x300 ? (byte)0 : mappings.Value.Classes.GetValueOrDefault(point);

    private static string ToText(List<int> points)
    {
        var text = new StringBuilder(points.Count);
        foreach (var point in points)
            text.Append(new Rune(point));
        return text.ToString();
    }

    private static Mappings Read()
    {
        var decompositions = new Dictionary<int, int[]>();
        var compositions = new Dictionary<long, int>();
        var classes = new Dictionary<int, byte>();
        using var reader = new StreamReader(typeof(UnicodeNormalization).Assembly.GetManifestResourceStream("Mint.ML.Text.unicode-canonical.txt")!);
        while (reader.ReadLine() is { } line)
        {
            var cut = line.IndexOfAny([':', '=', '-']);
            if (line[0] == '#')
                continue;
            var from = int.Parse(line.AsSpan(0, cut), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            var rest = line[(cut + 1)..].Split(' ');
            if (line[cut] == '-')
            {
                var end = int.Parse(rest[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                for (var point = from; point <= end; point++)
                    classes[point] = byte.Parse(rest[1], CultureInfo.InvariantCulture);
                continue;
            }
            var parts = Array.ConvertAll(rest, part => int.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            decompositions[from] = parts;
            if (line[cut] == ':')
                compositions[(long)parts[0] << 32 | (uint)parts[1]] = from;
        }
        return new Mappings(decompositions.ToFrozenDictionary(), compositions.ToFrozenDictionary(), classes.ToFrozenDictionary());
    }
}
