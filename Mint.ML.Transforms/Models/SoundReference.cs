using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms;

/// <summary>The sounds that the frames of a column are of, as an annotation of it, for what needs them besides: a question about loudness or counts.</summary>
/// <remarks>
/// A later column of the same name holds other sounds: loaded anew, or windows. LoadAudio and WindowAudio make a type of their own for each column that they
/// add, which goes with it from step to step, also when another column hides it. That very object, not its equals, says which column it is.
/// </remarks>
internal sealed record SoundReference(string Name, DataViewType Type)
{
    private const string Annotation = "AudioColumn";

    /// <summary>The annotation as a shape.</summary>
    public static SchemaShape.Column Shape => Interop.ShapeColumn(Annotation, new ReferenceDataViewType<SoundReference>());

    /// <summary>The sounds of a feature column, hidden or not; null where they are not in the data any more, or the frames came another way.</summary>
    public static DataViewSchema.Column? Find(DataViewSchema schema, DataViewSchema.Column features) =>
        ReferenceDataViewType<SoundReference>.Find(features, Annotation) is { } sound
            ? schema.Where(column => column.Name == sound.Name && ReferenceEquals(column.Type, sound.Type)).Cast<DataViewSchema.Column?>().FirstOrDefault()
            : null;

    public static void AddTo(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column audio) =>
        ReferenceDataViewType<SoundReference>.AddTo(annotations, Annotation, new SoundReference(audio.Name, audio.Type));
}
