using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Metrics;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>Scores generated texts against a reference a row.</summary>
internal static class CaptionEvaluation
{
    public static IReadOnlyList<MetricScore> Score(IDataView data, string referenceColumnName, string generatedColumnName)
    {
        var columns = new[] { referenceColumnName, generatedColumnName }.Select(name => data.Schema.Require(name, "text", type => type is TextDataViewType)).ToArray();
        var items = new List<CaptionItem>();
        using (var cursor = data.GetRowCursor(columns))
        {
            var (getReference, getGenerated) = (cursor.GetGetter<ReadOnlyMemory<char>>(columns[0]), cursor.GetGetter<ReadOnlyMemory<char>>(columns[1]));
            ReadOnlyMemory<char> reference = default, generated = default;
            while (cursor.MoveNext())
            {
                getReference(ref reference);
                getGenerated(ref generated);
                if (reference.Length > 0) items.Add(new CaptionItem(generated.ToString(), [reference.ToString()]));
            }
        }
        if (items.Count == 0) throw new InvalidOperationException($"No row of column '{referenceColumnName}' holds a reference.");
        var captions = CaptionSet.From(items);
        return [.. Bleu.Score(captions), RougeL.Score(captions), CiderD.Score(captions)];
    }
}
