using Microsoft.ML;
using Mint.ML.Encoders;

namespace Mint.ML.Transforms;

/// <summary>What heard the frames of a column, as an annotation of it: by its own classes a later step tells whether it knows the sound.</summary>
internal static class EncoderReference
{
    private const string Annotation = "AudioEncoder";

    /// <summary>The annotation as a shape.</summary>
    public static SchemaShape.Column Shape => Interop.ShapeColumn(Annotation, new ReferenceDataViewType<IAudioEncoder>());

    /// <summary>The encoder of a feature column; null where the frames came another way.</summary>
    public static IAudioEncoder? Find(DataViewSchema.Column features) => ReferenceDataViewType<IAudioEncoder>.Find(features, Annotation);

    public static void AddTo(DataViewSchema.Annotations.Builder annotations, IAudioEncoder encoder) =>
        ReferenceDataViewType<IAudioEncoder>.AddTo(annotations, Annotation, encoder);
}
