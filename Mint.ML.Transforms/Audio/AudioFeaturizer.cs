using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.ModelFiles;
using Mint.ML.Native;
using Mint.ML.Training.Data;
using Mint.ML.Transforms.RowMapping;
using static TorchSharp.torch;

namespace Mint.ML.Transforms;

/// <summary>
/// A frozen audio encoder: sound to one vector a frame. The output is a vector of T x E floats, frame after frame, whose length differs by
/// row; its annotation <see cref="FrameWidthAnnotation"/> tells E. A missing sound gives an empty vector.
/// </summary>
/// <remarks>
/// Sound of another rate is resampled to the encoder's. Rows are padded to the longest of their batch, with the padding masked through the
/// whole encoder, so that a row's features do not depend on the rows beside it (save the last bits of floating-point sums).
/// With a cache, each sound goes through the encoder alone, once, and from then on its features are read from the disk; see
/// <see cref="AudioFeaturizer.Options.CacheFolder"/>.
/// </remarks>
public sealed class AudioFeaturizingTransformer : RowMapTransformer, ILoadable<AudioFeaturizingTransformer>
{
    /// <summary>Name of the annotation (Int32) that tells the width E of a frame.</summary>
    public const string FrameWidthAnnotation = "FrameWidth";

    internal const string Signature = "MintAudioFeaturizer";

    private readonly EarModel ear;
    private readonly Columns columns;
    private readonly FrameCacheReference? cache;
    private readonly ConcurrentDictionary<string, string> sources = new(); // the sounds that cache keys were made of

    internal AudioFeaturizingTransformer(IHostEnvironment environment, EarModel ear, Columns columns,
        FrameStore? cache = null)
        : base(environment, nameof(AudioFeaturizingTransformer), columns.BatchSize)
    {
        (this.ear, this.columns) = (ear, columns);
        if (cache is not null) this.cache = new(cache, EntryColumn(columns.OutputColumnName), key => sources.GetValueOrDefault(key, "a clip"));
    }

    /// <summary>Names of columns, and what becomes of the frames.</summary>
    internal sealed record Columns(string OutputColumnName, string InputColumnName, int BatchSize, AudioPooling Pooling = AudioPooling.None,
        ShortAudio Short = ShortAudio.Pad, AudioErrorHandling OnError = AudioErrorHandling.Throw);

    /// <summary>The text column of what a listener should know of each row's sound, as the encoder hears it.</summary>
    internal static string NotesColumn(string output) => output + "Notes";

    /// <summary>With a cache, the text column that tells each row's entry in it.</summary>
    internal static string EntryColumn(string output) => output + "Entry";

    /// <summary>The audio column that it reads.</summary>
    public string InputColumnName => columns.InputColumnName;

    /// <summary>The column of features that it adds.</summary>
    public string OutputColumnName => columns.OutputColumnName;

    /// <summary>Width E of a frame vector.</summary>
    public int FrameWidth => ear.Encoder.HiddenSize;

    /// <summary>What becomes of a clip's frames.</summary>
    public AudioPooling Pooling => columns.Pooling;

    /// <summary>Samples per second that the encoder hears, in Hz.</summary>
    public int SampleRate => ear.Encoder.SampleRate;

    private protected override string LoaderSignature => Signature;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    private protected override void DisposeModel()
    {
        ear.Dispose();
        cache?.Store.Dispose();
    }

    // ML.NET's own trainers read their data in every epoch, and ours once. A program that reads a few columns one after the other is left alone.
    private const int ManyPasses = 10;

    private protected override void Reads(int pass)
    {
        if (pass != ManyPasses || cache is not null) return;
        using var channel = Host.Start("Transform");
        channel.Warning(MessageSensitivity.None, "{0}", $"Column '{OutputColumnName}' is computed for the tenth time, each time by the encoder. Append "
            + "AppendCacheCheckpoint(mlContext) behind FeaturizeAudio, or give it a cache folder, and the sound is encoded once.");
    }

    private protected override void Write(ModelWriter writer)
    {
        writer.Json(Signature + ".json", columns with { BatchSize = BatchSize });
        ear.Write(writer);
    }

