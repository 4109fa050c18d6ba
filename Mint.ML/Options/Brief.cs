namespace Mint.ML;

/// <summary>Lists in messages: of ten thousand labels or tensors a reader needs a handful, and how many there are besides.</summary>
internal static class Brief
{
    /// <summary>How many are named.</summary>
    public const int Most = 8;

    private const int Longest = 120; // characters of one that is named

    private const int MostSentences = 20; // all that can be wrong with the options of one command; a file of ten thousand rows has more

    /// <summary>Sentences as they stand, but no more than can be read.</summary>
    public static string Sentences(IReadOnlyList<string> sentences) => string.Join(' ', sentences.Take(MostSentences))
        + (sentences.Count > MostSentences ? $" And {sentences.Count - MostSentences} more." : "");

    /// <summary>The first few, and how many more there are.</summary>
    public static string List(IEnumerable<string> texts, string separator = ", ")
    {
        string[] all = [.. texts];
        string named = string.Join(separator, all.Take(Most).Select(text => text.Length <= Longest ? text : text[..(Longest - 3)] + "..."));
        return all.Length <= Most ? named : $"{named}{separator.TrimEnd(',', ' ')} and {all.Length - Most} more";
    }
}
