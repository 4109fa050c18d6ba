namespace Mint.ML.Metrics;

/// <summary>Snowball's English stemmer (Porter 2), as METEOR 1.5 carries it.</summary>
/// <remarks>Implemented from the algorithm's description, snowballstem.org/algorithms/english/stemmer.html, in its form of 2014.</remarks>
internal static class EnglishStemmer
{
    private static readonly Dictionary<string, string> exceptions = new()
    {
        ["skis"] = "ski",
        ["skies"] = "sky",
        ["dying"] = "die",
        ["lying"] = "lie",
        ["tying"] = "tie",
        ["idly"] = "idl",
        ["gently"] = "gentl",
        ["ugly"] = "ugli",
        ["early"] = "earli",
        ["only"] = "onli",
        ["singly"] = "singl",
        ["sky"] = "sky",
        ["news"] = "news",
        ["howe"] = "howe",
        ["atlas"] = "atlas",
        ["cosmos"] = "cosmos",
        ["bias"] = "bias",
        ["andes"] = "andes",
    };

    private static readonly HashSet<string> settled = ["inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"];

    // Longest first.
    private static readonly (string Suffix, string Replacement)[] second =
    [
        ("ization", "ize"), ("ational", "ate"), ("fulness", "ful"), ("ousness", "ous"), ("iveness", "ive"), ("tional", "tion"), ("biliti", "ble"),
            ("lessli", "less"),
        ("entli", "ent"), ("ation", "ate"), ("alism", "al"), ("aliti", "al"), ("ousli", "ous"), ("iviti", "ive"), ("fulli", "ful"), ("enci", "ence"),
            ("anci", "ance"),
        ("abli", "able"), ("izer", "ize"), ("ator", "ate"), ("alli", "al"), ("bli", "ble"), ("ogi", "og"), ("li", ""),
    ];

    private static readonly (string Suffix, string Replacement)[] third =
    [
        ("ational", "ate"), ("tional", "tion"), ("alize", "al"), ("icate", "ic"), ("iciti", "ic"), ("ative", ""), ("ical", "ic"), ("ness", ""), ("ful", ""),
    ];

    private static readonly string[] fourth = ["ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion",
        "al", "er", "ic"];

    public static string Stem(string word)
    {
        if (word.Length <= 2) return word;
        if (exceptions.TryGetValue(word, out string? stem)) return stem;
        char[] letters = word.TrimStart('\'').ToCharArray();
        // Capital Y is a consonant: at the start and after a vowel.
        for (int i = 0; i < letters.Length; i++)
            if (letters[i] == 'y' && (i == 0 || IsVowel(letters[i - 1]))) letters[i] = 'Y';
        string w = new(letters);
        int r1 = w.StartsWith("gener", StringComparison.Ordinal) || w.StartsWith("arsen", StringComparison.Ordinal) ? 5
            : w.StartsWith("commun", StringComparison.Ordinal) ? 6 : Region(w, 0);
        int r2 = Region(w, r1);
        foreach (string suffix in (ReadOnlySpan<string>)["'s'", "'s", "'"])
        {
            if (!Ends(w, suffix)) continue;
            w = w[..^suffix.Length];
            break;
        }
        w = Plural(w);
        if (!settled.Contains(w)) w = Fifth(Fourth(Third(Second(FinalY(PastAndProgressive(w, r1)), r1), r1, r2), r2), r1, r2);
        return w.Replace('Y', 'y');
    }

    private static string Plural(string w)
    {
        if (Ends(w, "sses")) return w[..^2];
        if (Ends(w, "ied") || Ends(w, "ies")) return w.Length > 4 ? w[..^2] : w[..^1];
        if (Ends(w, "us") || Ends(w, "ss") || !Ends(w, "s")) return w;
        return w.AsSpan(0, Math.Max(0, w.Length - 2)).IndexOfAny("aeiouy") >= 0 ? w[..^1] : w;
    }

    private static string PastAndProgressive(string w, int r1)
    {
        foreach (string suffix in (ReadOnlySpan<string>)["eedly", "eed"])
            if (Ends(w, suffix)) return w.Length - suffix.Length >= r1 ? w[..^suffix.Length] + "ee" : w;
        foreach (string suffix in (ReadOnlySpan<string>)["ingly", "edly", "ing", "ed"])
        {
            if (!Ends(w, suffix)) continue;
            string rest = w[..^suffix.Length];
            if (rest.AsSpan().IndexOfAny("aeiouy") < 0) return w;
            if (Ends(rest, "at") || Ends(rest, "bl") || Ends(rest, "iz")) return rest + "e";
            if (rest.Length > 1 && rest[^1] == rest[^2] && "bdfgmnprt".Contains(rest[^1])) return rest[..^1];
            return r1 >= rest.Length && EndsShort(rest) ? rest + "e" : rest;
        }
        return w;
    }

    private static string FinalY(string w) => w.Length > 2 && (w[^1] is 'y' or 'Y') && !IsVowel(w[^2]) ? w[..^1] + "i" : w;

    private static string Second(string w, int r1)
    {
        foreach (var (suffix, replacement) in second)
        {
            if (!Ends(w, suffix)) continue;
            int start = w.Length - suffix.Length;
            bool allowed = suffix switch { "ogi" => start > 0 && w[start - 1] == 'l', "li" => start > 0 && "cdeghkmnrt".Contains(w[start - 1]), _ => true };
            return start >= r1 && allowed ? w[..start] + replacement : w;
        }
        return w;
    }

    private static string Third(string w, int r1, int r2)
    {
        foreach (var (suffix, replacement) in third)
        {
            if (!Ends(w, suffix)) continue;
            return w.Length - suffix.Length >= (suffix == "ative" ? Math.Max(r1, r2) : r1) ? w[..^suffix.Length] + replacement : w;
        }
        return w;
    }

    private static string Fourth(string w, int r2)
    {
        foreach (string suffix in fourth)
        {
            if (!Ends(w, suffix)) continue;
            int start = w.Length - suffix.Length;
            return start >= r2 && (suffix != "ion" || (start > 0 && w[start - 1] is 's' or 't')) ? w[..start] : w;
        }
        return w;
    }

    private static string Fifth(string w, int r1, int r2)
    {
        int start = w.Length - 1;
        if (Ends(w, "e")) return start >= r2 || (start >= r1 && !EndsShort(w[..start])) ? w[..start] : w;
        return Ends(w, "ll") && start >= r2 ? w[..start] : w;
    }

    // Where the region after the first consonant that follows a vowel begins.
    private static int Region(string w, int from)
    {
        for (int i = from + 1; i < w.Length; i++)
            if (!IsVowel(w[i]) && IsVowel(w[i - 1])) return i + 1;
        return w.Length;
    }

    // A vowel between consonants, the last not w, x or Y; or a vowel at the start and a consonant.
    private static bool EndsShort(string w) => w.Length == 2 ? IsVowel(w[0]) && !IsVowel(w[1])
        : w.Length > 2 && !IsVowel(w[^3]) && IsVowel(w[^2]) && !IsVowel(w[^1]) && w[^1] is not ('w' or 'x' or 'Y');

    private static bool IsVowel(char c) => c is 'a' or 'e' or 'i' or 'o' or 'u' or 'y';

    private static bool Ends(string w, string suffix) => w.EndsWith(suffix, StringComparison.Ordinal);
}
