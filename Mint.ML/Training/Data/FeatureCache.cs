using System.Globalization;
using Mint.ML.Audio;
using Mint.ML.Distributed;
using Mint.ML.Encoders;
using Mint.ML.Native;
using static TorchSharp.torch;

namespace Mint.ML.Training.Data;

/// <summary>A frozen encoder's frames of sound files, computed once and kept on the disk, in a <see cref="FrameStore"/>.</summary>
/// <remarks>An entry that is damaged, or that somebody took away, is computed anew when it is read.</remarks>
public sealed class FeatureCache : IFrameSource, IDisposable
{
    private const int Ahead = 8; // files decoded before the encoder asks for them: enough for two slow ones in a row, and megabytes only

    private const long MostAhead = 1 << 25; // samples, 128 MB: hour-long files are not all held at once

    private readonly IReadOnlyList<string> files;
    private readonly IReadOnlyList<string>? places;
    private readonly Action<string> noted;
    private readonly Func<IAudioEncoder> load;
    private readonly FrameStore store;
    private readonly string[] keys;
    private readonly StoredFrames stored;

    /// <summary>Makes sure that there is an entry for every file.</summary>
    /// <param name="folder">The cache; created when it does not exist.</param>
    /// <param name="encoder">Loads the encoder, which is disposed of after use. Called only when a file has no sound entry.</param>
    /// <param name="encoderHash">Tells encoders apart, as <see cref="FrameStore.EncoderIdentity"/> does.</param>
    /// <param name="files">Sound files, clip by clip; at least one.</param>
    /// <param name="options">How to store.</param>
    /// <param name="encoded">Told how many files were encoded, each time one was.</param>
    /// <param name="places">Where each file is named, which errors then say: a manifest's row (<see cref="AudioManifestRow.Place"/>); null for nowhere.</param>
    /// <param name="noted">Told what a listener should know of a file that was encoded, file and sentence.</param>
    /// <param name="cancel">Stops between two files; what is done stays in the cache.</param>
    /// <param name="ranks">Those that need the entries, each of which encodes its part of what is missing: a collective then, with the same files on all. Null:
    /// this process encodes everything.</param>
    /// <exception cref="AudioFormatException">A file cannot be read; the message names it.</exception>
    /// <exception cref="InvalidOperationException">The files' own frames are more than <see cref="FeatureCacheOptions.MaxBytes"/>.</exception>
    /// <exception cref="IOException">Another process has the cache; the message says which.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public FeatureCache(
        string folder, Func<IAudioEncoder> encoder, string encoderHash, IReadOnlyList<string> files, FeatureCacheOptions? options = null,
        IProgress<int>? encoded = null, IReadOnlyList<string>? places = null, Action<string>? noted = null, CancellationToken cancel = default,
        Ranks? ranks = null)
    {
        if (files.Count == 0) throw new ArgumentException("There are no files.", nameof(files));
        if (places is not null && places.Count != files.Count)
        {
            throw new ArgumentException($"There are {files.Count} files and {places.Count} places.",
            nameof(places));
        }

        (this.files, load, keys) = (files, encoder, new string[files.Count]);
        (this.places, this.noted) = (places, noted ?? (_ => { }));
        var all = ranks ?? Ranks.Alone;
        store = all.InTurn(() => new FrameStore(folder, encoderHash, options) { Writers = all.Count }); // a folder's first rank has it; others use it beside
        try
        {
            InOrder(files.Count, Key, (i, key) => keys[i] = key, _ => 0, cancel);
            store.Use(keys);
            if (all.Count > 1) Encode(SharedWork.Part(all, folder, files.Count, Missing), encoded, cancel);
            all.Meet();
            Encode(Missing(), encoded, cancel); // of ranks, nothing: unless a network disk does not show yet what another one wrote
            EncodedBy = [.. all.Gather(Encoded.ToString(CultureInfo.InvariantCulture))
                .Select(count => int.Parse(count, CultureInfo.InvariantCulture))];
            if (all.Count > 1) store.Use([]); // the others' entries count too
            stored = new StoredFrames(store, keys, files, Again);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Files for which the encoder had to be called, by this process.</summary>
    public int Encoded { get; private set; }

    /// <summary>The same of each rank; of one process, <see cref="Encoded"/>.</summary>
    public IReadOnlyList<int> EncodedBy { get; }

    /// <inheritdoc/>
    public int Count => files.Count;

    /// <inheritdoc/>
    public int HiddenSize => stored.HiddenSize;

    /// <inheritdoc/>
    public string Identity => stored.Identity;

    /// <inheritdoc/>
    public long Frames(int clip) => stored.Frames(clip);

    /// <inheritdoc/>
    public string Name(int clip) => files[clip];

    /// <inheritdoc/>
    public string Place(int clip) => places is null ? files[clip] : $"{places[clip]} ({files[clip]})";

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">An entry was damaged, and the sound file is no longer what it was either; or it holds a number that is not
    /// finite.</exception>
    public AudioEncoding Read(IReadOnlyList<int> clips) => stored.Read(clips);

    /// <summary>Lets other processes have the folder. Without it they are kept out until this process ends.</summary>
    public void Dispose() => store.Dispose();

    private AudioReadOptions Reading => AudioReadOptions.Default with { Damaged = store.Options.Hearing.Damaged, ReadPipes = false };

    private string Key(int clip) => Named(clip, () =>
    {
        using var stream = AudioFile.Open(files[clip], Reading);
        return store.Key(stream);
    });

    private AudioClip Hear(IAudioEncoder encoder, int clip) => Named(clip, () =>
    {
        var sound = AudioFile.Read(files[clip], Reading with { SampleRate = encoder.SampleRate });
        try
        {
            return encoder.Fit(sound, store.Options.Hearing.Short);
        }
        catch (SoundNotEncodableException e)
        {
            throw new AudioFormatException(files[clip], e.Message, "Leave it out, give a longer sound, or have it padded.", e);
        }
    });

    /// <summary>Whatever is wrong with a clip says which row of which manifest names it.</summary>
    private T Named<T>(int clip, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (AudioFormatException e) when (places is not null)
        {
            throw e.At(places[clip]);
        }
    }

    private void Again(int clip)
    {
        using var encoder = load();
        Encode(encoder, clip, Hear(encoder, clip).Samples);
    }

    // The first clip of every sound without an entry.
    private int[] Missing() => [.. Enumerable.Range(0, files.Count).DistinctBy(i => keys[i]).Where(i => store.Shape(keys[i]) is null)];

    private void Encode(int[] missing, IProgress<int>? encoded, CancellationToken cancel)
    {
        if (missing.Length == 0) return;
        using var encoder = load();
        InOrder(missing.Length, i => Hear(encoder, missing[i]), (i, sound) =>
        {
            foreach (string note in sound.Notes) noted($"{places?[missing[i]] ?? files[missing[i]]}: {note}");
            Encode(encoder, missing[i], sound.Samples);
            Encoded++;
            encoded?.Report(Encoded);
        }, sound => sound.Samples.Length, cancel);
    }

    private void Encode(IAudioEncoder encoder, int clip, float[] samples)
    {
        using var frames = Named(clip, () => Frames(encoder, clip, samples));
        if (frames.shape[0] == 0)
            throw new AudioFormatException(files[clip], "the encoder has no frame of it", "Leave it out, or give a longer sound.").At(places?[clip]);
        store.Write(keys[clip], frames, files[clip]);
    }

    private Tensor Frames(IAudioEncoder encoder, int clip, float[] samples)
    {
        try
        {
            return FrameStore.Encode(encoder, samples);
        }
        catch (SoundNotEncodableException error)
        {
            throw new AudioFormatException(files[clip], error.Message.TrimEnd('.'), "Leave it out, or give a longer sound.", error);
        }
        catch (Exception error) when (error.IsOutOfMemory())
        {
            throw new AudioFormatException(files[clip], "to encode it takes more memory than is left", OutOfMemory.Advice, error);
        }
    }

    /// <summary>Prepares items on other threads, a few ahead, and uses them one by one in order on this one.</summary>
    /// <param name="count">Items.</param>
    /// <param name="prepare">Prepares one.</param>
    /// <param name="use">Uses one.</param>
    /// <param name="weight">Memory that a prepared one holds; beyond <see cref="MostAhead"/> no more are begun.</param>
    /// <param name="cancel">Stops between two.</param>
    private static void InOrder<T>(int count, Func<int, T> prepare, Action<int, T> use, Func<T, long> weight, CancellationToken cancel)
    {
        var ahead = new Queue<Task<T>>();
        bool Room() => ahead.Count(task => !task.IsCompleted) < Environment.ProcessorCount
            && ahead.Where(task => task.IsCompletedSuccessfully).Sum(task => weight(task.Result)) < MostAhead;
        try
        {
            for (int started = 0, i = 0; i < count; i++)
            {
                for (; started < count && (ahead.Count == 0 || ahead.Count < Ahead && Room()); started++)
                {
                    int item = started;
                    ahead.Enqueue(Task.Run(() => prepare(item)));
                }
                cancel.ThrowIfCancellationRequested();
                use(i, ahead.Dequeue().GetAwaiter().GetResult());
            }
        }
        finally
        {
            // What was begun beyond the end has no bearing on it, but must not go on behind the caller's back.
            Task.WhenAll(ahead).ContinueWith(all => all.Exception, TaskScheduler.Default).Wait(CancellationToken.None);
        }
    }
}
