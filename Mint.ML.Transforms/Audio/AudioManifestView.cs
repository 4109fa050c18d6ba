using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>Manifests as data: Path, made absolute, and the other columns asked for. A value that a row does not have is empty, or NaN.</summary>
internal sealed class AudioManifestView : IDataView
{
    /// <summary>What columns can be.</summary>
    public static readonly IReadOnlyDictionary<DataKind, DataViewType> Types = new Dictionary<DataKind, DataViewType>
    {
        [DataKind.String] = TextDataViewType.Instance,
        [DataKind.Single] = NumberDataViewType.Single,
        [DataKind.Double] = NumberDataViewType.Double,
        [DataKind.Int32] = NumberDataViewType.Int32,
        [DataKind.Int64] = NumberDataViewType.Int64,
        [DataKind.Boolean] = BooleanDataViewType.Instance,
    };

    private readonly IReadOnlyList<AudioManifestRow> rows;
    private readonly Array[] values; // of each column, parsed once, so that a wrong one is told before anything long begins

    public AudioManifestView(IReadOnlyList<AudioManifest> manifests, IReadOnlyList<ManifestColumn> columns)
    {
        Schema = SchemaOf(columns, new(manifests));
        foreach (var column in columns)
        {
            if (!manifests.Any(manifest => manifest.Columns.Contains(column.Name, StringComparer.OrdinalIgnoreCase)))
                throw new InvalidDataException($"{manifests[0].File}: there is no column '{column.Name}'. It has: {Brief.List(manifests[0].Columns)}.");
        }
        rows = [.. manifests.SelectMany(manifest => manifest.Rows)];
        values = [.. columns.Select(column => IsPath(column.Name)
            ? rows.Select(row => row.Path.AsMemory()).ToArray() : Parse(column, [.. rows.Select(row => (row.Place, row.Find(column.Name)))]))];
    }

    public static DataViewSchema SchemaOf(IReadOnlyList<ManifestColumn> columns, ManifestPlaces? places = null)
    {
        var schema = new DataViewSchema.Builder();
        foreach (var column in columns)
        {
            if (IsPath(column.Name)) schema.AddColumn("Path", TextDataViewType.Instance, places?.ToAnnotations());
            else schema.AddColumn(column.Name, Types[column.Kind]);
        }

        return schema.ToSchema();
    }

    public DataViewSchema Schema { get; }
    public bool CanShuffle => true;
    public long? GetRowCount() => rows.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => new Cursor(this, columnsNeeded,
        Order(rand));

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    public static bool IsPath(string column) => column.Equals("Path", StringComparison.OrdinalIgnoreCase);

    private int[] Order(Random? rand)
    {
        int[] order = [.. Enumerable.Range(0, rows.Count)];
        rand?.Shuffle(order);
        return order;
    }

    private static Array Parse(ManifestColumn column, (string Place, string? Text)[] cells)
    {
        var culture = CultureInfo.InvariantCulture;
        return column.Kind switch
        {
            DataKind.String => cells.Select(cell => (cell.Text ?? "").AsMemory()).ToArray(),
            DataKind.Single => Numbers(text => float.Parse(text, NumberStyles.Float, culture), float.NaN),
            DataKind.Double => Numbers(text => double.Parse(text, NumberStyles.Float, culture), double.NaN),
            DataKind.Int32 => Numbers<int>(text => int.Parse(text, culture), null),
            DataKind.Int64 => Numbers<long>(text => long.Parse(text, culture), null),
            _ => Numbers<bool>(text => text is "1" || (text is not "0" && bool.Parse(text)), null),
        };

        T[] Numbers<T>(Func<string, T> parse, T? missing) where T : struct => Array.ConvertAll(cells, cell =>
        {
            try
            {
                return string.IsNullOrEmpty(cell.Text) ? missing ?? throw new FormatException() : parse(cell.Text);
            }
            catch (Exception e) when (e is FormatException or OverflowException)
            {
                throw new InvalidDataException($"{cell.Place}: column '{column.Name}' holds '{cell.Text}', which is no {column.Kind}"
                    + (cell.Text?.Contains(',') == true ? "; a number is written with a point, and without commas." : "."), e);
            }
        });
    }

    private sealed class Cursor(AudioManifestView view, IEnumerable<DataViewSchema.Column>? needed, int[] order) : DataViewRowCursor
    {
        private readonly HashSet<int> active = [.. (needed ?? []).Select(column => column.Index)];
        private int at = -1;

        public override DataViewSchema Schema => view.Schema;
        public override long Position => Math.Max(at, -1);
        public override long Batch => 0;
        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);
        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new((ulong)Row(), 0);

        public override bool MoveNext()
        {
            if (at + 1 < order.Length && at >= -1)
            {
                at++;
                return true;
            }
            at = -2; // past the end, and staying there
            return false;
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column)) throw RowMapper.Inactive(column);
            var values = view.values[column.Index] as TValue[]
                ?? throw new InvalidOperationException($"Column '{column.Name}' is of type {column.Type}, not {typeof(TValue)}.");
            return (ref TValue value) => value = values[Row()];
        }

        protected override void Dispose(bool disposing)
        {
            at = -2;
            base.Dispose(disposing);
        }

        private int Row() => at >= 0 ? order[at] : throw new InvalidOperationException("The cursor stands on no row: call MoveNext first.");
    }
}
