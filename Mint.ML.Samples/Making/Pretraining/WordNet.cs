namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>A word sense of WordNet.</summary>
/// <param name="Word">The first word of its set of synonyms.</param>
/// <param name="Gloss">Its definition, without examples and remarks in brackets.</param>
internal sealed record Sense(string Word, string Gloss);

/// <summary>Reads WordNet's data files, as Debian's wordnet-base has them.</summary>
internal static class WordNet
{
    /// <summary>Senses whose definition has from two to so many words: longer ones are past what the model is made for.</summary>
    private const int MostWords = 14;

    /// <summary>Reads data.noun, data.verb, data.adj and data.adv.</summary>
    public static IReadOnlyList<Sense> Read(string folder)
    {
        var senses = new List<Sense>();
        foreach (string part in (string[])["noun", "verb", "adj", "adv"])
        {
            string path = Path.Combine(folder, $"data.{part}");
            if (!File.Exists(path))
            {
                throw new FileNotFoundException($"{path} does not exist. Install WordNet's data files (Debian: wordnet-base) or name their folder with "
                    + "--wordnet.");
            }

            senses.AddRange(File.ReadLines(path).Select(Parse).OfType<Sense>());
        }
        return senses;
    }

    /// <summary>The licence, which stands before the data and goes with all that is made from them.</summary>
    public static string Licence(string folder) =>
        string.Join('\n', File.ReadLines(Path.Combine(folder, "data.noun")).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal))
            .Select(line => line.TrimStart().Split(' ', 2)[^1].Trim()).Select(line => int.TryParse(line, out _) ? "" : line));

    // "00039211 04 n 01 interplay 0 001 @ 00039021 n 0000 | reciprocal action and reaction"; the licence stands in indented lines.
    private static Sense? Parse(string line)
    {
        if (line.Split(" | ", 2) is not [var data, var text] || data.Split(' ') is not [{ Length: > 0 }, _, _, _, var word, ..]) return null;
        string gloss = text.Split("; \"")[0];
        for (int open; (open = gloss.IndexOf('(')) >= 0;)
        {
            int close = gloss.IndexOf(')', open);
            gloss = gloss.Remove(open, (close < 0 ? gloss.Length : close + 1) - open);
        }
        string[] words = gloss.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length is < 2 or > MostWords ? null : new Sense(word.Split('(')[0].Replace('_', ' '), string.Join(' ', words));
    }
}
