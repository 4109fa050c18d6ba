using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;

namespace Mint.ML.Transforms;

/// <summary>A manifest as data: Path, made absolute, and every other column as text; a value that a row does not have is empty.</summary>
internal sealed class AudioManifestView : IDataView
{
    private readonly AudioManifest _manifest;

    public AudioManifestView(AudioManifest manifest)
    {
        _manifest = manifest;
        var schema = new DataViewSchema.Builder();
        foreach (string column in manifest.Columns)
            schema.AddColumn(IsPath(column) ? "Path" : column, TextDataViewType.Instance);
        Schema = schema.ToSchema();
    }

    public DataViewSchema Schema { get; }
    public bool CanShuffle => false;
    public long? GetRowCount() => _manifest.Rows.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => new Cursor(this, columnsNeeded);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private static bool IsPath(string column) => column.Equals("Path", StringComparison.OrdinalIgnoreCase);

    private sealed class Cursor(AudioManifestView view, IEnumerable<DataViewSchema.Column>? needed) : DataViewRowCursor
    {
        private readonly HashSet<int> _active = [.. (needed ?? []).Select(column => column.Index)];
        private int _at = -1;

        public override DataViewSchema Schema => view.Schema;
        public override long Position => _at;
        public override long Batch => 0;
        public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);
        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new((ulong)Row().Index, 0);

        public override bool MoveNext()
        {
            if (_at + 1 < view._manifest.Rows.Count && _at >= -1) { _at++; return true; }
            _at = -2; // past the end, and staying there
            return false;
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column))
                throw new InvalidOperationException($"Column '{column.Name}' is not active: name it among the columns needed when asking for the cursor.");
            string name = view._manifest.Columns[column.Index];
            ValueGetter<ReadOnlyMemory<char>> getter = (ref ReadOnlyMemory<char> value) =>
            {
                var row = Row().Row;
                value = (IsPath(name) ? row.Path : row.Find(name) ?? "").AsMemory();
            };
            return getter as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"Column '{column.Name}' is of type {column.Type}, not {typeof(TValue)}.");
        }

        private (int Index, AudioManifestRow Row) Row() => _at >= 0
            ? (_at, view._manifest.Rows[_at])
            : throw new InvalidOperationException("The cursor stands on no row: call MoveNext first.");
    }
}
