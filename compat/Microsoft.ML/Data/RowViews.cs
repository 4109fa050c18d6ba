namespace Microsoft.ML.Data;

/// <summary>A cursor over another one that gives some of its rows, in its order.</summary>
internal abstract class SelectingCursor(DataViewRowCursor input) : DataViewRowCursor
{
    private long _position = -1;
    protected DataViewRowCursor Input => input;
    public override DataViewSchema Schema => input.Schema;
    public override long Position => _position;
    public override long Batch => input.Batch;
    public override bool IsColumnActive(DataViewSchema.Column column) => input.IsColumnActive(column);
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => input.GetGetter<TValue>(column);
    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

    public override bool MoveNext()
    {
        bool moved = Advance();
        _position = moved ? _position + 1 : -1;
        return moved;
    }

    protected abstract bool Advance();

    protected override void Dispose(bool disposing)
    {
        if (disposing) input.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>The rows that a predicate keeps. The predicate is made for each cursor, over the columns it needs.</summary>
internal sealed class FilterView(IDataView source, IEnumerable<DataViewSchema.Column> tested, Func<DataViewRow, Func<bool>> predicate) : IDataView
{
    public DataViewSchema Schema => source.Schema;
    public bool CanShuffle => source.CanShuffle;
    public long? GetRowCount() => null;
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var active = CursorBase.ActiveOf(Schema, columnsNeeded);
        foreach (var column in tested) active[column.Index] = true;
        return new Cursor(source.GetRowCursor(Schema.Where(c => active[c.Index]), rand), predicate);
    }
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(DataViewRowCursor input, Func<DataViewRow, Func<bool>> predicate) : SelectingCursor(input)
    {
        private readonly Func<bool> _keeps = predicate(input);
        protected override bool Advance()
        {
            while (Input.MoveNext()) if (_keeps()) return true;
            return false;
        }
    }
}

/// <summary>Rows <paramref name="skip"/> to <paramref name="skip"/> + <paramref name="take"/> of another view.</summary>
internal sealed class SliceView(IDataView source, long skip, long take) : IDataView
{
    public DataViewSchema Schema => source.Schema;
    public bool CanShuffle => false;
    public long? GetRowCount() => source.GetRowCount() is long n ? Math.Clamp(n - skip, 0, take) : null;
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) => new Cursor(source.GetRowCursor(columnsNeeded), skip, take);
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(DataViewRowCursor input, long skip, long take) : SelectingCursor(input)
    {
        private long _skip = skip, _left = take;
        protected override bool Advance()
        {
            for (; _skip > 0; _skip--) if (!Input.MoveNext()) return false;
            return _left-- > 0 && Input.MoveNext();
        }
    }
}

/// <summary>Columns kept in memory from the first time they are asked for; gives random order.</summary>
internal sealed class CacheView(IDataView source, IEnumerable<string> prefetch) : IDataView
{
    private readonly Dictionary<int, ColumnBuffer> _columns = [];
    private readonly HashSet<string> _prefetch = prefetch?.ToHashSet() ?? [];
    private int? _rows;

    public DataViewSchema Schema => source.Schema;
    public bool CanShuffle => true;
    public long? GetRowCount() => _rows ?? source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var needed = (columnsNeeded ?? []).ToList();
        Fill(needed);
        var order = Enumerable.Range(0, _rows.Value).ToArray();
        rand?.Shuffle(order);
        return new BufferCursor(Schema, needed, order, column => _columns[column.Index]);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private void Fill(List<DataViewSchema.Column> needed)
    {
        lock (_columns)
        {
            var missing = needed.Concat(Schema.Where(c => _prefetch.Contains(c.Name) && !c.IsHidden))
                .Where(c => !_columns.ContainsKey(c.Index)).DistinctBy(c => c.Index).ToList();
            if (missing.Count == 0 && _rows is not null) return;
            var buffers = missing.ToDictionary(c => c.Index, ColumnBuffer.Of);
            using var cursor = source.GetRowCursor(missing);
            foreach (var column in missing) buffers[column.Index].Bind(cursor, column);
            int rows = 0;
            for (; cursor.MoveNext(); rows++) foreach (var buffer in buffers.Values) buffer.Append();
            foreach (var (index, buffer) in buffers) _columns[index] = buffer;
            _rows = rows;
        }
    }
}

/// <summary>Rows drawn at random from a pool that is refilled from the source.</summary>
internal sealed class ShuffleView(IDataView source, int seed, int poolSize, bool shuffleSource) : IDataView
{
    public DataViewSchema Schema => source.Schema;
    public bool CanShuffle => true;
    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        rand ??= new Random(seed);
        var needed = (columnsNeeded ?? []).ToList();
        return new Cursor(source.GetRowCursor(needed, shuffleSource && source.CanShuffle ? new Random(rand.Next()) : null), needed, rand, poolSize);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : CursorBase
    {
        private readonly DataViewRowCursor _input;
        private readonly Random _rand;
        private readonly int _poolSize;
        private readonly Dictionary<int, ColumnBuffer> _pool = [];
        private readonly List<DataViewRowId> _ids = [];
        private readonly List<int> _filled = [];
        private readonly ValueGetter<DataViewRowId> _getId;
        private int _current = -1;
        private bool _sourceEnded;

        public Cursor(DataViewRowCursor input, List<DataViewSchema.Column> needed, Random rand, int poolSize) : base(input.Schema, needed)
        {
            (_input, _rand, _poolSize, _getId) = (input, rand, poolSize, input.GetIdGetter());
            foreach (var column in needed)
            {
                if (!_pool.TryAdd(column.Index, ColumnBuffer.Of(column))) continue;
                _pool[column.Index].Bind(input, column);
            }
        }

        public override bool MoveNext()
        {
            // The slot just given out takes the next row of the source; at first the whole pool is filled.
            if (_current >= 0) Refill(_current);
            while (_ids.Count < _poolSize && Refill(_ids.Count)) { }
            if (_filled.Count == 0) { At = _current = -1; return false; }
            int pick = _rand.Next(_filled.Count);
            _current = _filled[pick];
            _filled[pick] = _filled[^1];
            _filled.RemoveAt(_filled.Count - 1);
            At++;
            return true;
        }

        private bool Refill(int slot)
        {
            _sourceEnded = _sourceEnded || !_input.MoveNext();
            if (_sourceEnded) return false;
            DataViewRowId id = default;
            _getId(ref id);
            bool append = slot == _ids.Count;
            foreach (var buffer in _pool.Values) { if (append) buffer.Append(); else buffer.Store(slot); }
            if (append) _ids.Add(id); else _ids[slot] = id;
            _filled.Add(slot);
            return true;
        }

        private int Slot() => _current >= 0 ? _current : throw new InvalidOperationException("The cursor stands on no row");
        protected override Delegate MakeGetter(DataViewSchema.Column column) => _pool[column.Index].GetterAt(Slot);
        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = _ids[Slot()];

        protected override void Dispose(bool disposing)
        {
            if (disposing) _input.Dispose();
            base.Dispose(disposing);
        }
    }
}
