using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Model.OnnxConverter;
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
    private int engines; // prediction engines made, less those that disposed this as their own

    /// <summary>The transformer's own environment: log, progress, random numbers.</summary>
    private protected IHost Host { get; }

    /// <summary>Registers the transformer with an environment.</summary>
    /// <param name="environment">The context, or the environment of a catalog.</param>
    /// <param name="name">The name its messages carry.</param>
    /// <param name="batchSize">Rows a cursor reads ahead and computes at once.</param>
    private protected RowMapTransformer(IHostEnvironment environment, string name, int batchSize)
    {
        ArgumentNullException.ThrowIfNull(environment);
        Host = environment.Register(name);
        BatchSize = batchSize >= 1 ? batchSize
            : throw new ArgumentOutOfRangeException(nameof(batchSize), batchSize, $"{nameof(BatchSize)} must be at least 1.");
        use = new InUse(GetType().FullName!, DisposeModel);
    }

    /// <summary>Rows a cursor reads ahead and computes at once. More is faster up to what memory holds; results are the same.</summary>
    public int BatchSize { get; internal set; }

    /// <summary>The name under which this transformer stands in model files: at most 24 ASCII characters, never changed.</summary>
    private protected abstract string LoaderSignature { get; }

    /// <summary>Binds to a schema: checks the input columns, says what is added and how.</summary>
    private protected abstract RowBinding Bind(DataViewSchema input);

    /// <summary>Writes what <see cref="ILoadable{TSelf}.Read"/> makes the transformer from.</summary>
    private protected abstract void Write(ModelWriter writer);

    /// <summary>Disposes what the transformer owns, once, when nobody computes with it any more.</summary>
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

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => Map(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        using var saving = Enter();
        Interop.Save(ctx, Host, this, LoaderSignature, Write);
    }

    /// <summary>
    /// Disposes the model; what another thread computes or saves ends first. A prediction engine disposes its transformer as its own: that is
    /// ignored, so that the transformer, and other engines made of it, live on.
    /// </summary>
    /// <remarks>
    /// ML.NET disposes a chain once only, by the first engine that goes: the weights of such a chain go when nobody refers to it any more. For
    /// weights that go when you dispose the chain, make engines with <see cref="PredictionEngineOptions.OwnsTransformer"/> false. With
    /// DOTNET_TieredCompilation=0 nobody can tell who calls while there are engines: their weights, too, go when nobody refers to the transformer any more.
    /// </remarks>
    public void Dispose()
    {
        if (EngineDisposals.IsUnderWay(Volatile.Read(ref engines) > 0))
        {
            Interlocked.Decrement(ref engines);
            return;
        }
        use.Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>A prediction engine was made: only engines ask a mapper for a row.</summary>
    internal void MakeEngine() => Interlocked.Increment(ref engines);

    /// <summary>Begins to work with the model, which stays until the result is disposed of.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed of.</exception>
    private protected InUse.Work Enter() => use.Enter();

    /// <summary>Computes a batch, unless the context was cancelled, and keeps the model alive meanwhile.</summary>
    internal void Compute(RowBinding binding, RowBatch batch)
    {
        using var computing = Enter();
        Contracts.CheckAlive(Host);
        binding.Compute(batch);
    }

    /// <summary>Tells the log what a cursor computed; single rows, as of a prediction engine, are not told.</summary>
    internal void Tell(long rows, long batches, TimeSpan time)
    {
        using var channel = Host.Start("Transform");
        channel.Trace(MessageSensitivity.None, "{0}", FormattableString.Invariant($"{rows} rows in {batches} batches, {time.TotalSeconds:F2} s."));
    }

    /// <summary>Somebody begins to read added columns of one view, for the first, second, ... time.</summary>
    private protected virtual void Reads(int pass) { }

    internal void Tell(int pass) => Reads(pass);

    private RowMapper Map(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        using var binding = Enter();
        return new RowMapper(this, Bind(inputSchema));
    }
}

/// <summary>What a transformer makes of data. ML.NET's ONNX exporter asks it whether it can be exported, and is told why not.</summary>
internal sealed class RowMapView(IDataView source, RowMapper mapper, RowMapTransformer transformer) : IDataView, ITransformCanSaveOnnx
{
    private int passes;

    public DataViewSchema Schema => mapper.OutputSchema;
    public bool CanShuffle => source.CanShuffle;
    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = mapper.Activate(columnsNeeded);
        var input = source.GetRowCursor(mapper.Dependencies(active), rand);
        if (mapper.AnyAdded(active)) transformer.Tell(Interlocked.Increment(ref passes));
        // Batches pay only where something is computed.
        return mapper.AnyAdded(active) && transformer.BatchSize > 1
            ? new ReadAheadCursor(mapper, input, active, transformer.BatchSize)
            : new RowMapCursor(mapper, input, active);
    }

    // One cursor whatever n is: the model uses every core, or the GPU, for a batch.
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    IDataView IDataTransform.Source => source;

    void ICanSaveModel.Save(ModelSaveContext ctx) => ((ICanSaveModel)transformer).Save(ctx);

    // Left alone, the exporter would take what this computes for inputs of the ONNX model, without a word.
    bool ICanSaveOnnx.CanSaveOnnx(OnnxContext ctx) => throw NotForOnnx();

    void ISaveAsOnnx.SaveAsOnnx(OnnxContext ctx) => throw NotForOnnx();

    private NotSupportedException NotForOnnx() => new(
        $"{transformer.GetType().Name} cannot be converted to ONNX: it reads sound of any length and searches for texts token by token, which no graph of "
        + "ML.NET's exporter holds. Save the chain by Model.Save, and convert the steps behind it on their own.");
}
