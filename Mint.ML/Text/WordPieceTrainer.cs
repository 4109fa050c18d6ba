using System.Text;
using Mint.ML.Files;

namespace Mint.ML.Text;

/// <summary>How a WordPiece vocabulary is trained.</summary>
public sealed record WordPieceTrainingOptions
{
    /// <summary>Pieces in the vocabulary, the five special ones included. 4000 suits captions; BERT has 30522.</summary>
    public int VocabularySize { get; init; } = 4000;

    /// <summary>A pair of pieces is joined only if it occurs so often.</summary>
    public int LeastCount { get; init; } = 2;

    /// <summary>Lower case without accents, as bert-base-uncased. Say the same when loading: do_lower_case in tokenizer_config.json.</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>Most single characters, the most frequent ones; words with others are [UNK].</summary>
    public int MaxCharacters { get; init; } = 1000;
}

/// <summary>Trains a WordPiece vocabulary: vocab.txt with [PAD], [UNK], [CLS], [SEP], [MASK] first.</summary>
/// <remarks>
/// As the tokenizers library does it: beginning with characters (## in front of those inside a word), the most frequent pair of neighbours is joined, over and
/// over; of equally frequent pairs, the first in ordinal order. Deterministic: the same texts, in any order, give the same file.
/// </remarks>
public static class WordPieceTrainer
{
    private const string Continuation = "##";

    // Longer ones are [UNK] whatever the vocabulary.
    private const int LongestWord = 100;

    private static readonly string[] special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>Trains on texts and writes vocab.txt.</summary>
    /// <param name="texts">Any number of texts.</param>
    /// <param name="path">Where the vocabulary goes, usually vocab.txt in a model's folder; written beside and renamed.</param>
    /// <param name="options">Size and the like.</param>
    /// <param name="cancellation">Stops between two merges; nothing is written then.</param>
    /// <returns>Pieces in the vocabulary: fewer than asked for when the texts have no more.</returns>
    /// <exception cref="ArgumentException">The texts are empty, or their characters alone do not fit in the vocabulary.</exception>
    public static int Train(IEnumerable<string> texts, string path, WordPieceTrainingOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        var corpus = CountWords(texts, options, cancellation);
        var pieces = new List<string>(special);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var words = Spell(corpus, options, pieces, ids);
        if (words.Count == 0)
            throw new ArgumentException("The texts hold no words to train on.", nameof(texts));
        if (pieces.Count > options.VocabularySize)
        {
            throw new ArgumentException($"The texts' characters and the special tokens take {pieces.Count} pieces and VocabularySize is "
                + $"{options.VocabularySize}. Raise it, or lower MaxCharacters.", nameof(options));
        }
        new Joining(words, pieces, ids).Run(options, cancellation);
        AtomicFile.WriteText(path, string.Join('\n', pieces) + "\n");
        return pieces.Count;
    }

