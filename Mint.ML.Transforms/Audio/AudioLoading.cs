using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>What becomes of a sound that cannot be read.</summary>
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

/// <summary>Reads sound, when the values are asked for: files that a text column names, the bytes of files, or samples.</summary>
public sealed class AudioLoadingTransformer : RowMapTransformer, ILoadable<AudioLoadingTransformer>
{
    internal const string Signature = "MintAudioLoader";

    /// <summary>Most sounds that are remembered by name, in <see cref="Skipped"/> and in <see cref="Noted"/>: a server may meet millions of bad ones.</summary>
    internal const int MostRemembered = 1000;

    // As many as FeaturizeAudio holds at once: the cores share them out, and none waits for the slowest of a few.
    private const int FilesAhead = 16;

    private readonly AudioLoadingEstimator.Options options;
    private readonly ConcurrentDictionary<string, string> skipped = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> noted = new();
    private long skippedRows;

    internal AudioLoadingTransformer(IHostEnvironment environment, AudioLoadingEstimator.Options options)
        : base(environment, nameof(AudioLoadingTransformer), batchSize: FilesAhead) => this.options = options;

    /// <summary>
    /// The first 1,000 files that could not be read, each with the reason; empty unless errors are skipped. A file counts once, however often it is met.
    /// Sound that is no file stands under its column's name.
    /// </summary>
    public IReadOnlyDictionary<string, string> Skipped => skipped;

    /// <summary>How often sound could not be read so far, by rows.</summary>
    public long SkippedRows => Interlocked.Read(ref skippedRows);

    /// <summary>The first 1,000 files that were heard with notes ("heard as far as it goes, ..."); each is a warning in the log as well.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Noted => noted;

    /// <summary>The text column beside the sound: what a listener should know of it ("heard as far as it goes, ..."), or why there is none; mostly
    /// empty.</summary>
    internal static string NotesColumn(string output) => output + "Notes";

    private protected override string LoaderSignature => Signature;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    private protected override void Write(ModelWriter writer) => writer.Json(Signature + ".json", options);

    static AudioLoadingTransformer ILoadable<AudioLoadingTransformer>.Read(IHostEnvironment environment, ModelReader reader) =>
        new(environment, reader.Json<AudioLoadingEstimator.Options>(Signature + ".json"));

    private AudioReadOptions Limits => AudioReadOptions.Default with
    {
        MaxChannels = options.MaxChannels,
        MaxDuration = options.MaxDuration,
        Damaged = options.Damaged,
        ReadPipes = false
    };

    // What no file system takes, .NET makes no full path of: it is told as a file that cannot be opened.
    private string FullPath(string path) => options.Folder is { } folder && path.Length > 0 && !path.Contains('\0')
        ? Path.GetFullPath(path, Path.GetFullPath(folder)) : path;

    /// <summary>A sound; null where it cannot be read and errors are skipped.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="places">Where a manifest names it.</param>
    /// <param name="notes">Takes what a listener should know, or why there is no sound.</param>
    private MLAudio? Load(string name, Func<MLAudio> read, ManifestPlaces? places, out string notes)
    {
        notes = "";
        try
        {
            var audio = read();
            notes = string.Join(' ', audio.Notes);
            if (audio.Notes.Count > 0 && noted.Count < MostRemembered && noted.TryAdd(name, audio.Notes)) Warn($"{name}: {string.Join(' ', audio.Notes)}");
            return audio;
        }
        catch (AudioFormatException bad)
        {
            var e = bad.At(places?[name]);
            if (options.OnError != AudioErrorHandling.Skip) throw e;
            notes = e.Message;
            Interlocked.Increment(ref skippedRows);
            if (skipped.Count < MostRemembered && skipped.TryAdd(name, e.Message))
                Warn($"Skipped, {skipped.Count} so far: {e.Message}{(skipped.Count == MostRemembered ? " Further ones are counted, not named." : "")}");
            return null;
        }
    }

    private void Warn(string message)
    {
        using var channel = Host.Start("Load");
        channel.Warning(MessageSensitivity.UserData, "{0}", message);
    }

    private sealed class Binding : RowBinding
    {
        private readonly AudioLoadingTransformer owner;
        private readonly DataViewSchema.Column input;
        private readonly DataViewSchema.Column? rate;
        private readonly ManifestPlaces? places;

