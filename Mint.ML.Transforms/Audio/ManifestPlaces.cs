using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;

namespace Mint.ML.Transforms;

/// <summary>Where manifests name a file, as an annotation of the column of paths: what is wrong with a sound then says which row it is of.</summary>
/// <param name="manifests">What was read.</param>
internal sealed class ManifestPlaces(IReadOnlyList<AudioManifest> manifests)
{
    private const string Annotation = "Manifest";

    private readonly Lazy<Dictionary<string, string>> places = new(() =>
    {
        Dictionary<string, string> found = [];
        foreach (var row in manifests.SelectMany(manifest => manifest.Rows)) found.TryAdd(row.Path, row.Place);
        return found;
    });

    /// <summary>The first row that names a file; null where none does.</summary>
    public string? this[string file] => places.Value.GetValueOrDefault(file);

    /// <summary>The places that a column of paths knows; null where it came from no manifest.</summary>
    public static ManifestPlaces? Find(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(Annotation) is not { Type: ManifestPlacesDataViewType }) return null;
        ManifestPlaces? places = null;
        column.Annotations.GetValue(Annotation, ref places);
        return places;
    }

    /// <summary>The annotation.</summary>
    public DataViewSchema.Annotations ToAnnotations()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(Annotation, new ManifestPlacesDataViewType(), (ref ManifestPlaces value) => value = this);
        return annotations.ToAnnotations();
    }
}

/// <summary>The type of that annotation. ML.NET does not save it: a model file is not to say where its data lay.</summary>
internal sealed class ManifestPlacesDataViewType : StructuredDataViewType
{
    public ManifestPlacesDataViewType() : base(typeof(ManifestPlaces)) { }
    public override bool Equals(DataViewType? other) => other is ManifestPlacesDataViewType;
    public override bool Equals(object? obj) => obj is ManifestPlacesDataViewType;
    public override int GetHashCode() => typeof(ManifestPlacesDataViewType).GetHashCode();
    public override string ToString() => "ManifestPlaces";
}
