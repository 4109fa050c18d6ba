using Microsoft.ML;
using Mint.ML.Audio;

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
        catalog is null ? throw new ArgumentNullException(nameof(catalog)) : new AudioManifestView(AudioManifest.Read(path));

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