        public Binding(AudioLoadingTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            var options = owner.options;
            this.input = input.Require(options.InputColumnName, AudioLoadingEstimator.Expected,
                type => type is TextDataViewType or AudioDataViewType || AudioLoadingEstimator.IsVectorOf(type, NumberDataViewType.Byte,
                    NumberDataViewType.Single));
            if (AudioLoadingEstimator.IsVectorOf(this.input.Type, NumberDataViewType.Single))
            {
                if (options.SampleRateColumnName is { } name)
                {
                    rate = input.Require(name, "Int32, samples per second", type => type == NumberDataViewType.Int32);
                }
                else if (options.SampleRate is null)
                {
                    throw new ArgumentOutOfRangeException(nameof(input),
                    AudioLoadingEstimator.NoRate(options.InputColumnName));
                }
            }
            places = ManifestPlaces.Find(this.input);
            Added = [new(options.OutputColumnName, new AudioDataViewType()), new(NotesColumn(options.OutputColumnName), TextDataViewType.Instance)];
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => rate is { } column ? [input, column] : [input];

        public override void Compute(RowBatch batch)
        {
            // A file a core: decoding is one thread's work.
            var read = new (MLAudio? Audio, string Notes)[batch.Count];
            Parallel.For(0, batch.Count, i =>
            {
                try
                {
                    read[i] = (Row(batch, i, out string notes), notes);
                }
                catch (Exception e)
                {
                    batch.Fail(i, e);
                }
            });
            for (int i = 0; i < batch.Count; i++)
            {
                if (batch.IsActive(0)) batch.Output<MLAudio?>(0)[i] = read[i].Audio;
                if (batch.IsActive(1)) batch.Output<ReadOnlyMemory<char>>(1)[i] = read[i].Notes.AsMemory();
            }
        }

        private MLAudio? Row(RowBatch batch, int i, out string notes)
        {
            if (input.Type is AudioDataViewType)
            {
                var given = batch.Input<MLAudio?>(input)[i];
                notes = string.Join(' ', given?.Notes ?? []);
                return given;
            }
            if (input.Type is TextDataViewType)
            {
                string path = owner.FullPath(batch.Input<ReadOnlyMemory<char>>(input)[i].ToString());
                if (path.Length == 0) return owner.Load($"column '{input.Name}'", () => throw NoPath(), null, out notes);
                return owner.Load(path, () => MLAudio.CreateFromFile(path, owner.Limits, places), places, out notes);
            }
            if (AudioLoadingEstimator.IsVectorOf(input.Type, NumberDataViewType.Byte))
            {
                string name = $"the bytes of column '{input.Name}'";
                byte[] bytes = [.. batch.Input<VBuffer<byte>>(input)[i].DenseValues()];
                return owner.Load(name, () => MLAudio.CreateFromStream(new MemoryStream(bytes), name, owner.Limits), null, out notes);
            }
            float[] samples = [.. batch.Input<VBuffer<float>>(input)[i].DenseValues()];
            int hertz = rate is { } column ? batch.Input<int>(column)[i] : owner.options.SampleRate!.Value;
            return owner.Load($"the samples of column '{input.Name}'", () => Samples(samples, hertz), null, out notes);
        }

        private AudioFormatException NoPath() => new($"column '{input.Name}'", "the path is empty", "Name a sound file, or leave the row out.");

        private MLAudio Samples(float[] samples, int hertz)
        {
            string name = $"the samples of column '{input.Name}'";
            const string Advice = "Give mono samples where full scale is 1, and their rate.";
            if (hertz > 0 && samples.Length / (double)hertz > owner.options.MaxDuration.TotalSeconds)
            {
                throw new AudioFormatException(name, $"they last {samples.Length / (double)hertz:F1} s, longer than MaxDuration, {owner.options.MaxDuration}",
                    Advice);
            }

            try
            {
                return MLAudio.Create(samples, hertz);
            }
            catch (ArgumentException e)
            {
                throw new AudioFormatException(name, e.Message, Advice, e);
            }
        }
    }
}

/// <summary>Makes an <see cref="AudioLoadingTransformer"/>. There is nothing to train.</summary>
public sealed class AudioLoadingEstimator : StepEstimator<AudioLoadingTransformer>
{
    internal const string Expected = "text that names files, a vector of Byte that is a file, a vector of Single that holds samples, or audio";

    /// <summary>Which sound is read, and what becomes of that which cannot be.</summary>
    public sealed class Options
    {
        /// <summary>The column that takes the sound. A text column of this name with "Notes" behind it takes what a listener should know, or why there is
        /// none.</summary>
        public string OutputColumnName = "Audio";

