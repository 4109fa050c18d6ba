namespace Mint.ML.Metrics;

/// <summary>What some caption metrics need beside the captions. All may be left out.</summary>
public sealed record CaptionTools
{
    /// <summary>WordNet, for METEOR's synonyms; without it METEOR matches words and stems, and says so.</summary>
    public WordNetSynonyms? Synonyms { get; init; }

    /// <summary>A program for SPICE, and so for SPIDEr.</summary>
    public SpiceTool? Spice { get; init; }

    /// <summary>A BERT, for BERTScore.</summary>
    public BertScore? Bert { get; init; }
}

/// <summary>The list of caption metrics that every evaluation reads. A new metric is a class and a line here.</summary>
public static class CaptionMetrics
{
    /// <summary>All metrics, in the order of tables. One whose tool is missing is not defined, and says what it needs.</summary>
    public static IReadOnlyList<ICaptionMetric> All(CaptionTools? tools = null) =>
    [
        new Bleu(1), new Bleu(2), new Bleu(3), new Bleu(4), new BleuMean(),
        new Meteor(tools?.Synonyms),
        new RougeL(),
        new CiderD(),
        tools?.Spice as ICaptionMetric ?? new Missing("SPICE", "name a tool of your own with --spice"),
        tools?.Spice is { } spice ? new Spider(spice) : new Missing("SPIDEr", "it is the mean of CIDEr-D and SPICE"),
        tools?.Bert as ICaptionMetric ?? new Missing("BERTScore", "name a BERT's folder with --bert"),
    ];

    private sealed class Missing(string name, string needs) : ICaptionMetric
    {
        public string Name => name;

        public MetricScore Score(CaptionSet captions, CancellationToken cancel = default) =>
            MetricScore.Undefined(name, captions.Count, $"not available: {needs}");
    }
}
