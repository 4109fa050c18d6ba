using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Metrics;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>Scores generated texts against one or several references a row.</summary>
internal static class CaptionEvaluation
{
    public static IReadOnlyList<MetricScore> Score(IDataView data, string referenceColumnName, string generatedColumnName, CaptionTools? tools,
        CancellationToken cancel)
    {
        var references = data.Schema.Require(referenceColumnName, "text, or a vector of text", type => type is TextDataViewType or VectorDataViewType { ItemType: TextDataViewType });
        var generated = data.Schema.Require(generatedColumnName, "text", type => type is TextDataViewType);
        CheckReferences(data, references); // before the first caption is generated
        var items = new List<CaptionItem>();
        using (var cursor = data.GetRowCursor([references, generated]))
        {
            var (getReferences, getGenerated) = (References(cursor, references), cursor.GetGetter<ReadOnlyMemory<char>>(generated));
            ReadOnlyMemory<char> text = default;
            while (cursor.MoveNext())
            {
                cancel.ThrowIfCancellationRequested();
                string[] right = getReferences();
                if (right.Length == 0) continue;
                getGenerated(ref text);
                items.Add(new CaptionItem(text.ToString(), right));
            }
        }
        var captions = CaptionSet.From(items);
        return [.. CaptionMetrics.All(tools).Select(metric => WithInterval(metric.Score(captions, cancel)))];
    }

    private static MetricScore WithInterval(MetricScore score) => double.IsNaN(score.Corpus) ? score
        : score with { Interval = Bootstrap.Statistic(score.Items.Count, score.Over) };

    private static void CheckReferences(IDataView data, DataViewSchema.Column column)
    {
        using var cursor = data.GetRowCursor([column]);
        var get = References(cursor, column);
        bool any = false;
        while (cursor.MoveNext())
        {
            foreach (string reference in get())
            {
                any = true;
                if (!CaptionSet.HasWords(reference))
                {
                    throw new InvalidOperationException($"Row {cursor.Position} of column '{column.Name}' (from 0) has the reference \"{reference}\", "
                        + "which has no words. Leave it out, or empty.");
                }
            }
        }
        if (!any) throw new InvalidOperationException($"No row of column '{column.Name}' holds a reference.");
    }

    /// <summary>The references of the row at hand; empty ones are none.</summary>
    private static Func<string[]> References(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is TextDataViewType)
        {
            var one = TextColumn.Reader(row, column);
            return () => one() is { Length: > 0 } text ? [text] : [];
        }
        var several = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
        VBuffer<ReadOnlyMemory<char>> values = default;
        return () =>
        {
            several(ref values);
            return [.. values.DenseValues().Where(value => value.Length > 0).Select(value => value.ToString())];
        };
    }
}
