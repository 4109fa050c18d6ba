using System.Collections;
using Mint.ML.Generation;

namespace Mint.ML.Systems;

/// <summary>A label and its probability.</summary>
public sealed record LabelProbability(string Label, double Probability);

/// <summary>What is heard of labels in one window.</summary>
/// <param name="Probabilities">One a label, in the labels' order.</param>
/// <param name="Familiarity">How familiar the sound is to the encoder (<see cref="RankingOptions.UnfamiliarBelow"/>); null where that cannot tell.</param>
public sealed record HeardLabels(float[] Probabilities, float? Familiarity)
{
    /// <summary>What is heard of them in a recording, of its windows. What one window is familiar with the recording has.</summary>
    internal static HeardLabels Merge(LongAudio audio, IReadOnlyList<HeardLabels> windows, RankingOptions options) =>
        new(audio.Merge([.. windows.Select(window => window.Probabilities)], options.MultiLabel), windows.Max(window => window.Familiarity));
}

/// <summary>Every label, the likeliest first; of equals the earlier.</summary>
public sealed class LabelRanking : IReadOnlyList<LabelProbability>
{
    private readonly LabelProbability[] ranked;

    internal LabelRanking(IReadOnlyList<string> labels, HeardLabels heard, RankingOptions options)
    {
        ranked = [.. labels.Select((label, i) => new LabelProbability(label, heard.Probabilities[i])).OrderByDescending(label => label.Probability)];
        Familiarity = heard.Familiarity;
        Answer = options.MultiLabel || options.IsKnown(ranked[0].Probability, Familiarity) ? ranked[0] : null;
    }

    /// <summary>The likeliest label; null where the model does not know: where it is less likely than <see cref="RankingOptions.UnknownBelow"/>, or the sound
    /// less familiar than <see cref="RankingOptions.UnfamiliarBelow"/>. Where several labels can be true it is never null.</summary>
    public LabelProbability? Answer { get; }

    /// <summary>How familiar the sound is to the encoder, from 0 to 1; null where the encoder cannot tell.</summary>
    public double? Familiarity { get; }

    /// <inheritdoc/>
    public int Count => ranked.Length;

    /// <inheritdoc/>
    public LabelProbability this[int index] => ranked[index];

    /// <inheritdoc/>
    public IEnumerator<LabelProbability> GetEnumerator() => ranked.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
