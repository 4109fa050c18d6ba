using System.Collections.Immutable;

namespace Microsoft.ML.Data
{
    public static class ColumnCursorExtensions
    {
        public static IEnumerable<T> GetColumn<T>(this IDataView data, string columnName)
        {
            ArgumentNullException.ThrowIfNull(data);
            ArgumentException.ThrowIfNullOrEmpty(columnName);
            return data.GetColumn<T>(data.Schema[columnName]);
        }

        public static IEnumerable<T> GetColumn<T>(this IDataView data, DataViewSchema.Column column)
        {
            ArgumentNullException.ThrowIfNull(data);
            if (data.Schema[column.Index].Name != column.Name || !data.Schema[column.Index].Type.Equals(column.Type))
                throw new ArgumentException($"Column '{column.Name}' is not of this data view", nameof(column));
            // string and arrays are accepted where the column holds text and vectors.
            if (column.Type is VectorDataViewType vector && typeof(T).IsArray)
            {
                if (Fits(vector.ItemType.RawType, typeof(T).GetElementType()))
                    return (IEnumerable<T>)Call(nameof(Arrays), [vector.ItemType.RawType, typeof(T).GetElementType()], data, column);
            }
            else if (Fits(column.Type.RawType, typeof(T)))
                return (IEnumerable<T>)Call(nameof(Values), [column.Type.RawType, typeof(T)], data, column);
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' of type {column.Type} cannot be read as {typeof(T)}");
        }

        private static bool Fits(Type raw, Type wanted) => raw == wanted || (raw == typeof(ReadOnlyMemory<char>) && wanted == typeof(string));

        private static object Call(string method, Type[] types, IDataView data, DataViewSchema.Column column) =>
            typeof(ColumnCursorExtensions).GetMethod(method, System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
                .MakeGenericMethod(types).Invoke(null, [data, column]);

        private static IEnumerable<T> Values<TRaw, T>(IDataView data, DataViewSchema.Column column)
        {
            using var cursor = data.GetRowCursor([column]);
            var get = cursor.GetGetter<TRaw>(cursor.Schema[column.Index]);
            while (cursor.MoveNext())
            {
                TRaw value = default;
                get(ref value);
                yield return value is T same ? same : (T)(object)value?.ToString();
            }
        }

        private static IEnumerable<T[]> Arrays<TItem, T>(IDataView data, DataViewSchema.Column column) =>
            Values<VBuffer<TItem>, VBuffer<TItem>>(data, column)
                .Select(v => v.DenseValues().Select(item => item is T same ? same : (T)(object)item.ToString()).ToArray());
    }

    internal static class AnnotationKinds
    {
        public const string KeyValues = "KeyValues";
        public const string SlotNames = "SlotNames";
        public const string IsNormalized = "IsNormalized";
        public const string ScoreColumnKind = "ScoreColumnKind";
        public const string ScoreColumnSetId = "ScoreColumnSetId";
        public const string ScoreValueKind = "ScoreValueKind";
        public const string TrainingLabelValues = "TrainingLabelValues";

        public static void AddText(this DataViewSchema.Annotations.Builder builder, string kind, string value) =>
            builder.AddPrimitiveValue(kind, TextDataViewType.Instance, value.AsMemory());
    }

    public static class SchemaAnnotationsExtensions
    {
        public static bool HasKeyValues(this DataViewSchema.Column column, PrimitiveDataViewType keyValueItemType = null) =>
            (column.Type is VectorDataViewType vector ? vector.ItemType : column.Type) is KeyDataViewType key
            && column.Annotations.Schema.GetColumnOrNull(AnnotationKinds.KeyValues)?.Type is VectorDataViewType values
            && (ulong)values.Size == key.Count && values.ItemType.Equals(keyValueItemType ?? TextDataViewType.Instance);

