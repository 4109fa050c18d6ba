using System.Globalization;
using System.Reflection;

namespace Microsoft.ML.Data
{
    [AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
    public sealed class LoadColumnAttribute : Attribute
    {
        internal int Start { get; }
        internal int End { get; }
        public LoadColumnAttribute(int fieldIndex) : this(fieldIndex, fieldIndex) { }
        public LoadColumnAttribute(int start, int end) => (Start, End) = (start, end);
    }

    /// <summary>Files read one after the other.</summary>
    public sealed class MultiFileSource : IMultiStreamSource
    {
        private readonly string[] _paths;
        public MultiFileSource(params string[] paths) => _paths = paths ?? [];
        public int Count => _paths.Length;
        public string GetPathOrNull(int index) => _paths[index];
        public Stream Open(int index) => File.OpenRead(_paths[index]);
        public TextReader OpenTextReader(int index) => new StreamReader(Open(index));
    }

    /// <summary>Reads delimited text, line by line, as cursors move.</summary>
    public sealed class TextLoader : IDataLoader<IMultiStreamSource>
    {
        public sealed class Column
        {
            public Column() { }
            public Column(string name, DataKind dataKind, int index) : this(name, dataKind, index, index) => Source[0].ForceVector = false;
            public Column(string name, DataKind dataKind, int minIndex, int maxIndex) =>
                (Name, DataKind, Source) = (name, dataKind, [new Range(minIndex, maxIndex) { ForceVector = true }]);

            public string Name;
            public DataKind DataKind { get; set; } = DataKind.Single;
            public Range[] Source;
        }

        public sealed class Range
        {
            public Range() { }
            public Range(int index) => (Min, Max) = (index, index);
            public Range(int min, int? max) => (Min, Max) = (min, max);
            public int Min;
            public int? Max;
            public bool ForceVector;
        }

        private readonly (string Name, DataViewType Type, int Start, int End)[] _columns;
        private readonly char _separator;
        private readonly bool _hasHeader, _allowQuoting, _trim;
        private readonly DataViewSchema _schema;

        internal TextLoader(IEnumerable<(string, DataViewType, int, int)> columns, char separator, bool hasHeader, bool allowQuoting, bool trim)
        {
            (_columns, _separator, _hasHeader, _allowQuoting, _trim) = (columns.ToArray(), separator, hasHeader, allowQuoting, trim);
            if (_columns.Length == 0) throw new ArgumentException("No columns are named: the type has no member with LoadColumn", nameof(columns));
            var builder = new DataViewSchema.Builder();
            foreach (var (name, type, _, _) in _columns) builder.AddColumn(name, type);
            _schema = builder.ToSchema();
        }

        internal static IEnumerable<(string, DataViewType, int, int)> ColumnsOf(Type type) =>
            from column in SchemaDefinition.Create(type)
            let load = column.Member.GetCustomAttribute<LoadColumnAttribute>()
            where load is not null
            let known = column.ColumnType is VectorDataViewType vector ? new VectorDataViewType(vector.ItemType, load.End - load.Start + 1) : column.ColumnType
            select (column.ColumnName, known, load.Start, load.End);

        internal static IEnumerable<(string, DataViewType, int, int)> ColumnsOf(Column[] columns) => columns.Select(c =>
        {
            var range = c.Source is { Length: 1 } one && one[0].Max is not null ? one[0]
                : throw new NotSupportedException($"Column '{c.Name}': this stand-in reads one range of fields with both ends");
            PrimitiveDataViewType item = c.DataKind switch
            {
                DataKind.String => TextDataViewType.Instance,
                DataKind.Boolean => BooleanDataViewType.Instance,
                >= DataKind.SByte and <= DataKind.Double => NumberDataViewType.All.First(n => n.ToString() == c.DataKind.ToString()),
                _ => throw new NotSupportedException($"Column '{c.Name}': this stand-in does not read {c.DataKind}"),
            };
            int size = range.Max.Value - range.Min + 1;
            return (c.Name, range.ForceVector || size > 1 ? new VectorDataViewType(item, size) : (DataViewType)item, range.Min, range.Max.Value);
        });

        public DataViewSchema GetOutputSchema() => _schema;
        public IDataView Load(IMultiStreamSource source) => new View(this, source ?? throw new ArgumentNullException(nameof(source)));
        void ICanSaveModel.Save(ModelSaveContext ctx) => throw new NotSupportedException("This stand-in does not save a text loader");

        private sealed class View(TextLoader loader, IMultiStreamSource source) : IDataView
        {
            public DataViewSchema Schema => loader._schema;
            public bool CanShuffle => false;
            public long? GetRowCount() => null;
            public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) => new Cursor(loader, source, columnsNeeded);
            public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) => [GetRowCursor(columnsNeeded, rand)];
        }

        private sealed class Cursor(TextLoader loader, IMultiStreamSource source, IEnumerable<DataViewSchema.Column> needed) : CursorBase(loader._schema, needed)
        {
            private readonly IEnumerator<string> _lines = Lines(loader, source).GetEnumerator();
            private List<string> _fields;

            private static IEnumerable<string> Lines(TextLoader loader, IMultiStreamSource source)
            {
                for (int file = 0; file < source.Count; file++)
                {
                    using var reader = source.OpenTextReader(file);
                    if (loader._hasHeader) reader.ReadLine();
                    while (reader.ReadLine() is { } line) if (line.Length > 0) yield return line;
                }
            }