        /// <summary>
        /// Where the sound is: a text column names files, a vector of Byte holds the bytes of a file, a vector of Single the samples. A column of audio
        /// (<see cref="MLAudio"/>) is passed on, so that a pipeline made for files takes sound that was read elsewhere.
        /// </summary>
        public string InputColumnName = "Path";

        /// <summary>What relative paths are relative to; the current directory when null.</summary>
        public string? Folder;

        /// <summary>Samples per second of samples, in Hz; null where there are none, or <see cref="SampleRateColumnName"/> tells.</summary>
        public int? SampleRate;

        /// <summary>The Int32 column of the rate of each row's samples; null where <see cref="SampleRate"/> tells.</summary>
        public string? SampleRateColumnName;

        /// <summary>What becomes of a sound that cannot be read.</summary>
        public AudioErrorHandling OnError = AudioErrorHandling.Throw;

        /// <summary>Most channels that are mixed down to mono; files with more are an error (see <see cref="AudioReadOptions.MaxChannels"/>).</summary>
        public int MaxChannels = AudioReadOptions.Default.MaxChannels;

        /// <summary>Longest sound that is read; longer ones are an error.</summary>
        public TimeSpan MaxDuration = AudioReadOptions.Default.MaxDuration;

        /// <summary>What becomes of a damaged file: it cannot be read (<see cref="OnError"/>), or it is heard up to the damage, and noted.</summary>
        public DamagedAudio Damaged = AudioReadOptions.Default.Damaged;

        internal Options Copy() => (Options)MemberwiseClone();
    }

    private readonly Options options;

    internal AudioLoadingEstimator(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
    }

    private protected override void Check(OptionErrors errors)
    {
        errors.Columns((nameof(Options.OutputColumnName), options.OutputColumnName), (nameof(Options.InputColumnName), options.InputColumnName));
        errors.Require(options.Folder is null || Directory.Exists(options.Folder),
            options.Folder is "" ? "Folder is empty; leave it out for the current directory." : $"Folder: there is no folder '{options.Folder}'.");
        errors.RequireKnown(nameof(Options.OnError), options.OnError);
        errors.RequireKnown(nameof(Options.Damaged), options.Damaged);
        errors.Require(options.MaxChannels >= 1, $"MaxChannels is {options.MaxChannels}; at least one channel is read.");
        errors.Require(options.MaxDuration > TimeSpan.Zero, $"MaxDuration is {options.MaxDuration}; it is a length.");
        errors.Require(options.SampleRate is null or (>= 1 and <= Resampler.MaxRate),
            $"SampleRate is {options.SampleRate}; expected 1 to {Resampler.MaxRate} Hz.");
        errors.Require(options.SampleRate is null || options.SampleRateColumnName is null,
            "SampleRate and SampleRateColumnName are both set; one of them tells the rate.");
    }

    private protected override AudioLoadingTransformer Make(IDataView input) => new(Environment, options);

    private protected override SchemaShape Shape(SchemaShape input)
    {
        bool IsVector(SchemaShape.Column column, DataViewType item) => column.ItemType == item && column.Kind != SchemaShape.Column.VectorKind.Scalar
            && !column.IsKey;
        var sound = input.Require(options.InputColumnName, Expected, column => SchemaColumns.IsText(column) || column.ItemType is AudioDataViewType
            || IsVector(column, NumberDataViewType.Byte) || IsVector(column, NumberDataViewType.Single));
        if (IsVector(sound, NumberDataViewType.Single))
        {
            if (options.SampleRateColumnName is { } name)
            {
                input.Require(name, "Int32, samples per second", column => column.ItemType == NumberDataViewType.Int32
                    && column.Kind == SchemaShape.Column.VectorKind.Scalar);
            }
            else if (options.SampleRate is null)
            {
                throw new ArgumentOutOfRangeException(nameof(input), NoRate(options.InputColumnName));
            }
        }
        return input.With(Interop.ShapeColumn(options.OutputColumnName, new AudioDataViewType()),
            Interop.ShapeColumn(AudioLoadingTransformer.NotesColumn(options.OutputColumnName), TextDataViewType.Instance));
    }

    internal static bool IsVectorOf(DataViewType type, params DataViewType[] items) => type is VectorDataViewType vector && items.Contains(vector.ItemType);

    internal static string NoRate(string column) =>
        $"Column '{column}' holds samples: name their rate in SampleRate, or the column that tells it in SampleRateColumnName.";
}
