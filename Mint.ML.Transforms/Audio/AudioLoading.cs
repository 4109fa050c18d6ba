using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>What becomes of a sound file that cannot be read.</summary>
public enum AudioErrorHandling
{
    /// <summary>An <see cref="AudioFormatException"/> that names the file, what is wrong and what to do. The default: nothing is lost unseen.</summary>
    Throw,

    /// <summary>
    /// The row's audio is missing (null), with a warning in the log and a place in <see cref="AudioLoadingTransformer.Skipped"/>. Later steps carry it on
    /// as missing: no features, no caption, a missing predicted label and NaN scores; trainers leave the row out and say how many they left out.
    /// </summary>
    Skip,
}

/// <summary>Reads the sound files that a text column names, when the values are asked for.</summary>
public sealed class AudioLoadingTransformer : RowMapTransformer, ILoadable<AudioLoadingTransformer>
{
    internal const string Signature = "MintAudioLoader";

    private readonly AudioLoadingEstimator.Options options;
    private readonly ConcurrentDictionary<string, string> skipped = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> noted = new();

    internal AudioLoadingTransformer(IHostEnvironment environment, AudioLoadingEstimator.Options options)
        : base(environment, nameof(AudioLoadingTransformer), batchSize: 1) => this.options = options;

    /// <summary>The files that could not be read so far, each with the reason; empty unless errors are skipped. A file counts once, however often it is
    /// met.</summary>
    public IReadOnlyDictionary<string, string> Skipped => skipped;

    /// <summary>The files that were heard with notes so far ("heard as far as it goes, ..."); each is a warning in the log as well.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Noted => noted;

    private protected override string LoaderSignature => Signature;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    private protected override void Write(ModelWriter writer) => writer.Json(Signature + ".json", options);

    static AudioLoadingTransformer ILoadable<AudioLoadingTransformer>.Read(IHostEnvironment environment, ModelReader reader) =>
        new(environment, reader.Json<AudioLoadingEstimator.Options>(Signature + ".json"));

    private MLAudio? Load(string path)
    {
        if (options.Folder is { } folder) path = Path.GetFullPath(path, Path.GetFullPath(folder));
        try
        {
            var limits = AudioReadOptions.Default with { MaxChannels = options.MaxChannels, MaxDuration = options.MaxDuration, Damaged = options.Damaged };
            var audio = MLAudio.CreateFromFile(path, limits);
            if (audio.Notes.Count > 0 && noted.TryAdd(path, audio.Notes))
            {
                using var channel = Host.Start("Load");
                channel.Warning(MessageSensitivity.UserData, "{0}", $"{path}: {string.Join(' ', audio.Notes)}");
            }
            return audio;
        }
        catch (AudioFormatException e) when (options.OnError == AudioErrorHandling.Skip)
        {
            if (skipped.TryAdd(path, e.Message))
            {
                using var channel = Host.Start("Load");
                channel.Warning(MessageSensitivity.UserData, "{0}", $"Skipped, {skipped.Count} so far: {e.Message}");
            }
            return null;
        }
    }

    private sealed class Binding : RowBinding
    {
        private readonly AudioLoadingTransformer owner;
        private readonly DataViewSchema.Column path;

        public Binding(AudioLoadingTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            path = input.Require(owner.options.InputColumnName, "text", type => type is TextDataViewType);
            Added = [new(owner.options.OutputColumnName, new AudioDataViewType())];
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => [path];

        public override void Compute(RowBatch batch)
        {
            var paths = batch.Input<ReadOnlyMemory<char>>(path);
            var audio = batch.Output<MLAudio>(0);
            for (int i = 0; i < batch.Count; i++) audio[i] = owner.Load(paths[i].ToString())!;
        }
    }
}

/// <summary>Makes an <see cref="AudioLoadingTransformer"/>. There is nothing to train.</summary>
public sealed class AudioLoadingEstimator : IEstimator<AudioLoadingTransformer>
{
    /// <summary>Which files are read, and what becomes of those that cannot be.</summary>
    public sealed class Options
    {
        /// <summary>The column that takes the sound.</summary>
        public string OutputColumnName = "Audio";

        /// <summary>The text column that names the files.</summary>
        public string InputColumnName = "Path";

        /// <summary>What relative paths are relative to; the current directory when null.</summary>
        public string? Folder;

        /// <summary>What becomes of a file that cannot be read.</summary>
        public AudioErrorHandling OnError = AudioErrorHandling.Throw;

        /// <summary>Most channels that are mixed down to mono; files with more are an error (see <see cref="AudioReadOptions.MaxChannels"/>).</summary>
        public int MaxChannels = AudioReadOptions.Default.MaxChannels;

        /// <summary>Longest sound that is read; longer files are an error.</summary>
        public TimeSpan MaxDuration = AudioReadOptions.Default.MaxDuration;

        /// <summary>What becomes of a damaged file: it cannot be read (<see cref="OnError"/>), or it is heard up to the damage, and noted.</summary>
        public DamagedAudio Damaged = AudioReadOptions.Default.Damaged;

        internal Options Copy() => (Options)MemberwiseClone();
    }

    private readonly IHostEnvironment environment;
    private readonly Options options;

    internal AudioLoadingEstimator(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (this.environment, this.options) = (environment, options.Copy());
        var errors = new OptionErrors();
        errors.Columns((nameof(Options.OutputColumnName), options.OutputColumnName), (nameof(Options.InputColumnName), options.InputColumnName));
        errors.Require(options.MaxChannels >= 1, $"MaxChannels is {options.MaxChannels}; at least one channel is read.");
        errors.Require(options.MaxDuration > TimeSpan.Zero, $"MaxDuration is {options.MaxDuration}; it is a length.");
        errors.Throw(nameof(AudioLoadingEstimator));
    }

    /// <inheritdoc/>
    public AudioLoadingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        GetOutputSchema(SchemaColumns.Shape(input.Schema));
        return new AudioLoadingTransformer(environment, options);
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        inputSchema.Require(options.InputColumnName, "text", column => column.ItemType is TextDataViewType
            && column.Kind == SchemaShape.Column.VectorKind.Scalar);
        return inputSchema.With(Interop.ShapeColumn(options.OutputColumnName, new AudioDataViewType()));
    }
}