        public static bool HasSlotNames(this DataViewSchema.Column column) =>
            column.Type is VectorDataViewType { IsKnownSize: true } vector
            && column.Annotations.Schema.GetColumnOrNull(AnnotationKinds.SlotNames)?.Type is VectorDataViewType names
            && names.Size == vector.Size && names.ItemType is TextDataViewType;

        public static void GetSlotNames(this DataViewSchema.Column column, ref VBuffer<ReadOnlyMemory<char>> slotNames) =>
            column.Annotations.GetValue(AnnotationKinds.SlotNames, ref slotNames);

        public static void GetKeyValues<TValue>(this DataViewSchema.Column column, ref VBuffer<TValue> keyValues) =>
            column.Annotations.GetValue(AnnotationKinds.KeyValues, ref keyValues);

        public static bool IsNormalized(this DataViewSchema.Column column)
        {
            if (column.Annotations.Schema.GetColumnOrNull(AnnotationKinds.IsNormalized)?.Type is not BooleanDataViewType) return false;
            bool value = false;
            column.Annotations.GetValue(AnnotationKinds.IsNormalized, ref value);
            return value;
        }
    }

    /// <summary>Some rows of a data view in memory, to look at in a debugger.</summary>
    public sealed class DataDebuggerPreview
    {
        public DataViewSchema Schema { get; }
        public ImmutableArray<ColumnInfo> ColumnView { get; }
        public ImmutableArray<RowInfo> RowView { get; }

        internal DataDebuggerPreview(IDataView data, int maxRows)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(maxRows);
            Schema = data.Schema;
            var columns = Schema.Select(_ => new List<object>()).ToArray();
            using (var cursor = data.GetRowCursor(Schema))
            {
                var readers = Schema.Select(c => (Func<object>)typeof(DataDebuggerPreview)
                    .GetMethod(nameof(Reader), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)
                    .MakeGenericMethod(c.Type.RawType).Invoke(null, [cursor, c])).ToArray();
                for (int row = 0; row < maxRows && cursor.MoveNext(); row++)
                    for (int c = 0; c < columns.Length; c++) columns[c].Add(readers[c]());
            }
            ColumnView = [.. columns.Select((values, i) => new ColumnInfo(Schema[i], values.ToArray()))];
            RowView = [.. Enumerable.Range(0, columns.FirstOrDefault()?.Count ?? 0)
                .Select(row => new RowInfo(columns.Select((values, i) => new KeyValuePair<string, object>(Schema[i].Name, values[row])).ToArray()))];
        }

        private static Func<object> Reader<T>(DataViewRow row, DataViewSchema.Column column)
        {
            var get = row.GetGetter<T>(column);
            return () =>
            {
                T value = default;
                get(ref value);
                return value;
            };
        }

        public override string ToString() => $"{Schema.Count} columns, {RowView.Length} rows";

        public sealed class ColumnInfo
        {
            public DataViewSchema.Column Column { get; }
            public object[] Values { get; }
            internal ColumnInfo(DataViewSchema.Column column, object[] values) => (Column, Values) = (column, values);
            public override string ToString() => $"{Column.Name}: {Column.Type}";
        }

        public sealed class RowInfo
        {
            public KeyValuePair<string, object>[] Values { get; }
            internal RowInfo(KeyValuePair<string, object>[] values) => Values = values;
            public override string ToString() => $"{Values.Length} columns";
        }
    }
}

namespace Microsoft.ML
{
    using Microsoft.ML.Data;

    public static class DebuggerExtensions
    {
        public static DataDebuggerPreview Preview(this IDataView data, int maxRows = 100) => new(data, maxRows);

        public static DataDebuggerPreview Preview(this IEstimator<ITransformer> estimator, IDataView data, int maxRows = 100, int maxTrainingRows = 100) =>
            new(estimator.Fit(new SliceView(data, 0, maxTrainingRows)).Transform(data), maxRows);

        public static DataDebuggerPreview Preview(this ITransformer transformer, IDataView data, int maxRows = 100) => new(transformer.Transform(data), maxRows);
    }
}
