using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Training.Data;

namespace Mint.ML.Transforms;

/// <summary>
/// Where the features of a column are kept on the disk, as an annotation of that column. By it a trainer reads each row's key beside its texts, and
/// the frames themselves batch by batch while it trains.
/// </summary>
/// <param name="Store">The featurizer's cache.</param>
/// <param name="EntryColumn">The text column of keys; "" for a row without sound.</param>
/// <param name="Name">What messages call the sound of a key.</param>
internal sealed record FrameCacheReference(FrameStore Store, string EntryColumn, Func<string, string> Name)
{
    public const string Annotation = "FrameCache";

    /// <summary>The annotation as a shape.</summary>
    public static SchemaShape.Column Shape => Interop.ShapeColumn(Annotation, new ReferenceDataViewType<FrameCacheReference>());

    /// <summary>The cache of a feature column, with the column of keys; null where there is none, or the keys were dropped on the way.</summary>
    public static (FrameCacheReference Cache, DataViewSchema.Column Entries)? Find(DataViewSchema schema, DataViewSchema.Column features)
    {
        if (ReferenceDataViewType<FrameCacheReference>.Find(features, Annotation) is not { } reference) return null;
        return schema.GetColumnOrNull(reference.EntryColumn) is { Type: TextDataViewType } entries ? (reference, entries) : null;
    }

    public void AddTo(DataViewSchema.Annotations.Builder annotations) =>
        ReferenceDataViewType<FrameCacheReference>.AddTo(annotations, Annotation, this);
}
