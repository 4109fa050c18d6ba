using Microsoft.ML;
using Mint.ML.Audio;
using Mint.ML.Generation;

namespace Mint.ML.Transforms;

/// <summary>Sound in data: manifests, files, frozen encoders.</summary>
public static class AudioCatalog
{
    /// <summary>Reads a manifest, CSV with a header or JSON lines (.jsonl, .ndjson), with one row a sound file.</summary>
    /// <param name="catalog">The data operations.</param>
    /// <param name="path">The manifest. It has a column Path, relative to the manifest's folder; all other columns (Caption, Instruction, Label, ...) are
    /// kept.</param>
    /// <returns>Every column as text, Path made absolute; values that a row does not have are empty. The sound itself is read by LoadAudio.</returns>
    /// <exception cref="InvalidDataException">A row cannot be read; the message names file and row.</exception>
    public static IDataView LoadFromAudioManifest(this DataOperationsCatalog catalog, string path) =>
        catalog.LoadFromAudioManifest([path ?? throw new ArgumentNullException(nameof(path))]);

    /// <summary>Reads manifests as one, row behind row. They need not have the same columns; what a row does not have is empty.</summary>
    /// <param name="catalog">The data operations.</param>
    /// <param name="paths">The manifests; the paths in each are relative to its own folder.</param>
    /// <returns>Every column of any of them as text, Path made absolute.</returns>
    /// <exception cref="InvalidDataException">A row cannot be read; the message names file and row.</exception>
    public static IDataView LoadFromAudioManifest(this DataOperationsCatalog catalog, string[] paths)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(paths);
        if (paths.Length == 0) throw new ArgumentException("There are no manifests to read.", nameof(paths));
        AudioManifest[] manifests = [.. paths.Select(AudioManifest.Read)];
        return new AudioManifestView(manifests, AudioManifestLoader.Columns(manifests));
    }

    /// <summary>Makes a loader of manifests with these columns, which can be saved with a model.</summary>
    /// <param name="catalog">The data operations.</param>
    /// <param name="columns">The columns to read, Path among them, and what they are; others are left out.</param>
    /// <exception cref="ArgumentException">Path is missing, a column stands twice, or is of a kind that manifests do not hold.</exception>
    public static AudioManifestLoader CreateAudioManifestLoader(this DataOperationsCatalog catalog, params ManifestColumn[] columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Contains(null)) throw new ArgumentNullException(nameof(columns), "A column is null.");
        return new(catalog.Environment(), [.. columns]);
    }

    /// <summary>Makes a loader of manifests with the columns of a sample, all of them text.</summary>
    /// <param name="catalog">The data operations.</param>
    /// <param name="sample">A manifest.</param>
    /// <exception cref="InvalidDataException">A row cannot be read; the message names file and row.</exception>
    public static AudioManifestLoader CreateAudioManifestLoader(this DataOperationsCatalog catalog, string sample) =>
        new(catalog.Environment(), AudioManifestLoader.Columns([AudioManifest.Read(sample ?? throw new ArgumentNullException(nameof(sample)))]));

    /// <summary>Reads sound: files that a text column names, the bytes of files, or samples.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="outputColumnName">The column that takes the sound, of <see cref="AudioDataViewType"/>.</param>
    /// <param name="inputColumnName">Text that names files, a vector of Byte that is a file, a vector of Single that holds samples, or audio.</param>
    /// <param name="folder">What relative paths are relative to; the current directory when null.</param>
    /// <param name="onError">What becomes of a file that cannot be read.</param>
    public static AudioLoadingEstimator LoadAudio(this TransformsCatalog catalog, string outputColumnName = "Audio", string inputColumnName = "Path",
        string? folder = null, AudioErrorHandling onError = AudioErrorHandling.Throw) =>
        catalog.LoadAudio(new AudioLoadingEstimator.Options
        {
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName,
            Folder = folder,
            OnError = onError,
        });

    /// <summary>Reads the sound files that a text column names.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="options">Columns and limits.</param>
    public static AudioLoadingEstimator LoadAudio(this TransformsCatalog catalog, AudioLoadingEstimator.Options options) =>
        new(catalog.Environment(), options);

    /// <summary>Makes a row of each window of long sound, with every other column of its row again.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="outputColumnName">The column that takes the windows; where each begins and ends, in seconds, goes to WindowStart and WindowEnd.</param>
    /// <param name="inputColumnName">The audio column.</param>
    /// <param name="seconds">Length of a window; null for that which models answer long sound with.</param>
    /// <param name="overlap">What a window shares with the one before it, in seconds; null for theirs.</param>
    public static AudioWindower WindowAudio(this TransformsCatalog catalog, string outputColumnName = "Audio", string inputColumnName = "Audio",
        double? seconds = null, double? overlap = null)
    {
        var windows = new LongAudioOptions();
        if (seconds is { } length) windows = windows with { WindowSeconds = length };
        if (overlap is { } shared) windows = windows with { OverlapSeconds = shared };
        return catalog.WindowAudio(new AudioWindower.Options { OutputColumnName = outputColumnName, InputColumnName = inputColumnName, Windows = windows });
    }

    /// <summary>Makes a row of each window of long sound, with every other column of its row again.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="options">Columns, length and overlap.</param>
    public static AudioWindower WindowAudio(this TransformsCatalog catalog, AudioWindower.Options options) => new(catalog.Environment(), options);

    /// <summary>Turns sound into frame vectors with a frozen, pre-trained encoder.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="outputColumnName">The column that takes the features, see <see cref="AudioFeaturizingTransformer"/>.</param>
    /// <param name="inputColumnName">The audio column.</param>
    /// <param name="encoder">A Hugging Face folder: data2vec-audio, wav2vec 2.0, HuBERT, MERT, CLAP, AST or AudioMAE.</param>
    /// <param name="batchSize">Rows that go through the encoder at once; results do not depend on it.</param>
    /// <param name="cache">A folder that keeps the features, so that trainers need not hold them in memory; see
    /// <see cref="AudioFeaturizer.Options.CacheFolder"/>.</param>
    /// <param name="pooling">Frames as they are, or a clip as one vector for ML.NET's own trainers.</param>
    public static AudioFeaturizer FeaturizeAudio(
        this TransformsCatalog catalog, string outputColumnName, string inputColumnName, string encoder, int batchSize = 16, string? cache = null,
        AudioPooling pooling = AudioPooling.None) =>
        catalog.FeaturizeAudio(new AudioFeaturizer.Options
        {
            OutputColumnName = outputColumnName,
            InputColumnName = inputColumnName,
            Encoder = encoder,
            BatchSize = batchSize,
            CacheFolder = cache,
            Pooling = pooling,
        });

    /// <summary>Turns sound into frame vectors with a frozen, pre-trained encoder.</summary>
    /// <param name="catalog">The transforms.</param>
    /// <param name="options">Encoder, columns and batch size.</param>
    public static AudioFeaturizer FeaturizeAudio(this TransformsCatalog catalog, AudioFeaturizer.Options options) => new(catalog.Environment(), options);
}
