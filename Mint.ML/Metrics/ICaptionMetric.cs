namespace Mint.ML.Metrics;

/// <summary>A measure of generated captions against what people wrote. <see cref="CaptionMetrics"/> lists them all.</summary>
public interface ICaptionMetric
{
    /// <summary>What tables and recipes call it, for instance "BLEU-4".</summary>
    string Name { get; }

    /// <summary>Scores all items. A metric that is not defined for the set has NaN and says why (<see cref="MetricScore.Note"/>).</summary>
    /// <param name="captions">The items.</param>
    /// <param name="cancel">Stops between items.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    MetricScore Score(CaptionSet captions, CancellationToken cancel = default);
}
