using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>Adds vectors of unit length, of clips or of texts, by one model: what both kinds keep, and how they are written.</summary>
public abstract class EmbeddingTransformer : RowMapTransformer
{
    private protected EmbeddingTransformer(IHostEnvironment environment, string name, EmbeddingModel model, Columns columns)
        : base(environment, name, columns.BatchSize) => (Model, Names) = (model, columns);

    internal sealed record Columns(string OutputColumnName, string InputColumnName, int BatchSize);

    internal EmbeddingModel Model { get; }

    internal Columns Names { get; }

    private protected override void DisposeModel() => Model.Dispose();

    private protected override void Write(ModelWriter writer)
    {
        writer.Json(LoaderSignature + ".json", Names with { BatchSize = BatchSize });
        Model.Write(writer);
    }

    private protected static (EmbeddingModel Model, Columns Columns) Read(IHostEnvironment environment, ModelReader reader, string signature)
    {
        var columns = reader.Json<Columns>(signature + ".json");
        return (EmbeddingModel.Read(environment, reader), columns);
    }
}
