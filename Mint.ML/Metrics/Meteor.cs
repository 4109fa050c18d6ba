namespace Mint.ML.Metrics;

/// <summary>METEOR 1.5 for English, without its paraphrase table.</summary>
/// <remarks>
/// <para>Words match exactly (weight 1), by their Snowball stem (0.6) or by a shared WordNet synset (0.8). P and R are weighted matches over weighted lengths,
/// a content word weighing δ = 0.75 and a function word 0.25; F = 1 / ((1 − α)/P + α/R), α = 0.85; score = F · (1 − γ·(chunks / matches)^β), β = 0.2, γ = 0.6.
/// A match of all words in one chunk has no penalty. The best reference counts. The corpus value is computed from the summed counts of the best references,
/// where such a perfect match adds no chunk.</para>
/// <para>The alignment is METEOR's beam search (40 wide), quirks included: a stem or synonym match that is not the only one for its words adds nothing to a
/// path's matches, so it is taken only if it makes no more chunks. Published caption results use a paraphrase table too, and are higher.</para>
/// <para>An empty candidate and one that shares no word have 0. METEOR's function words are those above 0.1 % of running text; the list here is our own.</para>
/// </remarks>
public sealed class Meteor : ICaptionMetric
{
    private const double Alpha = 0.85, Beta = 0.2, Gamma = 0.6, Delta = 0.75;
    private static readonly double[] weights = [1.0, 0.6, 0.8];

    private static readonly HashSet<string> functionWords =
        [.. ("a about after all also an and are as at be because been but by can could did do for from had has have he her his how i if in into is it " +
        "its just like more most new no not now of on one only or other our out over people said she so some such than that the their them there these they "
            + "this time to two up was we were what " +
        "when which who will with would year years you 's n't 're 've 'll").Split(' ')];

    private readonly bool stems;
    private readonly WordNetSynonyms? synonyms;

    /// <summary>Creates a scorer.</summary>
    /// <param name="synonyms">WordNet; null scores without synonyms.</param>
    /// <param name="stems">Matches stems too. Only a comparison with exact METEOR turns it off.</param>
    public Meteor(WordNetSynonyms? synonyms = null, bool stems = true) => (this.synonyms, this.stems) = (synonyms, stems);

    /// <inheritdoc/>
    public string Name => "METEOR";

    /// <summary>The matchers in use, for instance "exact, stem, synonym". Values with other modules cannot be compared.</summary>
    public string Modules => string.Join(", ", new[] { "exact", stems ? "stem" : null, synonyms is null ? null : "synonym" }.OfType<string>());

    /// <inheritdoc/>
    public MetricScore Score(CaptionSet captions, CancellationToken cancel = default)
    {
        var best = captions.Items.Select(item =>
        {
            cancel.ThrowIfCancellationRequested();
            return Best(item.Candidate, item.References, cancel);
        }).ToArray();
        return new MetricScore(Name, Total(best).Score, [.. best.Select(counts => counts.Score)])
        {
            Note = $"matches: {Modules}",
            FromSums = rows => Total(rows.Select(row => best[row])).Score,
        };
    }

    private static Counts Total(IEnumerable<Counts> all)
    {
        var total = new Counts();
        foreach (var counts in all) total.Add(counts);
        return total;
    }

    // The first of equally good references, as METEOR keeps it.
    private Counts Best(string[] candidate, string[][] references, CancellationToken cancel) =>
        references.Select(reference => Align(candidate, reference, cancel)).MaxBy(counts => counts.Score)!;

    private Counts Align(string[] candidate, string[] reference, CancellationToken cancel)
    {
        bool identical = candidate.AsSpan().SequenceEqual(reference);
        string[] stemmed = Stemmed(candidate), referenceStemmed = Stemmed(reference);
        var alignment = new MeteorAlignment(candidate.Length, reference.Length, Match, cancel);
        var counts = new Counts { Length = candidate.Length, ReferenceLength = reference.Length, Chunks = alignment.Chunks };
        counts.FunctionWords = candidate.Count(functionWords.Contains);
        counts.ReferenceFunctionWords = reference.Count(functionWords.Contains);
        foreach (var (i, j, module) in alignment.Matches)
        {
            counts.Matched++;
            counts.Weighted += weights[module] * (functionWords.Contains(candidate[i]) ? 1 - Delta : Delta);
            counts.ReferenceWeighted += weights[module] * (functionWords.Contains(reference[j]) ? 1 - Delta : Delta);
        }
        // No fragmentation in a perfect match, nor in the corpus total.
        if (counts.Matched == counts.Length && counts.Matched == counts.ReferenceLength && counts.Chunks == 1) counts.Chunks = 0;
        return counts;

        MeteorMatch Match(int i, int j)
        {
            if (candidate[i] == reference[j]) return MeteorMatch.Exact;
            if (identical) return MeteorMatch.None;
            return (stems && stemmed[i] == referenceStemmed[j] ? MeteorMatch.Stem : MeteorMatch.None)
                | (synonyms is not null && synonyms.Share(candidate[i], reference[j]) ? MeteorMatch.Synonym : MeteorMatch.None);
        }
    }

    private string[] Stemmed(string[] words) => stems ? Array.ConvertAll(words, EnglishStemmer.Stem) : [];

    private sealed class Counts
    {
        public double Length, ReferenceLength, FunctionWords, ReferenceFunctionWords, Weighted, ReferenceWeighted, Matched, Chunks;

        public double Score
        {
            get
            {
                if (Matched == 0) return 0;
                double precision = Weighted / (Delta * (Length - FunctionWords) + (1 - Delta) * FunctionWords);
                double recall = ReferenceWeighted / (Delta * (ReferenceLength - ReferenceFunctionWords) + (1 - Delta) * ReferenceFunctionWords);
                double mean = 1 / ((1 - Alpha) / precision + Alpha / recall);
                return Math.Max(0, mean * (1 - Gamma * Math.Pow(Chunks / Matched, Beta)));
            }
        }

        public void Add(Counts other)
        {
            (Length, ReferenceLength) = (Length + other.Length, ReferenceLength + other.ReferenceLength);
            (FunctionWords, ReferenceFunctionWords) = (FunctionWords + other.FunctionWords, ReferenceFunctionWords + other.ReferenceFunctionWords);
            (Weighted, ReferenceWeighted) = (Weighted + other.Weighted, ReferenceWeighted + other.ReferenceWeighted);
            (Matched, Chunks) = (Matched + other.Matched, Chunks + other.Chunks);
        }
    }
}
