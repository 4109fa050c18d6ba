using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Metrics;
using Mint.ML.Retrieval;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>How often the right one is among the first k that a search gives.</summary>
/// <param name="R1">Share of searches whose first result is right.</param>
/// <param name="R5">Share with a right one among the first five.</param>
/// <param name="R10">Share with a right one among the first ten.</param>
public sealed record RecallAt(double R1, double R5, double R10);

/// <summary>Search by stage 1 in both directions, among all rows of the data.</summary>
/// <param name="TextToAudio">A caption searches for its clip.</param>
/// <param name="AudioToText">A clip searches for its caption.</param>
/// <param name="Count">Rows searched among.</param>
public sealed record RetrievalResult(RecallAt TextToAudio, RecallAt AudioToText, int Count)
{
    /// <summary>Rows left out: without sound, without a caption, or whose caption has no vector.</summary>
    public int LeftOut { get; init; }

    /// <summary>Computes the metrics from the columns that a <see cref="BridgeNetTransformer"/> adds.</summary>
    /// <remarks>
    /// Rows with the same caption are right answers to each other: the text does not tell them apart. Of equally similar results the wrong ones come first
    /// (<see cref="RetrievalMetrics"/>).
    /// </remarks>
    internal static RetrievalResult Compute(IDataView data, string audioColumnName, string textColumnName, string captionColumnName)
    {
        var schema = data.Schema;
        var columns = new[] { audioColumnName, textColumnName }
            .Select(name => schema.Require(name, "vector of Single, as the model of Trainers.BridgeNet adds it", SchemaColumns.IsFeatures)).ToList();
        columns.Add(schema.Require(captionColumnName, "text", type => type is TextDataViewType));
        var (clips, texts, captions) = (new List<float[,]>(), new List<float[,]>(), new List<string>());
        int leftOut = 0;
        using (var cursor = data.GetRowCursor(columns))
        {
            var (getClip, getText) = (cursor.GetGetter<VBuffer<float>>(columns[0]), cursor.GetGetter<VBuffer<float>>(columns[1]));
            var getCaption = cursor.GetGetter<ReadOnlyMemory<char>>(columns[2]);
            VBuffer<float> clip = default, text = default;
            ReadOnlyMemory<char> caption = default;
            while (cursor.MoveNext())
            {
                getClip(ref clip);
                getText(ref text);
                getCaption(ref caption);
                if (FrameBatch.IsMissing(clip) || FrameBatch.IsMissing(text) || caption.Span.IsWhiteSpace())
                {
                    leftOut++;
                    continue;
                }
                clips.Add(BridgeEmbeddings.Vectors([.. clip.DenseValues()], text.Length));
                texts.Add(BridgeEmbeddings.Vectors([.. text.DenseValues()], text.Length));
                captions.Add(caption.ToString());
            }
        }
        if (clips.Count == 0) throw new InvalidOperationException($"There are no rows to search among; {leftOut} have no sound or no caption.");
        var right = RetrievalMetrics.SameCaption(captions, [.. captions.Select(caption => (string[])[caption])]);
        return new(Recall(texts, clips), Recall(clips, texts), clips.Count) { LeftOut = leftOut };

        RecallAt Recall(List<float[,]> queries, List<float[,]> items)
        {
            var scores = RetrievalMetrics.Score(BridgeEmbeddings.Similarities(queries, items), right);
            return new(scores.RecallAt(1), scores.RecallAt(5), scores.RecallAt(10));
        }
    }
}
