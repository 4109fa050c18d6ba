namespace Microsoft.ML.Data;

/// <summary>A row whose getters are made on demand, once for each cursor; reading an inactive column is an error.</summary>
internal abstract class CursorBase(DataViewSchema schema, IEnumerable<DataViewSchema.Column> needed) : DataViewRowCursor
{
    private readonly bool[] _active = ActiveOf(schema, needed);
    private readonly Dictionary<int, Delegate> _getters = [];
    protected long At = -1;

    public override DataViewSchema Schema => schema;
    public override long Position => At;
    public override long Batch => 0;
    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column)) throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' is not active in this cursor");
        if (!_getters.TryGetValue(column.Index, out var getter)) _getters[column.Index] = getter = MakeGetter(column);
        return getter as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Invalid TValue in GetGetter: '{typeof(TValue)}'; column '{column.Name}' is of type {column.Type}");
    }

    protected abstract Delegate MakeGetter(DataViewSchema.Column column);

    internal static bool[] ActiveOf(DataViewSchema schema, IEnumerable<DataViewSchema.Column> needed)
    {
        var active = new bool[schema.Count];
        foreach (var column in needed ?? []) active[column.Index] = true;
        return active;
    }
}

/// <summary>Rows of an enumerable, which is walked anew for every cursor.</summary>
internal sealed class ObjectView<TRow>(IEnumerable<TRow> rows, SchemaDefinition definition) : IDataView
{
    public DataViewSchema Schema { get; } = ObjectRows.SchemaOf(definition);
    public bool CanShuffle => false;
    public long? GetRowCount() => (rows as ICollection<TRow>)?.Count;
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) => new Cursor(this, columnsNeeded);
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private IEnumerator<TRow> Rows() => rows.GetEnumerator();
    private Delegate Getter(int index, Func<TRow> current) => ObjectRows.Getter(definition[index], current);

    private sealed class Cursor(ObjectView<TRow> view, IEnumerable<DataViewSchema.Column> needed) : CursorBase(view.Schema, needed)
    {
        private readonly IEnumerator<TRow> _rows = view.Rows();
        private bool _valid;

        public override bool MoveNext()
        {
            _valid = _rows.MoveNext();
            At = _valid ? At + 1 : -1;
            return _valid;
        }

        private TRow Current() => _valid ? _rows.Current : throw new InvalidOperationException("The cursor stands on no row");
        protected override Delegate MakeGetter(DataViewSchema.Column column) => view.Getter(column.Index, Current);
        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new((ulong)At, 0);
        protected override void Dispose(bool disposing)
        {
            if (disposing) _rows.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>A single row made of an object, for prediction.</summary>
internal sealed class ObjectRow<TRow>(SchemaDefinition definition) : DataViewRow
{
    private readonly Dictionary<int, Delegate> _getters = [];
    private long _position = -1;
    public TRow Current { get; private set; }
    public override DataViewSchema Schema { get; } = ObjectRows.SchemaOf(definition);
    public override long Position => _position;
    public override long Batch => 0;
    public override bool IsColumnActive(DataViewSchema.Column column) => true;
    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new((ulong)_position, 0);

    public void Set(TRow value)
    {
        Current = value;
        _position++;
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!_getters.TryGetValue(column.Index, out var getter))
            _getters[column.Index] = getter = ObjectRows.Getter<TRow>(definition[column.Index], () => Current);
        return getter as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Invalid TValue in GetGetter: '{typeof(TValue)}'; column '{column.Name}' is of type {column.Type}");
    }
}

/// <summary>No rows, and a schema.</summary>
internal sealed class EmptyView(DataViewSchema schema) : IDataView
{
    public DataViewSchema Schema => schema;
    public bool CanShuffle => true;
    public long? GetRowCount() => 0;
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new BufferCursor(schema, columnsNeeded, [], ColumnBuffer.Of);
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];
}