    static AudioFeaturizingTransformer ILoadable<AudioFeaturizingTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var columns = reader.Json<Columns>(Signature + ".json");
        return new AudioFeaturizingTransformer(environment, EarModel.Read(environment, reader), columns);
    }

    /// <summary>A sound's entry in the cache, which is made where it is missing, and its frames, flattened, where they are asked for; both empty for a sound
    /// too short for a frame.</summary>
    private (string Key, float[] Frames) Cached(MLAudio sound, FrameStore cache, bool wanted)
    {
        if (Refusal(sound) is not null) return ("", Encode([sound])[0]); // an error, or nothing
        string key = cache.Key(sound.Clip.Samples, sound.SampleRate), source = sound.Name;
        sources.TryAdd(key, source);
        if (wanted && cache.Read(key) is { } stored) return (key, stored);
        if (!wanted && cache.Shape(key) is not null) return (key, []);
        float[] frames = Encode([sound])[0];
        if (frames.Length == 0) return ("", []);
        using var written = tensor(frames, [frames.Length / FrameWidth, FrameWidth]);
        cache.Write(key, written, source);
        return (key, cache.Read(key) ?? frames); // as a later pass will read them
    }

    /// <summary>Frames of each sound, flattened; empty where there is none.</summary>
    private float[][] Encode(IReadOnlyList<MLAudio?> sounds)
    {
        var encoder = ear.Encoder;
        sounds = [.. sounds.Select(Heard)];
        var features = new float[sounds.Count][];
        Array.Fill(features, []);
        int[] rows = [.. Enumerable.Range(0, sounds.Count).Where(row => sounds[row] is not null)];
        if (rows.Length == 0) return features;

        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var encoding = Run();
        using var frames = encoding.Frames.to(ScalarType.Float32).cpu().contiguous();  // (B, T, E)
        using var mask = encoding.Mask.cpu().contiguous();                             // (B, T)
        float[] all = frames.data<float>().ToArray();
        bool[] real = mask.data<bool>().ToArray();
        int length = (int)frames.shape[1], width = (int)frames.shape[2];
        for (int i = 0; i < rows.Length; i++)
        {
            // Real frames need not stand together: windows of a longer sound are each padded.
            int[] kept = [.. Enumerable.Range(0, length).Where(t => real[i * length + t])];
            float[] row = features[rows[i]] = new float[kept.Length * width];
            for (int t = 0; t < kept.Length; t++)
                all.AsSpan((i * length + kept[t]) * width, width).CopyTo(row.AsSpan(t * width));
        }
        return features;

        // A clip that is too short is refused before it goes into the batch, where it would harm the others.
        MLAudio? Heard(MLAudio? sound) => sound is null || Refusal(sound) is null ? sound
            : columns.OnError == AudioErrorHandling.Skip ? null : throw new SoundNotEncodableException($"{sound.Name}: {Refusal(sound)}.");

        AudioEncoding Run()
        {
            try
            {
                return encoder.Encode([.. rows.Select(row => sounds[row]!.Clip)]);
            }
            catch (Exception e) when (e is SoundNotEncodableException || e.IsOutOfMemory())
            {
                // The encoder counts rows of the batch; a user knows files.
                string names = string.Join(", ", rows.Select(row => sounds[row]!.Name).Take(8));
                string batch = $"a batch of {rows.Length} ({names}{(rows.Length > 8 ? ", ..." : "")})";
                if (e is SoundNotEncodableException) throw new SoundNotEncodableException($"The audio encoder refused {batch}: {e.Message}", e);
                throw new OutOfMemoryException($"There is not enough memory to encode {batch}. Lower BatchSize, or cut the sound into shorter files.", e);
            }
        }
    }

    /// <summary>Why a sound is refused; null where it is heard.</summary>
    private string? Refusal(MLAudio sound)
    {
        if (columns.Short == ShortAudio.Pad || IsLong(sound)) return null;
        try
        {
            ear.Encoder.Fit(sound.Clip, columns.Short);
            return null;
        }
        catch (SoundNotEncodableException refused)
        {
            return refused.Message;
        }
    }

    private string Notes(MLAudio? sound) => sound is null ? ""
        : Refusal(sound) ?? string.Join(' ', IsLong(sound) ? sound.Notes : ear.Encoder.Fit(sound.Clip).Notes);

    // Certainly, without resampling it to see.
    private bool IsLong(MLAudio sound) => sound.Duration.TotalSeconds * SampleRate >= ear.Encoder.MinimumSamples + 1;

    private sealed class Binding : RowBinding
    {
        private readonly AudioFeaturizingTransformer owner;
        private readonly DataViewSchema.Column audio;

        public Binding(AudioFeaturizingTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            audio = input.Require(owner.InputColumnName, "audio; append LoadAudio before FeaturizeAudio", type => type is AudioDataViewType);
            DataViewSchema.DetachedColumn notes = new(NotesColumn(owner.OutputColumnName), TextDataViewType.Instance);
            Added = owner.cache is { } cache ? [Features(), notes, new(cache.EntryColumn, TextDataViewType.Instance)] : [Features(), notes];
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive) => [audio];

        public override void Compute(RowBatch batch)
        {
            var sounds = batch.Input<MLAudio?>(audio);
            if (batch.IsActive(1))
            {
                for (int i = 0; i < batch.Count; i++) batch.Output<ReadOnlyMemory<char>>(1)[i] = owner.Notes(sounds[i]).AsMemory();
            }
            if (!batch.IsActive(0) && !(owner.cache is not null && batch.IsActive(2))) return;
            if (owner.cache is { } cache)
            {
                Read(batch, sounds, cache.Store);
                return;
            }
            float[][] encoded = owner.Encode(sounds.ToArray());
            for (int i = 0; i < batch.Count; i++) Give(batch, i, encoded[i]);
        }

        private DataViewSchema.DetachedColumn Features()
        {
            if (owner.Pooling != AudioPooling.None)
                return new(owner.OutputColumnName, new VectorDataViewType(NumberDataViewType.Single, FramePooling.Width(owner.Pooling, owner.FrameWidth)));
            var annotations = new DataViewSchema.Annotations.Builder();
            annotations.AddPrimitiveValue(FrameWidthAnnotation, NumberDataViewType.Int32, owner.FrameWidth);
            SoundReference.AddTo(annotations, audio);
            EncoderReference.AddTo(annotations, owner.ear.Encoder);
            owner.cache?.AddTo(annotations);
            return new(owner.OutputColumnName, new VectorDataViewType(NumberDataViewType.Single), annotations.ToAnnotations());
        }

        private void Give(RowBatch batch, int row, float[] frames)
        {
            if (owner.Pooling != AudioPooling.None) frames = FramePooling.Pool(frames, owner.FrameWidth, owner.Pooling);
            batch.Output<VBuffer<float>>(0)[row] = new VBuffer<float>(frames.Length, frames);
        }

        private void Read(RowBatch batch, ReadOnlySpan<MLAudio?> sounds, FrameStore cache)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                var (key, frames) = sounds[i] is { } sound ? owner.Cached(sound, cache, wanted: batch.IsActive(0)) : ("", []);
                if (batch.IsActive(0)) Give(batch, i, frames);
                if (batch.IsActive(2)) batch.Output<ReadOnlyMemory<char>>(2)[i] = key.AsMemory();
            }
        }
    }
}

