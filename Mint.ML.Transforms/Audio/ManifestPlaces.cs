using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;

namespace Mint.ML.Transforms;

/// <summary>Where a manifest names a file: what is wrong with a sound then says which row it is of. A column of paths tells its manifest by an annotation.</summary>
internal sealed class ManifestPlaces
{
    /// <summary>Name of the annotation (text): the manifest's path.</summary>
    public const string Annotation = "Manifest";

    private readonly Lazy<Dictionary<string, string>> places; // read when something is wrong, and not before

    private ManifestPlaces(string manifest) => places = new(() =>
    {
        Dictionary<string, string> found = [];
        try
        {
            foreach (var row in AudioManifest.Read(manifest).Rows) found.TryAdd(row.Path, row.Place);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            // It has changed or gone meanwhile; the file's own name has to do.
        }
        return found;
    });

    /// <summary>The places that a column of paths knows; null where it came from no manifest.</summary>
    public static ManifestPlaces? Find(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(Annotation) is not { Type: TextDataViewType }) return null;
        ReadOnlyMemory<char> manifest = default;
        column.Annotations.GetValue(Annotation, ref manifest);
        return new(manifest.ToString());
    }

    /// <summary>The annotation of a manifest's column of paths.</summary>
    public static DataViewSchema.Annotations Of(AudioManifest manifest)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        string path = Path.GetFullPath(manifest.File);
        annotations.Add<ReadOnlyMemory<char>>(Annotation, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = path.AsMemory());
        return annotations.ToAnnotations();
    }

    /// <summary>The first row that names a file; null where none does.</summary>
    public string? this[string file] => places.Value.GetValueOrDefault(file);
}
