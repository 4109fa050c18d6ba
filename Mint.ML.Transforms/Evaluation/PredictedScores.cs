using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>The scores that a predicted label was chosen by. Those of another step may have the name: each step's label and scores share a number.</summary>
internal static class PredictedScores
{
    /// <summary>The scores of a predicted label, also where a later step's hide them; null where no column of that name holds a score for each label.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column of that name holds the scores of another prediction.</exception>
    public static DataViewSchema.Column? Find(DataViewSchema schema, DataViewSchema.Column predicted, IReadOnlyList<string> labels, string name)
    {
        DataViewSchema.Column[] scores = [.. schema.Where(column => column.Type is VectorDataViewType { Size: var size } && size == labels.Count
            && SchemaColumns.IsFeatures(column.Type)).Reverse()]; // the last one first
        DataViewSchema.Column[] named = [.. scores.Where(column => column.Name == name)], own = [.. scores.Where(IsOwn)];
        if (named.Length == 0) return null;
        if (named.Where(IsOwn).Cast<DataViewSchema.Column?>().FirstOrDefault() is { } found) return found;
        string where = own.Where(column => !column.IsHidden).Select(column => column.Name).FirstOrDefault() is { } right
            ? $"name '{right}' as the score column" : "its own are not in the data: name no score column (null), and their calibration is not measured";
        throw new ArgumentOutOfRangeException("scoreColumnName", $"Column '{name}' does not hold the scores that '{predicted.Name}' was chosen by, but those "
            + $"of another prediction; {where}.");

        bool IsOwn(DataViewSchema.Column column) => Set(column) is { } set && Set(predicted) is { } wanted ? set == wanted
            : Names(column) is not { } names || names.SequenceEqual(labels);
    }

    private static string[]? Names(DataViewSchema.Column scores)
    {
        if (!scores.HasSlotNames()) return null;
        VBuffer<ReadOnlyMemory<char>> names = default;
        scores.GetSlotNames(ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }

    private static uint? Set(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(Interop.ScoreSetId)?.Type.Equals(Interop.ScoreSetIdType) != true) return null;
        uint set = 0;
        column.Annotations.GetValue(Interop.ScoreSetId, ref set);
        return set;
    }
}
