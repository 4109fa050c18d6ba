using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>Finding columns in schemas and shapes, with errors that say what is there instead.</summary>
internal static class SchemaColumns
{
    /// <summary>The visible column of a name, of the type asked for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing, or of another type.</exception>
    public static DataViewSchema.Column Require(this DataViewSchema schema, string name, string expected, Func<DataViewType, bool> fits)
    {
        var column = schema.GetColumnOrNull(name)
            ?? throw new ArgumentOutOfRangeException(nameof(schema),
                $"Could not find input column '{name}' ({expected}). The data has: {Brief.List(schema.Where(c => !c.IsHidden).Select(c => c.Name))}.");
        return fits(column.Type) ? column
            : throw new ArgumentOutOfRangeException(nameof(schema), $"Schema mismatch for input column '{name}': expected {expected}, got {column.Type}.");
    }

    /// <summary>The column of a name, as a shape of the kind asked for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing, or of another kind.</exception>
    public static SchemaShape.Column Require(this SchemaShape shape, string name, string expected, Func<SchemaShape.Column, bool> fits)
    {
        ArgumentNullException.ThrowIfNull(shape);
        foreach (var column in shape)
        {
            if (column.Name == name)
            {
                return fits(column) ? column
                    : throw new ArgumentOutOfRangeException(nameof(shape),
                        $"Schema mismatch for input column '{name}': expected {expected}, got {column.Kind} of {column.ItemType}.");
            }
        }

        throw new ArgumentOutOfRangeException(nameof(shape),
            $"Could not find input column '{name}' ({expected}). The data has: {Brief.List(shape.Select(c => c.Name))}.");
    }

    /// <summary>A shape with columns added, each taking the place of the one of its name.</summary>
    public static SchemaShape With(this SchemaShape shape, params SchemaShape.Column[] added) =>
        new(shape.Where(column => added.All(other => other.Name != column.Name)).Concat(added));

    /// <summary>The shape of data that is there.</summary>
    public static SchemaShape Shape(DataViewSchema schema) => new(schema.Where(column => !column.IsHidden).Select(column =>
    {
        var vector = column.Type as VectorDataViewType;
        var item = vector?.ItemType ?? column.Type;
        var kind = vector is null ? SchemaShape.Column.VectorKind.Scalar
            : vector.IsKnownSize ? SchemaShape.Column.VectorKind.Vector : SchemaShape.Column.VectorKind.VariableVector;
        return item is KeyDataViewType key
            ? Interop.ShapeColumn(column.Name, KeyStorage(key), kind, isKey: true, Shape(column.Annotations.Schema))
            : Interop.ShapeColumn(column.Name, item, kind, annotations: Shape(column.Annotations.Schema));
    }));

    /// <summary>What messages expect of a feature column.</summary>
    public const string Features = "vector of Single; append FeaturizeAudio before this";

    public static bool IsFeatures(SchemaShape.Column column) =>
        column.ItemType == NumberDataViewType.Single && column.Kind != SchemaShape.Column.VectorKind.Scalar && !column.IsKey;

    public static bool IsText(SchemaShape.Column column) => column.ItemType is TextDataViewType && column.Kind == SchemaShape.Column.VectorKind.Scalar;

    public static bool IsFeatures(DataViewType type) => type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Single;

    private static DataViewType KeyStorage(KeyDataViewType key) => key.RawType == typeof(byte) ? NumberDataViewType.Byte
        : key.RawType == typeof(ushort) ? NumberDataViewType.UInt16 : key.RawType == typeof(uint) ? NumberDataViewType.UInt32 : NumberDataViewType.UInt64;
}
