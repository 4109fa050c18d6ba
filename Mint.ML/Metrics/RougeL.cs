namespace Mint.ML.Metrics;

/// <summary>ROUGE-L: F-measure of the longest common subsequence of words.</summary>
/// <remarks>
/// F = (1 + β²)·P·R / (R + β²·P), β = 1.2, with P = LCS / candidate length and R = LCS / reference length. As in pycocoevalcap the highest P and
/// the highest R over the references are taken apart, so they may come from different ones. 0 when no word is shared or the candidate is empty; 1 for identical
/// texts. The corpus value is the items' mean.
/// </remarks>
public sealed class RougeL : ICaptionMetric
{
    private const double Beta = 1.2;

    /// <inheritdoc/>
    public string Name => "ROUGE-L";

    /// <inheritdoc/>
    public MetricScore Score(CaptionSet captions, CancellationToken cancel = default)
    {
        double[] items = [.. captions.Items.Select(item => Score(item.Candidate, item.References, cancel))];
        return new MetricScore(Name, items.Average(), items);
    }

    private static double Score(string[] candidate, string[][] references, CancellationToken cancel)
    {
        if (candidate.Length == 0) return 0;
        double precision = 0, recall = 0;
        foreach (string[] reference in references)
        {
            cancel.ThrowIfCancellationRequested();
            double common = CommonSubsequence(candidate, reference);
            (precision, recall) = (Math.Max(precision, common / candidate.Length), Math.Max(recall, common / reference.Length));
        }
        return precision == 0 ? 0 : (1 + Beta * Beta) * precision * recall / (recall + Beta * Beta * precision);
    }

    private static int CommonSubsequence(string[] a, string[] b)
    {
        int[] above = new int[b.Length + 1], row = new int[b.Length + 1];
        foreach (string word in a)
        {
            for (int j = 0; j < b.Length; j++) row[j + 1] = word == b[j] ? above[j] + 1 : Math.Max(above[j + 1], row[j]);
            (above, row) = (row, above);
        }
        return above[b.Length];
    }
}
