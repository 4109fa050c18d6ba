using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Metrics;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>Scores generated texts against a reference a row.</summary>
internal static class CaptionEvaluation
{
    public static IReadOnlyList<MetricScore> Score(IDataView data, string referenceColumnName, string generatedColumnName, CaptionTools? tools,
        CancellationToken cancel)
    {
        var columns = new[] { referenceColumnName, generatedColumnName }.Select(name => data.Schema.Require(name, "text", type => type is TextDataViewType))
            .ToArray();
        CheckReferences(data, columns[0]); // before the first caption is generated
        var items = new List<CaptionItem>();
        using (var cursor = data.GetRowCursor(columns))
        {
            var (getReference, getGenerated) = (cursor.GetGetter<ReadOnlyMemory<char>>(columns[0]), cursor.GetGetter<ReadOnlyMemory<char>>(columns[1]));
            ReadOnlyMemory<char> reference = default, generated = default;
            while (cursor.MoveNext())
            {
                getReference(ref reference);
                if (reference.Length == 0) continue;
                getGenerated(ref generated);
                items.Add(new CaptionItem(generated.ToString(), [reference.ToString()]));
            }
        }
        var captions = CaptionSet.From(items);
        return [.. CaptionMetrics.All(tools).Select(metric => metric.Score(captions, cancel))];
    }

    private static void CheckReferences(IDataView data, DataViewSchema.Column column)
    {
        using var cursor = data.GetRowCursor([column]);
        var get = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> reference = default;
        bool any = false;
        while (cursor.MoveNext())
        {
            get(ref reference);
            if (reference.Length == 0) continue;
            any = true;
            if (!CaptionSet.HasWords(reference.ToString()))
            {
                throw new InvalidOperationException($"Row {cursor.Position} of column '{column.Name}' (from 0) has the reference \"{reference}\", which has "
                    + "no words. Leave it out, or empty.");
            }
        }
        if (!any) throw new InvalidOperationException($"No row of column '{column.Name}' holds a reference.");
    }
}
