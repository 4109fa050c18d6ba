using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>The texts that the keys of a column stand for.</summary>
internal static class KeyNames
{
    private const string Annotation = "KeyValues";

    /// <summary>Whether a shape's column is a key whose values have names.</summary>
    public static bool AreOn(SchemaShape.Column column) => column is { IsKey: true, Kind: SchemaShape.Column.VectorKind.Scalar }
        && column.Annotations.Any(annotation => annotation.Name == Annotation && annotation.ItemType is TextDataViewType);

    /// <summary>The names, in the order of keys; null where the column is no key, or its keys have none.</summary>
    public static IReadOnlyList<string>? Find(DataViewSchema.Column column) => column.Type is KeyDataViewType
        && column.Annotations.Schema.GetColumnOrNull(Annotation) is { Type: VectorDataViewType { ItemType: TextDataViewType } } ? Read(column) : null;

    /// <summary>The names, of a column that was checked to have them.</summary>
    public static IReadOnlyList<string> Read(DataViewSchema.Column column)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        column.GetKeyValues(ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }
}
