namespace Mint.ML.Metrics;

/// <summary>SPIDEr: the mean of CIDEr-D and SPICE, by item and for the set; not defined where CIDEr-D is not.</summary>
/// <remarks>Liu et al., "Improved Image Captioning via Policy Gradient optimization of SPIDEr", 2017.</remarks>
/// <param name="spice">SPICE: a <see cref="SpiceTool"/>.</param>
public sealed class Spider(ICaptionMetric spice) : ICaptionMetric
{
    /// <inheritdoc/>
    public string Name => "SPIDEr";

    /// <inheritdoc/>
    public MetricScore Score(CaptionSet captions, CancellationToken cancel = default)
    {
        var words = new CiderD().Score(captions, cancel);
        if (double.IsNaN(words.Corpus))
            return MetricScore.Undefined(Name, captions.Count, "not defined: it is the mean of CIDEr-D, which is not defined, and SPICE");
        var propositions = spice.Score(captions, cancel);
        return new MetricScore(Name, (words.Corpus + propositions.Corpus) / 2, [.. words.Items.Zip(propositions.Items, (a, b) => (a + b) / 2)]);
    }
}
