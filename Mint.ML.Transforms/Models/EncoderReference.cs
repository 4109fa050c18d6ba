using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Encoders;

namespace Mint.ML.Transforms;

/// <summary>What heard the frames of a column, as an annotation of it: by its own classes a later step tells whether it knows the sound.</summary>
internal static class EncoderReference
{
    private const string Annotation = "AudioEncoder";

    /// <summary>The annotation as a shape.</summary>
    public static SchemaShape.Column Shape => Interop.ShapeColumn(Annotation, new ReferenceDataViewType<IAudioEncoder>());

    /// <summary>The encoder of a feature column; null where the frames came another way.</summary>
    public static IAudioEncoder? Find(DataViewSchema.Column features)
    {
        if (features.Annotations.Schema.GetColumnOrNull(Annotation) is not { Type: ReferenceDataViewType<IAudioEncoder> }) return null;
        IAudioEncoder? encoder = null;
        features.Annotations.GetValue(Annotation, ref encoder);
        return encoder;
    }

    public static void AddTo(DataViewSchema.Annotations.Builder annotations, IAudioEncoder encoder) =>
        annotations.Add(Annotation, new ReferenceDataViewType<IAudioEncoder>(), (ref IAudioEncoder value) => value = encoder);
}

/// <summary>The type of an annotation that refers to an object of this process; it is never saved with data.</summary>
internal sealed class ReferenceDataViewType<T>() : StructuredDataViewType(typeof(T))
    where T : class
{
    public override bool Equals(DataViewType? other) => other is ReferenceDataViewType<T>;
    public override bool Equals(object? obj) => obj is ReferenceDataViewType<T>;
    public override int GetHashCode() => typeof(T).GetHashCode();
    public override string ToString() => typeof(T).Name;
}
