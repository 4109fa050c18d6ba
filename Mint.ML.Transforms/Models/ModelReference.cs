using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Bridges;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>
/// The trained models that features have passed, as an annotation of the feature column. In a chain an estimator is fitted on what the steps
/// before it make of the data; through this it finds the model that they trained.
/// </summary>
internal sealed class ModelReference
{
    public const string Annotation = "AudioLanguageModel";

    public SharedModel<TrainedBridge>? Bridge { get; init; }
    public SharedModel<TunedModel>? Tuned { get; init; }

    public static ModelReference? Find(DataViewSchema.Column features)
    {
        if (features.Annotations.Schema.GetColumnOrNull(Annotation) is not { Type: ModelReferenceDataViewType }) return null;
        ModelReference? reference = null;
        features.Annotations.GetValue(Annotation, ref reference);
        return reference;
    }

    /// <summary>The feature column anew, carrying this; what the column said before stays.</summary>
    public DataViewSchema.DetachedColumn On(DataViewSchema.Column features)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(features.Annotations, name => name != Annotation);
        annotations.Add(Annotation, new ModelReferenceDataViewType(Bridge?.Value.Bridge.Config.QFormer.Positions), (ref ModelReference value) => value = this);
        return new(features.Name, features.Type, annotations.ToAnnotations());
    }

    /// <summary>The same, as a shape.</summary>
    /// <param name="features">The feature column.</param>
    /// <param name="positions">Positions of the bridge that will be there; null where it is not known.</param>
    public static SchemaShape.Column On(SchemaShape.Column features, long? positions) => Interop.ShapeColumn(features.Name, features.ItemType, features.Kind,
        annotations: features.Annotations.With(Interop.ShapeColumn(Annotation, new ModelReferenceDataViewType(positions))));

    /// <summary>The positions of the bridge that features carry, or will carry once it is trained; null where they are not known.</summary>
    public static long? Positions(SchemaShape.Column features) =>
        features.Annotations.Select(annotation => annotation.ItemType).OfType<ModelReferenceDataViewType>().FirstOrDefault()?.Positions;

    public static bool IsOn(SchemaShape.Column features) => features.Annotations.Any(annotation => annotation.Name == Annotation);
}

/// <summary>The type of that annotation; it is never saved with data.</summary>
internal sealed class ModelReferenceDataViewType : StructuredDataViewType
{
    public ModelReferenceDataViewType(long? positions) : base(typeof(ModelReference)) => Positions = positions;

    /// <summary>What a step after the bridge has to keep to; it is known before the bridge is trained.</summary>
    public long? Positions { get; }

    public override bool Equals(DataViewType? other) => other is ModelReferenceDataViewType;
    public override bool Equals(object? obj) => obj is ModelReferenceDataViewType;
    public override int GetHashCode() => typeof(ModelReferenceDataViewType).GetHashCode();
    public override string ToString() => "Model";
}
