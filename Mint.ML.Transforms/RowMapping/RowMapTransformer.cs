using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>
/// A transformer that computes columns from the other columns of the same row. Nothing is computed before somebody reads an added
/// column; then the rows read ahead, <see cref="BatchSize"/> of them, go through the model at once.
/// </summary>
public abstract class RowMapTransformer : ITransformer, IDisposable
{
    private readonly InUse use;

    /// <summary>The transformer's own environment: log, progress, random numbers.</summary>
    private protected IHost Host { get; }

    /// <summary>The context's folder for temporary files; null for the system's own.</summary>
    internal string? TemporaryFolder => Host.TemporaryFolder();

    /// <summary>Registers the transformer with an environment.</summary>
    /// <param name="environment">The context, or the environment of a catalog.</param>
    /// <param name="name">The name its messages carry.</param>
    /// <param name="batchSize">Rows a cursor reads ahead and computes at once.</param>
    private protected RowMapTransformer(IHostEnvironment environment, string name, int batchSize)
    {
        ArgumentNullException.ThrowIfNull(environment);
        Host = environment.Register(name);
        use = new InUse(GetType().Name, () => DisposeModel());
        BatchSize = batchSize >= 1 ? batchSize
            : throw new ArgumentOutOfRangeException(nameof(batchSize), batchSize, $"{nameof(BatchSize)} must be at least 1.");
    }

    /// <summary>Rows a cursor reads ahead and computes at once. More is faster up to what memory holds; results are the same.</summary>
    public int BatchSize { get; internal set; }

    /// <summary>The name under which this transformer stands in model files: at most 24 ASCII characters, never changed.</summary>
    private protected abstract string LoaderSignature { get; }

    /// <summary>Binds to a schema: checks the input columns, says what is added and how.</summary>
    private protected abstract RowBinding Bind(DataViewSchema input);

    /// <summary>Writes what <see cref="ILoadable{TSelf}.Read"/> makes the transformer from.</summary>
    private protected abstract void Write(ModelWriter writer);

    /// <summary>Disposes what the transformer owns, once, when its last owner has gone.</summary>
    private protected virtual void DisposeModel() { }

    /// <inheritdoc/>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Map(inputSchema).OutputSchema;

    /// <summary>Gives the input's columns and the added ones, lazily.</summary>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new RowMapView(input, Map(input.Schema), this);
    }

    bool ITransformer.IsRowToRowMapper => true;

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        var mapper = Map(inputSchema);
        use.Share();
        return mapper;
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        Interop.Save(ctx, this, LoaderSignature, Write);
    }

    /// <summary>
    /// Gives up one claim on the transformer. A prediction engine disposes its transformer, so that each engine made of it counts as one
    /// more owner: disposing an engine leaves the transformer, and other engines made of it, alive. A batch that another thread is computing is ended first; the
    /// next one is an <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        use.Release();
        GC.SuppressFinalize(this);
    }

    private RowMapper Map(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        use.Check();
        return new RowMapper(Bind(inputSchema), use);
    }
}

internal sealed class RowMapView(IDataView source, RowMapper mapper, RowMapTransformer transformer) : IDataView
{
    public DataViewSchema Schema => mapper.OutputSchema;
    public bool CanShuffle => source.CanShuffle;
    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = mapper.Activate(columnsNeeded);
        var input = source.GetRowCursor(mapper.Dependencies(active), rand);
        // Batches pay only where something is computed.
        return mapper.AnyAdded(active) && transformer.BatchSize > 1
            ? new ReadAheadCursor(mapper, input, active, transformer.BatchSize)
            : new RowMapCursor(mapper, input, active);
    }

    // One cursor whatever n is: the model uses every core, or the GPU, for a batch.
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}
