namespace Microsoft.ML.Data;

/// <summary>The values of one column in memory, added from a cursor and read back by index.</summary>
internal abstract class ColumnBuffer
{
    public abstract void Bind(DataViewRow row, DataViewSchema.Column column);
    public abstract void Append();
    public abstract void Store(int index);
    public abstract Delegate GetterAt(Func<int> index);

    public static ColumnBuffer Of(DataViewSchema.Column column) => column.Type is VectorDataViewType vector
        ? (ColumnBuffer)Activator.CreateInstance(typeof(OfVectors<>).MakeGenericType(vector.ItemType.RawType))
        : (ColumnBuffer)Activator.CreateInstance(typeof(OfValues<>).MakeGenericType(column.Type.RawType));

    private sealed class OfValues<T> : ColumnBuffer
    {
        private readonly List<T> _values = [];
        private ValueGetter<T> _get;
        public override void Bind(DataViewRow row, DataViewSchema.Column column) => _get = row.GetGetter<T>(column);
        public override void Append() => _values.Add(Read());
        public override void Store(int index) => _values[index] = Read();
        public override Delegate GetterAt(Func<int> index) => (ValueGetter<T>)((ref T value) => value = _values[index()]);

        private T Read()
        {
            T value = default;
            _get(ref value);
            return value;
        }
    }

    private sealed class OfVectors<T> : ColumnBuffer
    {
        private readonly List<VBuffer<T>> _values = [];
        private ValueGetter<VBuffer<T>> _get;
        public override void Bind(DataViewRow row, DataViewSchema.Column column) => _get = row.GetGetter<VBuffer<T>>(column);
        public override void Append() => _values.Add(Read());
        public override void Store(int index) => _values[index] = Read();
        public override Delegate GetterAt(Func<int> index) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _values[index()].CopyTo(ref value));

        private VBuffer<T> Read()
        {
            VBuffer<T> value = default;
            _get(ref value);
            return value;
        }
    }
}

/// <summary>Walks rows held in buffers, in a given order.</summary>
internal sealed class BufferCursor(DataViewSchema schema, IEnumerable<DataViewSchema.Column> needed, int[] order, Func<DataViewSchema.Column, ColumnBuffer> columns)
    : CursorBase(schema, needed)
{
    private bool _ended;

    public override bool MoveNext()
    {
        _ended |= At + 1 >= order.Length;
        At = _ended ? -1 : At + 1;
        return !_ended;
    }

    private int Row() => At >= 0 ? order[At] : throw new InvalidOperationException("The cursor stands on no row");
    protected override Delegate MakeGetter(DataViewSchema.Column column) => columns(column).GetterAt(Row);
    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new((ulong)Row(), 0);
}
