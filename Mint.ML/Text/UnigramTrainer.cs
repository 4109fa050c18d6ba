using System.Text;

namespace Mint.ML.Text;

/// <summary>How a unigram vocabulary is trained.</summary>
public sealed record UnigramTrainingOptions
{
    /// <summary>Pieces in the model, the three special ones included. 4000 suits captions and instructions; T5 has 32000.</summary>
    public int VocabularySize { get; init; } = 4000;

    /// <summary>Characters in the longest piece; sentencepiece's default.</summary>
    public int MaxPieceLength { get; init; } = 16;

    /// <summary>Share of the text's characters that get a piece; rarer ones are unknown. sentencepiece's default, which keeps stray characters out of a small
    /// vocabulary.</summary>
    public double CharacterCoverage { get; init; } = 0.9995;

    /// <summary>Pieces that training starts from, the most frequent stretches of words; pruning takes it from there.</summary>
    public int SeedSize { get; init; } = 200_000;

    /// <summary>Expectation-maximisation steps between two prunings.</summary>
    public int StepsPerPruning { get; init; } = 2;

    /// <summary>Share of the pieces that a pruning keeps.</summary>
    public double Keep { get; init; } = 0.75;
}

/// <summary>Trains a unigram SentencePiece model in T5's layout: &lt;pad&gt; 0, &lt;/s&gt; 1, &lt;unk&gt; 2, no BOS.</summary>
/// <remarks>
/// Source: Kudo, "Subword Regularization" (2018), as sentencepiece does it: the frequent stretches of words, then expectation-maximisation over all cuts of
/// every word, dropping in turn the pieces whose loss costs the text least. Seeds are counted by length instead of through a suffix array. Deterministic: the
/// same texts, in any order, give the same file. The normaliser that is written is "identity" with white space collapsed: case and accents are kept.
/// </remarks>
public static class UnigramTrainer
{
    private const double LeastExpected = 0.5; // sentencepiece's kExpectedFrequencyThreshold

    /// <summary>Trains on texts and writes a model file that this library and the original sentencepiece read.</summary>
    /// <param name="texts">Any number of texts; line breaks separate, as white space does.</param>
    /// <param name="path">Where the model goes, usually spiece.model in a model's folder; written beside and renamed.</param>
    /// <param name="options">Size and the like.</param>
    /// <param name="cancellation">Stops between two steps; nothing is written then.</param>
    /// <returns>Pieces in the model: fewer than asked for when the texts have no more.</returns>
    /// <exception cref="ArgumentException">The texts are empty, or their characters alone do not fit in the vocabulary.</exception>
    public static int Train(IEnumerable<string> texts, string path, UnigramTrainingOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        var special = new Piece[] { new("<pad>", 0, PieceKind.Control), new("</s>", 0, PieceKind.Control), new("<unk>", 0, PieceKind.Unknown) };
        var model = new SentencePieceModel
        {
            File = path,
            Pieces = special,
            NormalizerName = "identity",
            CharacterCoverage = (float)options.CharacterCoverage,
        };
        var words = CountWords(texts, new SentencePieceTextNormalizer(model), cancellation);
        var characters = Characters(words, options.CharacterCoverage);
        if (characters.Count == 0)
            throw new ArgumentException("The texts hold no characters to train on.", nameof(texts));
        var room = options.VocabularySize - special.Length;
        if (characters.Count > room)
        {
            throw new ArgumentException($"The texts have {characters.Count} characters and VocabularySize {options.VocabularySize} leaves room for {room}. "
                + "Raise it, or lower CharacterCoverage.", nameof(options));
        }
        var corpus = Fragments(words, characters);
        var pieces = UnigramSeeds.Find(corpus, characters, options, cancellation);
        var desired = (int)Math.Max(room * 1.1, characters.Count); // the last cut goes by score
        for (; ; )
        {
            for (var step = 0; step < options.StepsPerPruning; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                pieces = Maximise(pieces, new UnigramLattice(pieces).Expect(corpus), characters);
            }
            if (pieces.Count <= desired)
                break;
            var kept = UnigramPruning.Prune(pieces, corpus, characters, Math.Max(desired, (int)(pieces.Count * options.Keep)));
            if (kept.Count == pieces.Count)
                break;
            pieces = kept;
        }
        var chosen = pieces.Where(piece => characters.Contains(piece.Text))
            .Concat(pieces.Where(piece => !characters.Contains(piece.Text)).OrderByDescending(piece => piece.Score)
                .ThenBy(piece => piece.Text, StringComparer.Ordinal).Take(room - characters.Count))
            .OrderByDescending(piece => piece.Score).ThenBy(piece => piece.Text, StringComparer.Ordinal)
            .Select(piece => new Piece(piece.Text, (float)piece.Score, PieceKind.Normal));
        model = model with { Pieces = [.. special, .. chosen] };
        model.Save(path);
        return model.Pieces.Count;
    }

