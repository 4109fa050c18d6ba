using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>A column of a manifest, and what its values are.</summary>
/// <param name="Name">As the manifest's header has it; case does not matter.</param>
/// <param name="Kind">String, Single, Double, Int32, Int64 or Boolean.</param>
public sealed record ManifestColumn(string Name, DataKind Kind = DataKind.String);

/// <summary>
/// Loads manifests, CSV with a header or JSON lines, with one row a sound file: one file or several, which are put one behind the other. It can be saved
/// with a model by <c>Model.Save(model, loader, path)</c>.
/// </summary>
public sealed class AudioManifestLoader : IDataLoader<IMultiStreamSource>, ILoadable<AudioManifestLoader>
{
    internal const string Signature = "MintAudioManifest";

    private readonly IHost host;
    private readonly IReadOnlyList<ManifestColumn> columns;

    internal AudioManifestLoader(IHostEnvironment environment, IReadOnlyList<ManifestColumn> columns)
    {
        var errors = new OptionErrors();
        errors.Require(columns.Any(column => AudioManifestView.IsPath(column.Name)), "There is no column Path; it names the sound files.");
        foreach (var same in columns.GroupBy(column => column.Name, StringComparer.OrdinalIgnoreCase))
            errors.Require(same.Count() == 1, $"Column '{same.Key}' stands {same.Count()} times.");
        foreach (var column in columns)
        {
            errors.Require(AudioManifestView.Types.ContainsKey(column.Kind),
                $"Column '{column.Name}' is of {column.Kind}; expected {string.Join(", ", AudioManifestView.Types.Keys)}.");
            errors.Require(column.Kind == DataKind.String || !AudioManifestView.IsPath(column.Name), "Column Path is text.");
        }
        errors.Throw(nameof(AudioManifestLoader));
        host = environment.Register(nameof(AudioManifestLoader));
        this.columns = columns;
    }

    /// <inheritdoc/>
    public DataViewSchema GetOutputSchema() => AudioManifestView.SchemaOf(columns);

    /// <summary>Reads the manifests; the sound itself is read by LoadAudio.</summary>
    /// <param name="input">The files, for instance <c>new MultiFileSource("a.csv", "b.jsonl")</c>.</param>
    /// <returns>The columns, Path made absolute. Missing text is empty, a missing number NaN. Rows can be shuffled.</returns>
    /// <exception cref="InvalidDataException">A row cannot be read; the message names file, row and column.</exception>
    public IDataView Load(IMultiStreamSource input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Count == 0) throw new ArgumentException("There are no files to load.", nameof(input));
        return new AudioManifestView([.. Enumerable.Range(0, input.Count).Select(i => AudioManifest.Read(input.GetPathOrNull(i)
            ?? throw new ArgumentException("A manifest is read from a file, whose folder its paths are relative to; a stream has none.", nameof(input))))],
            columns);
    }

    /// <summary>The columns of manifests as text, in the order in which they first appear.</summary>
    internal static IReadOnlyList<ManifestColumn> Columns(IEnumerable<AudioManifest> manifests) =>
        [.. manifests.SelectMany(manifest => manifest.Columns).Select(name => AudioManifestView.IsPath(name) ? "Path" : name)
            .Distinct(StringComparer.OrdinalIgnoreCase).Select(name => new ManifestColumn(name))];

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        Interop.Save(ctx, host, this, Signature, writer => writer.Json(Signature + ".json", columns));
    }

    static AudioManifestLoader ILoadable<AudioManifestLoader>.Read(IHostEnvironment environment, ModelReader reader) =>
        new(environment, reader.Json<ManifestColumn[]>(Signature + ".json"));
}
