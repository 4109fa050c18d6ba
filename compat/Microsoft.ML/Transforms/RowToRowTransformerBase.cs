using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>What a transformer of this package does to one schema: the columns it adds and how to compute them.</summary>
internal abstract class RowMapping(DataViewSchema input)
{
    public DataViewSchema Input => input;
    public abstract IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }
    /// <summary>The input columns that an added column is computed from.</summary>
    public abstract IEnumerable<int> Needs(int added);
    public abstract Delegate MakeGetter(DataViewRow row, int added);
    /// <summary>The columns of the output, input ones by index and added ones counted on from there; all of them unless overridden.</summary>
    public virtual IReadOnlyList<int> Layout => Enumerable.Range(0, input.Count + Added.Count).ToArray();
}

internal sealed class RowMapper : IRowToRowMapper
{
    private readonly RowMapping _mapping;
    private readonly IReadOnlyList<int> _layout;
    public DataViewSchema InputSchema => _mapping.Input;
    public DataViewSchema OutputSchema { get; }

    public RowMapper(RowMapping mapping)
    {
        (_mapping, _layout) = (mapping, mapping.Layout);
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(_layout.Select(i => i < InputSchema.Count ? new DataViewSchema.DetachedColumn(InputSchema[i]) : mapping.Added[i - InputSchema.Count]));
        OutputSchema = builder.ToSchema();
    }

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var needed = new bool[InputSchema.Count];
        foreach (var column in dependingColumns ?? [])
        {
            int from = _layout[column.Index];
            foreach (int i in from < InputSchema.Count ? [from] : _mapping.Needs(from - InputSchema.Count)) needed[i] = true;
        }
        return InputSchema.Where(c => needed[c.Index]).ToList();
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Schema != InputSchema) throw new ArgumentException("Schema of the input row is not the schema the mapper is bound to", nameof(input));
        return new MappedCursor(this, input, null, activeColumns);
    }

    public DataViewRowCursor Over(DataViewRowCursor input, IEnumerable<DataViewSchema.Column> activeColumns) => new MappedCursor(this, input, input, activeColumns);

    /// <summary>A row, and, where the input is a cursor, a cursor.</summary>
    private sealed class MappedCursor(RowMapper mapper, DataViewRow input, DataViewRowCursor cursor, IEnumerable<DataViewSchema.Column> active) : DataViewRowCursor
    {
        private readonly bool[] _active = CursorBase.ActiveOf(mapper.OutputSchema, active);
        private readonly Dictionary<int, Delegate> _getters = [];

        public override DataViewSchema Schema => mapper.OutputSchema;
        public override long Position => input.Position;
        public override long Batch => input.Batch;
        public override bool MoveNext() => cursor.MoveNext();
        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();
        public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column)) throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' is not active in this row");
            int from = mapper._layout[column.Index];
            if (from < mapper.InputSchema.Count) return input.GetGetter<TValue>(mapper.InputSchema[from]);
            if (!_getters.TryGetValue(from, out var getter))
                _getters[from] = getter = mapper._mapping.MakeGetter(input, from - mapper.InputSchema.Count);
            return getter as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"Invalid TValue in GetGetter: '{typeof(TValue)}'; column '{column.Name}' is of type {column.Type}");
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) input.Dispose();
            base.Dispose(disposing);
        }
    }
}

internal sealed class MappedView(IDataView source, RowMapper mapper) : IDataView
{
    public DataViewSchema Schema => mapper.OutputSchema;
    public bool CanShuffle => source.CanShuffle;
    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var needed = (columnsNeeded ?? []).ToList();
        return mapper.Over(source.GetRowCursor(mapper.GetDependencies(needed), rand), needed);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var needed = (columnsNeeded ?? []).ToList();
        return source.GetRowCursorSet(mapper.GetDependencies(needed), n, rand).Select(c => mapper.Over(c, needed)).ToArray();
    }
}

public abstract class RowToRowTransformerBase : ITransformer
{
    private protected RowToRowTransformerBase() { }
    private protected abstract RowMapping MakeRowMapper(DataViewSchema inputSchema);
    private protected abstract void SaveModel(ModelSaveContext ctx);

    void ICanSaveModel.Save(ModelSaveContext ctx) => SaveModel(ctx);
    bool ITransformer.IsRowToRowMapper => true;
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => Bind(inputSchema);
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Bind(inputSchema).OutputSchema;

    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new MappedView(input, Bind(input.Schema));
    }

    private RowMapper Bind(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new RowMapper(MakeRowMapper(inputSchema));
    }
}

public abstract class OneToOneTransformerBase : RowToRowTransformerBase
{
    private protected (string Output, string Input)[] Pairs { get; }
    private protected OneToOneTransformerBase((string, string)[] pairs) => Pairs = pairs;

    private protected static DataViewSchema.Column Find(DataViewSchema schema, string name) => schema.GetColumnOrNull(name)
        ?? throw new ArgumentOutOfRangeException(nameof(schema), $"Could not find input column '{name}'");

    private protected void WritePairs(BinaryWriter w)
    {
        w.Write(Pairs.Length);
        foreach (var (output, input) in Pairs) { w.Write(output); w.Write(input); }
    }

    private protected static (string, string)[] ReadPairs(BinaryReader r)
    {
        var pairs = new (string, string)[r.ReadInt32()];
        for (int i = 0; i < pairs.Length; i++) pairs[i] = (r.ReadString(), r.ReadString());
        return pairs;
    }
}

/// <summary>An estimator whose transformer is known without data.</summary>
public abstract class TrivialEstimator<TTransformer> : IEstimator<TTransformer> where TTransformer : class, ITransformer
{
    private protected TTransformer Transformer { get; }
    private protected TrivialEstimator(TTransformer transformer) => Transformer = transformer;

    public TTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Transformer.GetOutputSchema(input.Schema);     // the check that the input fits
        return Transformer;
    }

    public abstract SchemaShape GetOutputSchema(SchemaShape inputSchema);

    private protected static SchemaShape.Column Find(SchemaShape schema, string name) => schema.TryFindColumn(name, out var column) ? column
        : throw new ArgumentOutOfRangeException(nameof(schema), $"Could not find input column '{name}'");
}