    // Words as the model will see them: each begins with the ▁ of the space before it.
    private static SortedDictionary<string, long> CountWords(IEnumerable<string> texts, SentencePieceTextNormalizer normalizer, CancellationToken cancellation)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var spans = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var text in texts)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var line in text.EnumerateLines())
            {
                var normalized = normalizer.Normalize(line.ToString());
                for (var start = 0; start < normalized.Length;)
                {
                    var next = normalized.IndexOf(SentencePieceModel.Space, start + 1);
                    var end = next < 0 ? normalized.Length : next;
                    spans[normalized.AsSpan(start, end - start)] = spans.TryGetValue(normalized.AsSpan(start, end - start), out var count) ? count + 1 : 1;
                    start = end;
                }
            }
        }
        return new SortedDictionary<string, long>(counts, StringComparer.Ordinal);
    }

    // The most frequent characters, up to the coverage.
    private static HashSet<string> Characters(SortedDictionary<string, long> words, double coverage)
    {
        var counts = new Dictionary<Rune, long>();
        foreach (var (word, count) in words)
        {
            foreach (var rune in word.EnumerateRunes())
                counts[rune] = counts.GetValueOrDefault(rune) + count;
        }
        var total = counts.Values.Sum();
        var covered = 0L;
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (rune, count) in counts.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key.Value))
        {
            if (covered >= coverage * total)
                break;
            covered += count;
            kept.Add(rune.ToString());
        }
        return kept;
    }

    // Words fall apart at characters that have no piece.
    private static List<(string Text, long Count)> Fragments(SortedDictionary<string, long> words, HashSet<string> characters)
    {
        var fragments = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var fragment = new StringBuilder();
        foreach (var (word, count) in words)
        {
            foreach (var rune in word.EnumerateRunes())
            {
                if (characters.Contains(rune.ToString()))
                    fragment.Append(rune);
                else
                    Flush(count);
            }
            Flush(count);
        }
        return [.. fragments.Select(entry => (entry.Key, entry.Value))];

        void Flush(long count)
        {
            if (fragment.Length > 0)
            {
                fragments[fragment.ToString()] = fragments.GetValueOrDefault(fragment.ToString()) + count;
                fragment.Clear();
            }
        }
    }

    // The variational step: digamma instead of the logarithm favours fewer pieces.
    private static List<ScoredPiece> Maximise(List<ScoredPiece> pieces, double[] expected, HashSet<string> characters)
    {
        var kept = new List<(string Text, double Expected)>();
        for (var i = 0; i < pieces.Count; i++)
        {
            if (characters.Contains(pieces[i].Text))
                kept.Add((pieces[i].Text, Math.Max(expected[i], LeastExpected)));
            else if (expected[i] >= LeastExpected)
                kept.Add((pieces[i].Text, expected[i]));
        }
        var total = Digamma(kept.Sum(piece => piece.Expected));
        return [.. kept.Select(piece => new ScoredPiece(piece.Text, Digamma(piece.Expected) - total))];
    }

    private static double Digamma(double x)
    {
        var result = 0.0;
        for (; x < 7; x++)
            result -= 1 / x;
        x -= 0.5;
        var square = 1 / (x * x);
        return result + Math.Log(x) + square * (1.0 / 24 - square * (7.0 / 960 - square * (31.0 / 8064 - square * (127.0 / 30720))));
    }
}

/// <summary>A candidate piece and its log-probability.</summary>
internal readonly record struct ScoredPiece(string Text, double Score);
