using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Files;
using Mint.ML.Generation;

namespace Mint.ML.Retrieval;

/// <summary>What an index was made with, in the file of its name with .json behind it: embeddings of two models, or of other windows, do not mix.</summary>
/// <param name="Model">The model file, or the system's folder, relative to the index's folder.</param>
/// <param name="Sha256">Of the model.</param>
/// <param name="WindowSeconds">See <see cref="LongAudioOptions"/>.</param>
/// <param name="OverlapSeconds">See <see cref="LongAudioOptions"/>.</param>
/// <param name="Version">Of the library that made the vectors; null for an index of before that was kept.</param>
public sealed record IndexSettings(string Model, string Sha256, double WindowSeconds, double OverlapSeconds, string? Version = null)
{
    /// <summary>What became of sound that is damaged or too short.</summary>
    public HearingOptions Hearing { get; init; } = new();

    private static readonly JsonSerializerOptions Written = new()
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) }
    };

    /// <summary>The file of the settings of an index.</summary>
    public static string FileOf(string index) => index + ".json";

    /// <summary>What an index is made with.</summary>
    public static IndexSettings ForModel(string index, string model, LongAudioOptions windows, HearingOptions? hearing = null)
    {
        return new(Path.GetRelativePath(FolderOf(index), model), ModelFolder.HashWhole(model), windows.WindowSeconds, windows.Overlap,
            RecordedSettings.Version)
        {
            Hearing = hearing ?? new(),
        };
    }

    /// <summary>Reads what an index was made with.</summary>
    /// <exception cref="FileNotFoundException">There is no index, or nothing that says how it was made.</exception>
    public static IndexSettings Read(string index)
    {
        if (!File.Exists(index)) throw new FileNotFoundException($"There is no index '{index}'; ./mint search build makes one.", index);
        string file = FileOf(index);
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"{file}, which says how the index was made, is missing: copy it beside the index, or build the index again.",
                file);
        }
        try
        {
            return JsonSerializer.Deserialize<IndexSettings>(TextFile.Read(file), Written) is { Model: not null, Sha256: not null } settings ? settings
                : throw new JsonException("it lacks the model");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file} does not say how the index was made ({e.Message.TrimEnd('.')}). Build the index again.", e);
        }
    }

    /// <summary>Writes the settings beside the index.</summary>
    /// <exception cref="InvalidOperationException">There are parts of an index that ranks began to make with other settings.</exception>
    public void Write(string index)
    {
        string text = JsonSerializer.Serialize(this, Written) + "\n";
        if (SharedOutput.Parts(index) is [var part, ..] && !(File.Exists(FileOf(index)) && TextFile.Read(FileOf(index)) == text))
        {
            throw new InvalidOperationException($"{part} is of a run that was stopped, with another model or other windows. Go on with those, name another "
                + "index, or delete the parts.");
        }
        AtomicFile.WriteText(FileOf(index), text);
    }

    /// <summary>Refuses to add vectors that another version of the library computes.</summary>
    /// <exception cref="InvalidOperationException">The index is of another version.</exception>
    public void CheckVersion(string index)
    {
        if (Version is null || Version == RecordedSettings.Version) return;
        throw new InvalidOperationException($"{index} was made by version {Version} of Mint.ML, and this is {RecordedSettings.Version}, whose vectors "
            + $"may differ. Build the index "
            + "again, or add with that version.");
    }

    /// <summary>The model file: the one named, or the one the index was made with.</summary>
    /// <exception cref="InvalidOperationException">It is not the same as then.</exception>
    public string CheckedModel(string index, string? model)
    {
        if (model is not null && !File.Exists(model) && !Directory.Exists(model))
            throw new FileNotFoundException($"There is no model file '{model}'. Leave it out for the one that {index} was made with.", model);
        model ??= Path.Combine(FolderOf(index), Model);
        if (!File.Exists(model) && !Directory.Exists(model))
        {
            throw new FileNotFoundException($"The index was made with the model {model}, which is no longer there. Name where it is with --model or "
                + "--system.", model);
        }
        return ModelFolder.HashWhole(model) == Sha256 ? model
            : throw new InvalidOperationException($"{index} was made with another model than {model} is now; its vectors cannot be compared. Name the model "
                + "with --model, or build the index again.");
    }

    /// <summary>The folder that names in an index are relative to.</summary>
    public static string FolderOf(string index) => Path.GetDirectoryName(Path.GetFullPath(index))!;
}

/// <summary>Takes the vectors of a run into an index. What it has by then stays when the run is stopped; every two minutes it is put there for good.</summary>
public sealed class IndexOutput : AnswerOutput
{
    private static readonly TimeSpan Unsaved = TimeSpan.FromMinutes(2);
    private readonly string path;
    private readonly VectorStorage storage;
    private readonly int width;
    private readonly HashSet<string> windows = [], clips = [];
    private readonly Stopwatch sinceCommit = Stopwatch.StartNew();
    private readonly Action<string>? noted;
    private EmbeddingIndexWriter? writer;

    /// <summary>Opens an index to add to, or begins one.</summary>
    /// <param name="path">The index file.</param>
    /// <param name="storage">How a new index keeps its vectors.</param>
    /// <param name="width">Numbers E of a vector.</param>
    /// <param name="noted">Told what a listener should know of a clip: an index has no rows that could say it.</param>
    public IndexOutput(string path, VectorStorage storage, int width, Action<string>? noted = null)
    {
        (this.path, this.storage, this.width, this.noted) = (path, storage, width, noted);
        Directory.CreateDirectory(IndexSettings.FolderOf(path));
        if (!File.Exists(path)) return;
        using var index = EmbeddingIndex.Open(path, mapped: false);
        foreach (string window in index.Ids)
        {
            windows.Add(window);
            clips.Add(WindowVectors.ClipOf(window));
        }
    }

    /// <summary>Items there are now.</summary>
    public int Count => windows.Count;

    /// <inheritdoc/>
    public override bool Has(string path) => clips.Contains(path);

    /// <summary>Adds a window, unless an earlier run did.</summary>
    /// <param name="window">Its name.</param>
    /// <param name="item">Its vectors, (Q, E).</param>
    public void Take(string window, float[,] item)
    {
        if (!windows.Add(window)) return;
        writer ??= File.Exists(path) ? EmbeddingIndexWriter.Append(path) : EmbeddingIndexWriter.Create(path, item.GetLength(0), width, storage);
        writer.Add(window, item);
    }

    // The windows of a batch are all taken before its rows come.
    /// <inheritdoc/>
    public override void Write(AnswerRow row)
    {
        foreach (string note in row.Notes) noted?.Invoke($"{row.Path}: {note}");
        if (sinceCommit.Elapsed > Unsaved) Commit();
    }

    /// <inheritdoc/>
    public override void Dispose() => Commit();

    private void Commit()
    {
        try
        {
            writer?.Commit();
        }
        finally
        {
            writer?.Dispose(); // a disk that is full gets back what was not committed
            writer = null;
            sinceCommit.Restart();
        }
    }
}
