namespace Mint.ML.Metrics;

/// <summary>The mean of BLEU-1 to BLEU-4, which MusiLingo's tables call BLEU (section 2.3), after MU-LLaMA.</summary>
public sealed class BleuMean : ICaptionMetric
{
    private const int Orders = 4;

    /// <inheritdoc/>
    public string Name => "BLEU";

    /// <inheritdoc/>
    public MetricScore Score(CaptionSet captions, CancellationToken cancel = default)
    {
        MetricScore[] scores = [.. Enumerable.Range(1, Orders).Select(order => new Bleu(order).Score(captions, cancel))];
        return new MetricScore(Name, scores.Average(score => score.Corpus),
            [.. Enumerable.Range(0, captions.Count).Select(item => scores.Average(score => score.Items[item]))])
        {
            FromSums = rows => scores.Average(score => score.Over(rows)),
        };
    }
}
