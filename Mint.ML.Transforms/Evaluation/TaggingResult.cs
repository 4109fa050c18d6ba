using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Evaluation;
using Mint.ML.Metrics;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>How well the scores of each tag put the clips that have it before those that have not.</summary>
/// <param name="MeanAveragePrecision">Average precision, averaged over the tags that some row has, with its 95 % interval by bootstrap over the rows; null
/// where none has any.</param>
/// <param name="RocAuc">Area under the ROC curve, averaged over the tags that some rows have and others have not; null where there is no such tag.</param>
/// <param name="Tags">Each tag on its own.</param>
/// <param name="Count">Rows measured; rows without scores, as of sound that could not be read, are left out.</param>
/// <param name="Unanswered">Rows left out.</param>
public sealed record TaggingResult(ConfidenceInterval? MeanAveragePrecision, ConfidenceInterval? RocAuc,
    IReadOnlyList<TagScore> Tags, int Count, int Unanswered)
{
    /// <summary>Expected calibration error of the scores (<see cref="ClassificationMetrics.ExpectedCalibrationError"/>), with its interval.</summary>
    public ConfidenceInterval? CalibrationError { get; init; }

    internal static TaggingResult Compute(IDataView data, string labelsColumnName, string scoreColumnName)
    {
        var score = data.Schema.Require(scoreColumnName, "vector of Single with a name a slot, as RankLabels adds it", SchemaColumns.IsFeatures);
        string[] tags = SlotNames(score);
        var label = data.Schema.Require(labelsColumnName, $"vector of text, the tags of each row, or a vector of {tags.Length} Boolean or Single, one a tag",
            type => type is VectorDataViewType { ItemType: TextDataViewType } || TagFlags.Are(type, tags.Length));
        if (label.Type is not VectorDataViewType { ItemType: TextDataViewType }) TagFlags.CheckNames(label, tags);
        var items = new List<EvaluationItem>();
        int unanswered = 0;
        using (var cursor = data.GetRowCursor([label, score]))
        {
            var (read, scores) = (TagFlags.Reader(cursor, label, tags), cursor.GetGetter<VBuffer<float>>(score));
            VBuffer<float> values = default;
            while (cursor.MoveNext())
            {
                scores(ref values);
                float[] row = [.. values.DenseValues()];
                if (row.Any(float.IsNaN)) unanswered++;
                else items.Add(new EvaluationItem("", read(), "") { Scores = row });
            }
        }
        if (items.Count == 0) throw new InvalidOperationException($"No row of column '{scoreColumnName}' holds scores.");
        if (items.SelectMany(item => item.Reference).FirstOrDefault(tag => !tags.Contains(tag)) is { } unknown)
        {
            throw new InvalidOperationException(
                $"Column '{labelsColumnName}' has the tag '{unknown}', which was not scored. Scored were: {Brief.List(tags)}.");
        }
        var metrics = EvaluationScores.Tagging(items, tags).ToDictionary(metric => metric.Name,
            metric => metric.Value is { } value ? new ConfidenceInterval(value, metric.Low!.Value, metric.High!.Value) : null);
        return new(metrics["mAP"], metrics["ROC-AUC"], [.. tags.Select((tag, i) => Tag(tag, i, items))], items.Count, unanswered)
        {
            CalibrationError = metrics["ECE"],
        };
    }

    private static TagScore Tag(string tag, int index, List<EvaluationItem> items)
    {
        bool[] truth = [.. items.Select(item => item.Reference.Contains(tag))];
        double[] scores = [.. items.Select(item => (double)item.Scores![index])];
        return new(tag, truth.Count(one => one), ClassificationMetrics.AveragePrecision(truth, scores), ClassificationMetrics.RocAuc(truth, scores));
    }

    private static string[] SlotNames(DataViewSchema.Column column)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        if (!column.HasSlotNames())
        {
            throw new ArgumentOutOfRangeException(nameof(column),
            $"Column '{column.Name}' does not tell which tag each score is of (SlotNames); name the column that RankLabels added.");
        }

        column.GetSlotNames(ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }
}

/// <summary>One tag.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Positives">Rows that have it.</param>
/// <param name="AveragePrecision">NaN where no row has it.</param>
/// <param name="RocAuc">NaN where no row has it, or every one.</param>
public sealed record TagScore(string Tag, int Positives, double AveragePrecision, double RocAuc);

/// <summary>The right tags of a row: named, or a flag a tag.</summary>
internal static class TagFlags
{
    public static bool Are(DataViewType type, int count) => type is VectorDataViewType vector && vector.Size == count
        && (vector.ItemType is BooleanDataViewType || vector.ItemType == NumberDataViewType.Single);

    /// <summary>Flags that say whose they are must be in the order of the scores.</summary>
    public static void CheckNames(DataViewSchema.Column column, string[] tags)
    {
        if (!column.HasSlotNames()) return;
        VBuffer<ReadOnlyMemory<char>> names = default;
        column.GetSlotNames(ref names);
        if (!names.DenseValues().Select(name => name.ToString()).SequenceEqual(tags))
        {
            throw new ArgumentOutOfRangeException(nameof(column),
                $"The slots of column '{column.Name}' are not named as the scores are, in the same order: {Brief.List(tags)}.");
        }
    }

    public static Func<string[]> Reader(DataViewRow row, DataViewSchema.Column column, string[] tags)
    {
        var item = ((VectorDataViewType)column.Type).ItemType;
        if (item is TextDataViewType) return Values<ReadOnlyMemory<char>>(values => [.. values.Select(value => value.ToString()).Where(tag => tag.Length > 0)]);
        return item is BooleanDataViewType
            ? Values<bool>(values => [.. tags.Where((_, i) => values[i])])
            : Values<float>(values => [.. tags.Where((_, i) => values[i] > 0)]);

        Func<string[]> Values<T>(Func<T[], string[]> names)
        {
            var read = row.GetGetter<VBuffer<T>>(column);
            VBuffer<T> buffer = default;
            return () =>
            {
                read(ref buffer);
                return names([.. buffer.DenseValues()]);
            };
        }
    }
}