/// <summary>Makes an <see cref="AudioFeaturizingTransformer"/>. The encoder is frozen: there is nothing to train.</summary>
public sealed class AudioFeaturizer : StepEstimator<AudioFeaturizingTransformer>
{
    /// <summary>Which encoder, and over what.</summary>
    public sealed class Options
    {
        /// <summary>The column that takes the features. A text column of this name with "Notes" behind it takes what a listener should know of each
        /// sound.</summary>
        public string OutputColumnName = "Features";

        /// <summary>The audio column.</summary>
        public string InputColumnName = "Audio";

        /// <summary>
        /// A Hugging Face folder; empty with <see cref="System"/>: data2vec-audio, wav2vec 2.0, HuBERT, MERT, CLAP, AST or AudioMAE. Its config.json tells
        /// which.
        /// </summary>
        public string Encoder = "";

        /// <summary>A pre-trained system, whose own ear hears, instead of an encoder.</summary>
        public AudioLanguageSystem? System;

        /// <summary>Rows that go through the encoder at once. 16 half-second to ten-second clips fill a CPU's cores and stay small in memory.</summary>
        public int BatchSize = 16;

        /// <summary>
        /// A folder in which the features of each sound are kept, so that it goes through the encoder once, however often the data are read, in this program
        /// and later ones. Trainers then read features from it batch by batch: data may be larger than memory. Another encoder or sound makes other entries;
        /// see <see cref="FrameStore"/>. The data also get a text column, named like the features with "Entry" behind it. A saved model does not keep the
        /// cache. Null, the default, keeps nothing.
        /// </summary>
        public string? CacheFolder;

