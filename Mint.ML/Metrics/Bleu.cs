namespace Mint.ML.Metrics;

/// <summary>BLEU-n of words: the geometric mean of the precisions of 1- to n-grams, times a penalty for shortness.</summary>
/// <remarks>
/// <para>BLEU-n = min(1, e^(1 − r/c)) · (∏_{k≤n} p_k)^(1/n), with p_k the clipped precision of k-grams over all candidates, c the
/// candidates' words and r, for each item, the reference length closest to the candidate's (the shorter of two equally close).</para>
/// <para>As in pycocoevalcap, p_k = (matches + 1e-15) / (k-grams + 1e-9), so a candidate without a 4-gram has a tiny BLEU-4 and not 0,
/// and identical texts have 1 − 1e-9 at most. An empty candidate has 0, up to those constants.</para>
/// </remarks>
/// <param name="order">n, from 1 to 4: the longest word sequences that count. Captions are compared by 4 above all.</param>
public sealed class Bleu(int order = 4) : ICaptionMetric
{
    private const double Tiny = 1e-15, Small = 1e-9;

    private readonly int order = order is >= 1 and <= 4 ? order : throw new ArgumentOutOfRangeException(nameof(order), order, "BLEU is known of 1 to 4 words.");

    /// <inheritdoc/>
    public string Name => $"BLEU-{order}";

    /// <inheritdoc/>
    public MetricScore Score(CaptionSet captions, CancellationToken cancel = default)
    {
        var counts = captions.Items.Select(item => Count(item.Candidate, item.References)).ToArray();
        return new MetricScore(Name, Value(Sum(counts)), [.. counts.Select(Value)]) { FromSums = rows => Value(Sum([.. rows.Select(row => counts[row])])) };
    }

    private sealed record Counts(long Length, long ReferenceLength, long[] Guesses, long[] Matches);

    private Counts Sum(Counts[] counts) => new(counts.Sum(c => c.Length), counts.Sum(c => c.ReferenceLength),
        [.. Enumerable.Range(0, order).Select(k => counts.Sum(c => c.Guesses[k]))], [.. Enumerable.Range(0, order).Select(k => counts.Sum(c => c.Matches[k]))]);

    private Counts Count(string[] candidate, string[][] references)
    {
        long[] guesses = new long[order], matches = new long[order];
        for (int k = 0; k < order; k++)
        {
            guesses[k] = Math.Max(0, candidate.Length - k);
            var most = references.Select(reference => NGrams.Count(reference, k + 1)).ToArray();
            foreach (var (gram, count) in NGrams.Count(candidate, k + 1)) matches[k] += Math.Min(count, most.Max(grams => grams.GetValueOrDefault(gram)));
        }
        int closest = references.Select(reference => reference.Length).MinBy(length => (Math.Abs(length - candidate.Length), length));
        return new Counts(candidate.Length, closest, guesses, matches);
    }

    private double Value(Counts counts)
    {
        double product = 1, ratio = (counts.Length + Tiny) / (counts.ReferenceLength + Small);
        for (int k = 0; k < order; k++) product *= (counts.Matches[k] + Tiny) / (counts.Guesses[k] + Small);
        return Math.Pow(product, 1.0 / order) * (ratio < 1 ? Math.Exp(1 - 1 / ratio) : 1);
    }
}

/// <summary>Counts of word sequences.</summary>
internal static class NGrams
{
    /// <summary>How often each sequence of n words stands in a text. Words hold no spaces, so a space joins them.</summary>
    public static Dictionary<string, int> Count(string[] words, int n)
    {
        var counts = new Dictionary<string, int>();
        for (int i = 0; i + n <= words.Length; i++)
        {
            string gram = string.Join(' ', words, i, n);
            counts[gram] = counts.GetValueOrDefault(gram) + 1;
        }
        return counts;
    }
}
