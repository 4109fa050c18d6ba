using Mint.ML.Files;

namespace Mint.ML.Metrics;

/// <summary>Synonyms from the files of WordNet 3.</summary>
/// <remarks>
/// Two words are synonyms when they or their base forms stand in one synset, whatever its part of speech. A word's base forms are those of the
/// exception lists or, for a word not in them, the first that WordNet's endings lead to and WordNet has: the endings of nouns first, then of verbs and
/// adjectives. This is METEOR's reading of WordNet, which, not knowing parts of speech, takes all at once.
/// </remarks>
public sealed class WordNetSynonyms
{
    private static readonly string[] parts = ["noun", "verb", "adj", "adv"];

    private static readonly (string Ending, string Base)[] endings =
    [
        ("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"), ("ies", "y"),
        ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", ""),
        ("er", ""), ("est", ""), ("er", "e"), ("est", "e"),
    ];

    private readonly Dictionary<string, List<string>> exceptions = [];
    private readonly Dictionary<string, List<(int Part, int Offset)>> synsets = [];
    private readonly Dictionary<string, HashSet<(int Part, int Offset)>> known = [];

    private WordNetSynonyms(string folder)
    {
        Check(folder);
        for (int part = 0; part < parts.Length; part++)
        {
            string index = Path.Combine(folder, $"index.{parts[part]}"), forms = Path.Combine(folder, $"{parts[part]}.exc");
            int line = 0;
            foreach (string entry in TextFile.ReadLines(index))
            {
                line++;
                if (!entry.StartsWith(' ')) Add(part, index, line, entry.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            }
            if (!File.Exists(forms)) continue;
            foreach (string[] words in TextFile.ReadLines(forms).Select(entry => entry.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
                if (words.Length >= 2) Entry(exceptions, words[0]).AddRange(words[1..]);
        }
    }

    /// <summary>Reads index.noun, .verb, .adj, .adv and the exception lists. Takes about a second.</summary>
    /// <param name="folder">For instance Debian's /usr/share/wordnet (package wordnet-base).</param>
    /// <exception cref="FileNotFoundException">A file is not there.</exception>
    /// <exception cref="InvalidDataException">A line is not WordNet's; the message names it.</exception>
    public static WordNetSynonyms Load(string folder) => new(folder);

    /// <summary>That a folder holds WordNet's index files, which are not read.</summary>
    /// <param name="folder">As <see cref="Load"/> takes it.</param>
    /// <exception cref="FileNotFoundException">A file, or the folder, is not there.</exception>
    public static void Check(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder)) throw new FileNotFoundException($"There is no folder '{folder}' with WordNet's index and data files.", folder);
        foreach (string part in parts)
        {
            string index = Path.Combine(folder, $"index.{part}");
            if (File.Exists(index)) continue;
            throw new FileNotFoundException($"WordNet's index.{part} is not in '{folder}'. Name the folder that holds its index and data files.", index);
        }
    }

    /// <summary>Whether the words share a synset. Not safe to call from several threads.</summary>
    public bool Share(string word, string other) => Synsets(word).Overlaps(Synsets(other));

    // lemma part synset_count pointer_count pointer... sense_count tag_count offset...
    private void Add(int part, string path, int line, string[] fields)
    {
        if (fields.Length < 6 || !int.TryParse(fields[2], out int count) || count < 1 || count > fields.Length - 6)
            throw new InvalidDataException($"{path}, line {line}: not an index entry of WordNet.");
        foreach (string field in fields[^count..])
        {
            if (!int.TryParse(field, out int offset)) throw new InvalidDataException($"{path}, line {line}: '{field}' is not a synset.");
            Entry(synsets, fields[0]).Add((part, offset));
        }
    }

    private static List<T> Entry<T>(Dictionary<string, List<T>> table, string key)
    {
        if (!table.TryGetValue(key, out var list)) table.Add(key, list = []);
        return list;
    }

    private HashSet<(int Part, int Offset)> Synsets(string word)
    {
        if (!known.TryGetValue(word, out var found))
            known.Add(word, found = [.. Bases(word).Prepend(word).SelectMany(form => synsets.GetValueOrDefault(form) ?? [])]);
        return found;
    }

    private IEnumerable<string> Bases(string word)
    {
        if (exceptions.TryGetValue(word, out var irregular)) return irregular;
        return endings.Where(e => word.Length > e.Ending.Length && word.EndsWith(e.Ending, StringComparison.Ordinal))
            .Select(e => word[..^e.Ending.Length] + e.Base).Where(synsets.ContainsKey).Take(1);
    }
}