    private static SortedDictionary<string, long> CountWords(IEnumerable<string> texts, WordPieceTrainingOptions options, CancellationToken cancellation)
    {
        var normalizer = new BertNormalizer(options.LowerCase, options.LowerCase, splitChinese: true);
        var preTokenizer = new BertPreTokenizer();
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            cancellation.ThrowIfCancellationRequested();
            var normalized = normalizer.Normalize(text);
            foreach (var (start, length) in preTokenizer.PreTokenize(normalized))
            {
                var word = normalized.Substring(start, length);
                counts[word] = counts.GetValueOrDefault(word) + 1;
            }
        }
        return counts;
    }

    // Words as lists of single characters; words that are too long or have a character that is too rare are left out.
    private static List<(List<int> Ids, long Count)> Spell(SortedDictionary<string, long> corpus, WordPieceTrainingOptions options, List<string> pieces,
        Dictionary<string, int> ids)
    {
        var characters = new Dictionary<Rune, long>();
        foreach (var (word, count) in corpus)
        {
            foreach (var rune in word.EnumerateRunes())
                characters[rune] = characters.GetValueOrDefault(rune) + count;
        }
        var kept = characters.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key.Value).Take(options.MaxCharacters).Select(entry => entry.Key)
            .ToHashSet();
        var spellings = corpus.Where(entry => entry.Key.Length <= LongestWord && entry.Key.EnumerateRunes().All(kept.Contains))
            .Select(entry => (Pieces: entry.Key.EnumerateRunes().Select((rune, i) => i == 0 ? rune.ToString() : Continuation + rune).ToList(), entry.Value))
                .ToList();
        foreach (var piece in spellings.SelectMany(word => word.Pieces).Distinct().Order(StringComparer.Ordinal))
        {
            ids.Add(piece, pieces.Count);
            pieces.Add(piece);
        }
        return [.. spellings.Select(word => (word.Pieces.ConvertAll(piece => ids[piece]), word.Value))];
    }

    /// <summary>Joins pairs of neighbours, the most frequent first, and keeps the counts up to date as words change.</summary>
    private sealed class Joining(List<(List<int> Ids, long Count)> words, List<string> pieces, Dictionary<string, int> ids)
    {
        private readonly Dictionary<(int Left, int Right), long> counts = [];
        private readonly Dictionary<(int Left, int Right), HashSet<int>> where = [];
        private readonly PriorityQueue<(int Left, int Right),
            (long Negative, string Left, string Right)> queue = new(Comparer<(long Negative, string Left, string Right)>.Create(Order));

        private static int Order((long Negative, string Left, string Right) a, (long Negative, string Left, string Right) b)
        {
            var order = a.Negative.CompareTo(b.Negative);
            order = order != 0 ? order : string.CompareOrdinal(a.Left, b.Left);
            return order != 0 ? order : string.CompareOrdinal(a.Right, b.Right);
        }

        public void Run(WordPieceTrainingOptions options, CancellationToken cancellation)
        {
            for (var word = 0; word < words.Count; word++)
                Tally(word, 1, null);
            foreach (var pair in counts.Keys)
                Enqueue(pair);
            while (pieces.Count < options.VocabularySize && queue.TryDequeue(out var pair, out var priority))
            {
                cancellation.ThrowIfCancellationRequested();
                if (counts[pair] != -priority.Negative)
                {
                    continue; // the count has changed since; a newer entry is in the queue
                }
                if (counts[pair] < options.LeastCount)
                    break;
                Join(pair);
            }
        }

        private void Join((int Left, int Right) pair)
        {
            var right = pieces[pair.Right];
            var text = pieces[pair.Left] + (right.StartsWith(Continuation, StringComparison.Ordinal) ? right[Continuation.Length..] : right);
            if (!ids.TryGetValue(text, out var joined))
            {
                ids.Add(text, joined = pieces.Count);
                pieces.Add(text);
            }
            var changed = new HashSet<(int, int)>();
            foreach (var word in where[pair].Order().ToList())
            {
                Tally(word, -1, changed);
                var spelled = words[word].Ids;
                for (var i = 0; i + 1 < spelled.Count; i++)
                {
                    if (spelled[i] == pair.Left && spelled[i + 1] == pair.Right)
                    {
                        spelled[i] = joined;
                        spelled.RemoveAt(i + 1);
                    }
                }
                Tally(word, 1, changed);
            }
            where.Remove(pair);
            foreach (var other in changed)
                Enqueue(other);
        }

        private void Tally(int word, int sign, HashSet<(int, int)>? changed)
        {
            var (spelled, count) = words[word];
            for (var i = 0; i + 1 < spelled.Count; i++)
            {
                var pair = (spelled[i], spelled[i + 1]);
                counts[pair] = counts.GetValueOrDefault(pair) + sign * count;
                changed?.Add(pair);
                if (sign > 0)
                {
                    if (!where.TryGetValue(pair, out var set))
                        where[pair] = set = [];
                    set.Add(word);
                }
            }
        }

        private void Enqueue((int Left, int Right) pair)
        {
            if (counts[pair] > 0)
                queue.Enqueue(pair, (-counts[pair], pieces[pair.Left], pieces[pair.Right]));
        }
    }
}
