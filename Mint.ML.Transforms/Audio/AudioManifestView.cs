using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;

namespace Mint.ML.Transforms;

/// <summary>A manifest as data: Path, made absolute, and every other column as text; a value that a row does not have is empty.</summary>
internal sealed class AudioManifestView : IDataView
{
    private readonly AudioManifest manifest;

    public AudioManifestView(AudioManifest manifest)
    {
        this.manifest = manifest;
        var schema = new DataViewSchema.Builder();
        foreach (string column in manifest.Columns)
        {
            if (IsPath(column)) schema.AddColumn("Path", TextDataViewType.Instance, ManifestPlaces.Of(manifest));
            else schema.AddColumn(column, TextDataViewType.Instance);
        }

        Schema = schema.ToSchema();
    }

    public DataViewSchema Schema { get; }
    public bool CanShuffle => false;
    public long? GetRowCount() => manifest.Rows.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => new Cursor(this, columnsNeeded);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private static bool IsPath(string column) => column.Equals("Path", StringComparison.OrdinalIgnoreCase);

    private sealed class Cursor(AudioManifestView view, IEnumerable<DataViewSchema.Column>? needed) : DataViewRowCursor
    {
        private readonly HashSet<int> active = [.. (needed ?? []).Select(column => column.Index)];
        private int at = -1;

        public override DataViewSchema Schema => view.Schema;
        public override long Position => at;
        public override long Batch => 0;
        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);
        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new((ulong)Row().Index, 0);

        public override bool MoveNext()
        {
            if (at + 1 < view.manifest.Rows.Count && at >= -1) { at++; return true; }
            at = -2; // past the end, and staying there
            return false;
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column))
                throw new InvalidOperationException($"Column '{column.Name}' is not active: name it among the columns needed when asking for the cursor.");
            string name = view.manifest.Columns[column.Index];
            ValueGetter<ReadOnlyMemory<char>> getter = (ref ReadOnlyMemory<char> value) =>
            {
                var row = Row().Row;
                value = (IsPath(name) ? row.Path : row.Find(name) ?? "").AsMemory();
            };
            return getter as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"Column '{column.Name}' is of type {column.Type}, not {typeof(TValue)}.");
        }

        private (int Index, AudioManifestRow Row) Row() => at >= 0
            ? (at, view.manifest.Rows[at])
            : throw new InvalidOperationException("The cursor stands on no row: call MoveNext first.");
    }
}
