using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Retrieval;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>An index file made of the vectors in data.</summary>
internal static class AudioIndex
{
    /// <summary>Writes the rows that have vectors, each under its name; returns how many.</summary>
    public static long Write(IHostEnvironment environment, IDataView data, string path, string idColumnName, string embeddingColumnName, VectorStorage storage)
    {
        var id = data.Schema.Require(idColumnName, "text, a name for each row", type => type is TextDataViewType);
        var column = data.Schema.Require(embeddingColumnName, "vector of Single of known size, as EmbedAudio adds it",
            type => SchemaColumns.IsFeatures(type) && type is VectorDataViewType { IsKnownSize: true });
        int width = Width(column), vectors = ((VectorDataViewType)column.Type).Size / width, missing = 0;
        long rows = 0;
        using var channel = environment.Start("Index");
        using var writer = EmbeddingIndexWriter.Create(path, vectors, width, storage);
        using (var cursor = data.GetRowCursor([id, column]))
        {
            var (getId, getVectors) = (TextColumn.Reader(cursor, id), cursor.GetGetter<VBuffer<float>>(column));
            VBuffer<float> values = default;
            while (cursor.MoveNext())
            {
                getVectors(ref values);
                float[] item = [.. values.DenseValues()];
                if (item.Any(float.IsNaN))
                {
                    missing++;
                }
                else
                {
                    writer.Add(getId(), BridgeEmbeddings.Vectors(item, width));
                    rows++;
                }
            }
        }
        if (rows == 0) throw new InvalidOperationException($"No row of column '{embeddingColumnName}' holds vectors; the index would be empty.");
        writer.Commit();
        if (missing > 0)
        {
            channel.Warning(MessageSensitivity.None, "{0}",
            $"{missing} rows have no vectors, as of sound that could not be read, and are not in the index.");
        }

        channel.Info(MessageSensitivity.None, "{0}", $"{rows} rows of {vectors} vectors of {width} numbers are in {path}.");
        return rows;
    }

    /// <summary>Numbers of one vector: the last dimension of a column that holds several.</summary>
    public static int Width(DataViewSchema.Column column) => ((VectorDataViewType)column.Type).Dimensions[^1];
}