            public override bool MoveNext()
            {
                bool moved = _lines.MoveNext();
                _fields = moved ? Split(_lines.Current, loader._separator, loader._allowQuoting) : null;
                At = moved ? At + 1 : -1;
                return moved;
            }

            public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new((ulong)At, 0);

            protected override Delegate MakeGetter(DataViewSchema.Column column)
            {
                var vector = column.Type as VectorDataViewType;
                return (Delegate)GetType().GetMethod(vector is null ? nameof(One) : nameof(Many), BindingFlags.Instance | BindingFlags.NonPublic)
                    .MakeGenericMethod((vector?.ItemType ?? column.Type).RawType).Invoke(this, [column.Index]);
            }

            private ValueGetter<T> One<T>(int index) => (ref T value) => value = Parse<T>(Field(loader._columns[index].Start));

            private ValueGetter<VBuffer<T>> Many<T>(int index)
            {
                var (_, _, start, end) = loader._columns[index];
                return (ref VBuffer<T> value) =>
                {
                    var editor = VBufferEditor.Create(ref value, end - start + 1);
                    for (int i = start; i <= end; i++) editor.Values[i - start] = Parse<T>(Field(i));
                    value = editor.Commit();
                };
            }

            private string Field(int index)
            {
                if (_fields is null) throw new InvalidOperationException("The cursor stands on no row");
                string field = index < _fields.Count ? _fields[index] : "";
                return loader._trim ? field.Trim() : field;
            }

            // What cannot be read is missing: NaN for floating point, else the type's default.
            private static T Parse<T>(string text)
            {
                object value = typeof(T) == typeof(ReadOnlyMemory<char>) ? text.AsMemory()
                    : typeof(T) == typeof(bool) ? text.Trim().ToLowerInvariant() is "true" or "yes" or "1" or "t" or "y" or "+1" or "+"
                    : typeof(T) == typeof(float) ? text.Length == 0 ? 0f : float.TryParse(text, CultureInfo.InvariantCulture, out float f) ? f : float.NaN
                    : typeof(T) == typeof(double) ? text.Length == 0 ? 0.0 : double.TryParse(text, CultureInfo.InvariantCulture, out double d) ? d : double.NaN
                    : decimal.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out decimal n) ? Convert.ChangeType(n, typeof(T)) : default(T);
                return (T)value;
            }

            private static List<string> Split(string line, char separator, bool quoting)
            {
                if (!quoting) return [.. line.Split(separator)];
                var fields = new List<string>();
                var field = new System.Text.StringBuilder();
                bool quoted = false;
                for (int i = 0; i < line.Length; i++)
                {
                    char c = line[i];
                    if (c == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"') { field.Append('"'); i++; }
                    else if (c == '"' && (quoted || field.Length == 0)) quoted = !quoted;
                    else if (c == separator && !quoted) { fields.Add(field.ToString()); field.Clear(); }
                    else field.Append(c);
                }
                fields.Add(field.ToString());
                return fields;
            }

            protected override void Dispose(bool disposing)
            {
                if (disposing) _lines.Dispose();
                base.Dispose(disposing);
            }
        }
    }
}

namespace Microsoft.ML
{
    using Microsoft.ML.Data;

    public static class DataLoaderExtensions
    {
        public static IDataView Load(this IDataLoader<IMultiStreamSource> loader, params string[] path) => loader.Load(new MultiFileSource(path));
    }

    public static class TextLoaderSaverCatalog
    {
        public static TextLoader CreateTextLoader(this DataOperationsCatalog catalog, TextLoader.Column[] columns, char separatorChar = '\t', bool hasHeader = false,
            IMultiStreamSource dataSample = null, bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false) => allowSparse
            ? throw new NotSupportedException("This stand-in does not read sparse text: allowSparse must be false")
            : new(TextLoader.ColumnsOf(columns), separatorChar, hasHeader, allowQuoting, trimWhitespace);

        public static TextLoader CreateTextLoader<TInput>(this DataOperationsCatalog catalog, char separatorChar = '\t', bool hasHeader = false,
            IMultiStreamSource dataSample = null, bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false) => allowSparse
            ? throw new NotSupportedException("This stand-in does not read sparse text: allowSparse must be false")
            : new(TextLoader.ColumnsOf(typeof(TInput)), separatorChar, hasHeader, allowQuoting, trimWhitespace);

        public static IDataView LoadFromTextFile(this DataOperationsCatalog catalog, string path, TextLoader.Column[] columns, char separatorChar = '\t', bool hasHeader = false,
            bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false) =>
            catalog.CreateTextLoader(columns, separatorChar, hasHeader, null, allowQuoting, trimWhitespace, allowSparse).Load(Existing(path));

        public static IDataView LoadFromTextFile<TInput>(this DataOperationsCatalog catalog, string path, char separatorChar = '\t', bool hasHeader = false,
            bool allowQuoting = false, bool trimWhitespace = false, bool allowSparse = false) =>
            catalog.CreateTextLoader<TInput>(separatorChar, hasHeader, null, allowQuoting, trimWhitespace, allowSparse).Load(Existing(path));

        private static string Existing(string path)
        {
            ArgumentException.ThrowIfNullOrEmpty(path);
            return File.Exists(path) ? path : throw new ArgumentOutOfRangeException(nameof(path), $"File does not exist at path: {path}");
        }
    }
}
