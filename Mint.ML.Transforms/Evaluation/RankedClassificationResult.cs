using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Evaluation;
using Mint.ML.Metrics;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>How often the label that ranked first is the right one, compared by text.</summary>
/// <param name="Accuracy">Share of rows whose predicted label is the right one, with its 95 % interval by bootstrap over the rows.</param>
/// <param name="MacroF1">F1 averaged over the labels, with its interval.</param>
/// <param name="Count">Rows that have a right label; others are left out.</param>
/// <param name="Unanswered">Rows of these without a prediction, as of sound that could not be read; they count as wrong.</param>
/// <param name="NotAmongLabels">Rows of these whose right label is none of those that were ranked; they can only be wrong.</param>
public sealed record RankedClassificationResult(ConfidenceInterval Accuracy, ConfidenceInterval MacroF1, int Count, int Unanswered, int NotAmongLabels)
{
    /// <summary>Expected calibration error of the likeliest label's score (<see cref="ClassificationMetrics.ExpectedCalibrationError"/>), with its interval;
    /// null where the data have no scores, or none were asked for. Rows without scores are left out of it.</summary>
    public ConfidenceInterval? CalibrationError { get; init; }

    internal static RankedClassificationResult Compute(IDataView data, string labelColumnName, string predictedColumnName, string? scoreColumnName)
    {
        var label = data.Schema.Require(labelColumnName, "text, or a key with names", type => type is TextDataViewType or KeyDataViewType);
        var predicted = data.Schema.Require(predictedColumnName, "key, as RankLabels adds it", type => type is KeyDataViewType);
        string[] labels = [.. KeyNames.Find(predicted) ?? throw new ArgumentOutOfRangeException(nameof(predictedColumnName),
            $"The keys of column '{predictedColumnName}' have no names; name the column that RankLabels added.")];
        var items = new List<EvaluationItem>();
        int unanswered = 0, unknown = 0;
        var score = scoreColumnName is null ? null : PredictedScores.Find(data.Schema, predicted, labels, scoreColumnName);
        using (var cursor = data.GetRowCursor(score is { } read ? [label, predicted, read] : [label, predicted]))
        {
            var (right, answer) = (TextColumn.Reader(cursor, label), TextColumn.Reader(cursor, predicted));
            var scores = score is { } column ? cursor.GetGetter<VBuffer<float>>(column) : null;
            VBuffer<float> values = default;
            while (cursor.MoveNext())
            {
                if (right() is not { Length: > 0 } text) continue;
                string said = answer();
                if (said.Length == 0) unanswered++;
                if (!labels.Contains(text)) unknown++;
                scores?.Invoke(ref values);
                items.Add(new EvaluationItem("", [text], said) { Scores = scores is null ? null : [.. values.DenseValues()] });
            }
        }
        if (items.Count == 0) throw new InvalidOperationException($"No row of column '{labelColumnName}' holds a label.");
        if (unknown == items.Count)
        {
            throw new InvalidOperationException($"No label of column '{labelColumnName}', such as '{items[0].Reference[0]}', is among those that were ranked: "
                + $"{Brief.List(labels)}.");
        }
        ConfidenceInterval[] metrics = [.. EvaluationScores.Classification(items).Select(metric => new ConfidenceInterval(metric.Value!.Value,
            metric.Low!.Value, metric.High!.Value))];
        EvaluationItem[] scored = [.. items.Where(item => item.Scores?.Any(float.IsNaN) == false)];
        var calibration = scored.Length == 0 ? null : EvaluationScores.Classification(scored, labels).Single(metric => metric.Name == "ECE");
        return new(metrics[0], metrics[1], items.Count, unanswered, unknown)
        {
            CalibrationError = calibration?.Value is { } error ? new(error, calibration.Low!.Value, calibration.High!.Value) : null,
        };
    }
}
