using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms;

/// <summary>The type of an annotation that refers to an object of this process; it is never saved with data.</summary>
internal sealed class ReferenceDataViewType<T>() : StructuredDataViewType(typeof(T))
    where T : class
{
    /// <summary>What a column's annotation of that name and type refers to; null where it has none.</summary>
    public static T? Find(DataViewSchema.Column column, string annotation)
    {
        if (column.Annotations.Schema.GetColumnOrNull(annotation) is not { Type: ReferenceDataViewType<T> }) return null;
        T? reference = null;
        column.Annotations.GetValue(annotation, ref reference);
        return reference;
    }

    public static void AddTo(DataViewSchema.Annotations.Builder annotations, string annotation, T reference) =>
        annotations.Add(annotation, new ReferenceDataViewType<T>(), (ref T value) => value = reference);

    public override bool Equals(DataViewType? other) => other is ReferenceDataViewType<T>;
    public override bool Equals(object? obj) => obj is ReferenceDataViewType<T>;
    public override int GetHashCode() => typeof(T).GetHashCode();
    public override string ToString() => typeof(T).Name;
}
