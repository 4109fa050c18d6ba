namespace Mint.ML.Metrics;

/// <summary>CIDEr-D: similarity of TF-IDF vectors of 1- to 4-grams.</summary>
/// <remarks>
/// <para>For each n, g_k = count · (log N − log max(1, items whose references hold the n-gram)); the score of an item is
/// 10 · mean over n, mean over references of e^(−(l_c − l_r)² / 2σ²) · Σ min(g_c, g_r)·g_r / (‖g_c‖·‖g_r‖), σ = 6. The corpus value is the items' mean.</para>
/// <para>As in pycocoevalcap, the length l is the number of bigrams. The document frequencies are those of the scored set, and a score says nothing apart from
/// it. Where every n-gram stands in the references of every item, as with one item, all weights are 0: CIDEr-D is not defined then (pycocoevalcap gives 0). 0
/// for an empty candidate.</para>
/// </remarks>
public sealed class CiderD : ICaptionMetric
{
    private const int Orders = 4;
    private const double Sigma = 6;

    /// <inheritdoc/>
    public string Name => "CIDEr-D";

    /// <inheritdoc/>
    public MetricScore Score(CaptionSet captions, CancellationToken cancel = default)
    {
        var documents = new Dictionary<string, int>();
        foreach (var (_, references) in captions.Items)
        {
            // A gram's order is its number of words, so all orders share one table.
            foreach (string gram in references.SelectMany(words => Enumerable.Range(1, Orders).SelectMany(n => NGrams.Count(words, n).Keys)).Distinct())
                documents[gram] = documents.GetValueOrDefault(gram) + 1;
        }
        if (documents.Values.All(items => items == captions.Count))
        {
            return MetricScore.Undefined(Name, captions.Count,
                $"not defined: it weighs words by how few clips have them, and {(captions.Count == 1 ? "there is one clip" : "all clips have the same")}");
        }

        double logCount = Math.Log(captions.Count);
        double[] items = [.. captions.Items.Select(item => Score(item.Candidate, item.References))];
        return new MetricScore(Name, items.Average(), items);

        double Score(string[] candidate, string[][] references)
        {
            double sum = 0;
            var vectors = references.Select(words => (Weigh(words), Bigrams(words))).ToArray();
            var own = Weigh(candidate);
            foreach (var (reference, length) in vectors)
            {
                double difference = Bigrams(candidate) - length, penalty = Math.Exp(-difference * difference / (2 * Sigma * Sigma));
                for (int n = 0; n < Orders; n++) sum += penalty * Similarity(own[n], reference[n]);
            }
            return 10 * sum / Orders / references.Length;
        }

        Dictionary<string, double>[] Weigh(string[] words) => [.. Enumerable.Range(1, Orders).Select(n => NGrams.Count(words, n)
            .ToDictionary(gram => gram.Key, gram => gram.Value * (logCount - Math.Log(Math.Max(1, documents.GetValueOrDefault(gram.Key))))))];
    }

    private static int Bigrams(string[] words) => Math.Max(0, words.Length - 1);

    private static double Similarity(Dictionary<string, double> candidate, Dictionary<string, double> reference)
    {
        double product = 0;
        foreach (var (gram, weight) in candidate)
        {
            double other = reference.GetValueOrDefault(gram);
            product += Math.Min(weight, other) * other;
        }
        double norms = Math.Sqrt(candidate.Values.Sum(w => w * w)) * Math.Sqrt(reference.Values.Sum(w => w * w));
        return norms == 0 ? 0 : product / norms;
    }
}