        /// <summary>
        /// Frames as they are, by default, or a clip as one vector of known size for ML.NET's own trainers, for which a trained bridge is not needed.
        /// </summary>
        public AudioPooling Pooling = AudioPooling.None;

        /// <summary>What becomes of a sound that is shorter than the encoder needs for one frame: silence follows it, by default, and the row's notes say
        /// so.</summary>
        public ShortAudio Short = ShortAudio.Pad;

        /// <summary>With <see cref="ShortAudio.Refuse"/>: whether such a sound is an error, or a row without features.</summary>
        public AudioErrorHandling OnError = AudioErrorHandling.Throw;

        /// <summary>Puts the encoder's files into a saved model instead of referring to them by name and hash.</summary>
        public bool EmbedFrozenModels;

        internal Options Copy() => (Options)MemberwiseClone();
    }

    private readonly Options options;

    internal AudioFeaturizer(IHostEnvironment environment, Options options) : base(environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options.Copy();
        CheckOptions();
    }

    private protected override void Check(OptionErrors errors)
    {
        errors.Columns((nameof(Options.OutputColumnName), options.OutputColumnName), (nameof(Options.InputColumnName), options.InputColumnName));
        if (options.System is null) errors.Encoder(nameof(Options.Encoder), options.Encoder);
        else errors.Require(string.IsNullOrEmpty(options.Encoder), "Encoder and System are both set; one of them hears.");
        if (options.CacheFolder is { } cache)
        {
            errors.Require(!string.IsNullOrWhiteSpace(cache), "CacheFolder is empty; name a folder, or leave it out to keep nothing.");
            errors.Require(!File.Exists(cache), $"CacheFolder: '{cache}' is a file; name a folder.");
        }
        errors.RequireKnown(nameof(Options.Pooling), options.Pooling);
        errors.RequireKnown(nameof(Options.Short), options.Short);
        errors.RequireKnown(nameof(Options.OnError), options.OnError);
        errors.Batch(options.BatchSize);
    }

    private protected override AudioFeaturizingTransformer Make(IDataView input)
    {
        var device = Devices.ForEnvironment(Environment);
        string[] hashed = options.System is { } whole ? whole.Shared.Value.Folders : [options.Encoder];
        var cache = options.CacheFolder is { } kept
            ? new FrameStore(kept, string.Join(' ', hashed.Select(folder => FrameStore.EncoderIdentity(folder, device.type)))) : null;
        try
        {
            var ear = options.System is { } system ? new EarModel(system.Shared.Share())
                : EarModel.Load(options.Encoder, options.EmbedFrozenModels, device);
            return new AudioFeaturizingTransformer(Environment, ear,
                new(options.OutputColumnName, options.InputColumnName, options.BatchSize, options.Pooling, options.Short, options.OnError), cache);
        }
        catch
        {
            cache?.Dispose();
            throw;
        }
    }

    private protected override SchemaShape Shape(SchemaShape input)
    {
        input.Require(options.InputColumnName, "audio; append LoadAudio before FeaturizeAudio", column => column.ItemType is AudioDataViewType);
        var notes = Interop.ShapeColumn(AudioFeaturizingTransformer.NotesColumn(options.OutputColumnName), TextDataViewType.Instance);
        return options.CacheFolder is null ? input.With(Features(), notes)
            : input.With(Features(), notes, Interop.ShapeColumn(AudioFeaturizingTransformer.EntryColumn(options.OutputColumnName), TextDataViewType.Instance));
    }

    private SchemaShape.Column Features()
    {
        if (options.Pooling != AudioPooling.None)
            return Interop.ShapeColumn(options.OutputColumnName, NumberDataViewType.Single, SchemaShape.Column.VectorKind.Vector);
        var width = Interop.ShapeColumn(AudioFeaturizingTransformer.FrameWidthAnnotation, NumberDataViewType.Int32);
        SchemaShape.Column[] always = [width, SoundReference.Shape, EncoderReference.Shape];
        var annotations = new SchemaShape(options.CacheFolder is null ? always : [.. always, FrameCacheReference.Shape]);
        return Interop.ShapeColumn(options.OutputColumnName, NumberDataViewType.Single, SchemaShape.Column.VectorKind.VariableVector, annotations: annotations);
    }
}
