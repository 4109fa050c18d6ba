using System.Globalization;

namespace Mint.ML.Text;

/// <summary>Counts of events in words, both ways.</summary>
internal static class Times
{
    private static readonly string[] words = ["not at all", "once", "twice", .. new[] { "three", "four", "five", "six", "seven", "eight", "nine", "ten" }
        .Select(number => $"{number} times")];

    /// <summary>"once", "twice", "three times", "11 times"; "not at all" for 0.</summary>
    public static string Said(int count) => count < words.Length ? words[count] : string.Create(CultureInfo.InvariantCulture, $"{count} times");

    /// <summary>The count that <see cref="Said"/> said; null of another text.</summary>
    public static int? Read(string text) => Array.IndexOf(words, text) is >= 0 and var count ? count
        : text.EndsWith(" times", StringComparison.Ordinal) && int.TryParse(text[..^6], NumberStyles.None, CultureInfo.InvariantCulture, out int more) ? more
        : null;
}
