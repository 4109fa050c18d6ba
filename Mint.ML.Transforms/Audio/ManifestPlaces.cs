using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;

namespace Mint.ML.Transforms;

/// <summary>Where manifests name a file, known by an annotation of the column of paths: what is wrong with a sound then says which row it is of.</summary>
/// <remarks>
/// ML.NET saves the annotations of a schema beside a model, and warns of one whose type it cannot write. So the annotation is a text that tells nothing: a
/// model file is not to say where its data lay. Which places it stands for, the very string in memory knows; one that was loaded stands for none.
/// </remarks>
internal sealed class ManifestPlaces
{
    private const string Annotation = "Manifest";

    private static readonly ConditionalWeakTable<string, ManifestPlaces> known = [];

    private readonly string mark = new("rows of a manifest"); // a string of its own, whose identity is the key
    private readonly Lazy<Dictionary<string, string>> places;

    /// <param name="manifests">What was read.</param>
    public ManifestPlaces(IReadOnlyList<AudioManifest> manifests)
    {
        places = new(() =>
        {
            Dictionary<string, string> found = [];
            foreach (var row in manifests.SelectMany(manifest => manifest.Rows)) found.TryAdd(row.Path, row.Place);
            return found;
        });
        known.Add(mark, this);
    }

    /// <summary>The first row that names a file; null where none does.</summary>
    public string? this[string file] => places.Value.GetValueOrDefault(file);

    /// <summary>The places that a column of paths knows; null where it came from no manifest.</summary>
    public static ManifestPlaces? Find(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(Annotation) is not { Type: TextDataViewType }) return null;
        ReadOnlyMemory<char> text = default;
        column.Annotations.GetValue(Annotation, ref text);
        return MemoryMarshal.TryGetString(text, out string? mark, out _, out _) && known.TryGetValue(mark, out var places) ? places : null;
    }

    /// <summary>The annotation.</summary>
    public DataViewSchema.Annotations ToAnnotations()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add(Annotation, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = mark.AsMemory());
        return annotations.ToAnnotations();
    }
}
