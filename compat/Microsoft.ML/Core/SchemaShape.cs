using System.Collections;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>What is known of a schema before any data is seen.</summary>
public sealed class SchemaShape : IReadOnlyList<SchemaShape.Column>
{
    private readonly Column[] _columns;
    private static readonly SchemaShape Empty = new([]);

    public struct Column
    {
        public enum VectorKind { Scalar, Vector, VariableVector }

        public readonly string Name;
        public readonly VectorKind Kind;
        /// <summary>The type of one item; for a key, the number that stores it.</summary>
        public readonly DataViewType ItemType;
        public readonly bool IsKey;
        public readonly SchemaShape Annotations;

        internal Column(string name, VectorKind vecKind, DataViewType itemType, bool isKey, SchemaShape annotations = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            ArgumentNullException.ThrowIfNull(itemType);
            if (itemType is KeyDataViewType) throw new ArgumentException("Item type cannot be a key", nameof(itemType));
            if (itemType is VectorDataViewType) throw new ArgumentException("Item type cannot be a vector", nameof(itemType));
            if (isKey && !KeyDataViewType.IsValidDataType(itemType.RawType)) throw new ArgumentException("The item type must be valid for a key", nameof(itemType));
            (Name, Kind, ItemType, IsKey, Annotations) = (name, vecKind, itemType, isKey, annotations ?? Empty);
        }

        internal bool IsCompatibleWith(Column source) =>
            Name == source.Name && Kind == source.Kind && ItemType.Equals(source.ItemType) && IsKey == source.IsKey &&
            Annotations.All(a => source.Annotations.TryFindColumn(a.Name, out var found) && a.IsCompatibleWith(found));

        internal string TypeString => (Kind, IsKey ? $"Key<{ItemType}>" : $"{ItemType}") switch
        {
            (VectorKind.Scalar, var item) => item,
            (VectorKind.Vector, var item) => $"Vector<{item}>",
            (_, var item) => $"VarVector<{item}>",
        };
    }

    public SchemaShape(IEnumerable<Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        _columns = columns.ToArray();
    }

    public int Count => _columns.Length;
    public Column this[int index] => _columns[index];
    public IEnumerator<Column> GetEnumerator() => ((IEnumerable<Column>)_columns).GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal bool TryFindColumn(string name, out Column column)
    {
        column = _columns.FirstOrDefault(c => c.Name == name);
        return column.Name is not null;
    }

    internal static SchemaShape Create(DataViewSchema schema) => new(schema.Where(c => !c.IsHidden).Select(ShapeOf));

    internal static Column ShapeOf(DataViewSchema.Column column)
    {
        var (kind, item) = column.Type switch
        {
            VectorDataViewType { IsKnownSize: true } vector => (Column.VectorKind.Vector, (DataViewType)vector.ItemType),
            VectorDataViewType vector => (Column.VectorKind.VariableVector, vector.ItemType),
            var scalar => (Column.VectorKind.Scalar, scalar),
        };
        bool isKey = item is KeyDataViewType;
        return new Column(column.Name, kind, isKey ? NumberDataViewType.Of(item.RawType) : item, isKey, Create(column.Annotations.Schema));
    }

    /// <summary>This shape with columns added, each replacing the one of its name.</summary>
    internal SchemaShape With(IEnumerable<Column> added)
    {
        var columns = _columns.ToList();
        foreach (var column in added)
        {
            int at = columns.FindIndex(c => c.Name == column.Name);
            if (at >= 0) columns[at] = column; else columns.Add(column);
        }
        return new(columns);
    }
}
