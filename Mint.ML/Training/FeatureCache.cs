using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Mint.ML.Audio;
using Mint.ML.Models;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>How <see cref="FeatureCache"/> stores frames.</summary>
public sealed record FeatureCacheOptions
{
    /// <summary>Whether frames are stored as bfloat16: half the space, three digits. Default false: float32, as the encoder gave them.</summary>
    public bool BFloat16 { get; init; }

    /// <summary>Most bytes the folder may hold: 50 GB. Beyond it, entries of other data go, the longest unused first.</summary>
    public long MaxBytes { get; init; } = 50_000_000_000;
}

/// <summary>A frozen encoder's frames of sound files, computed once and kept on the disk.</summary>
/// <remarks>
/// An entry is a safetensors file named by the SHA-256 of the sound file's bytes, the encoder and the storage type: whatever changes one of them
/// makes another entry. Entries are written beside and renamed, so any number of processes may share a folder. They are mapped when they are read, and
/// their checksum is computed on the way, the first time; one that is wrong, or that another process took away, is computed anew.
/// Sound goes through the encoder file by file: rows of a batch may differ in their last bits from rows alone, and an entry must not depend on its neighbours.
/// </remarks>
public sealed class FeatureCache : IFrameSource
{
    private const int Ahead = 8; // files decoded before the encoder asks for them: enough for two slow ones in a row, and megabytes only

    private readonly IReadOnlyList<string> files;
    private readonly Func<IAudioEncoder> load;
    private readonly string folder;
    private readonly FeatureCacheOptions options;
    private readonly string[] entries;
    private readonly long[] frames;
    private readonly bool[] verified;

    /// <summary>Makes sure that there is an entry for every file.</summary>
    /// <param name="folder">The cache; created when it does not exist.</param>
    /// <param name="encoder">Loads the encoder, which is disposed of after use. Called only when a file has no sound entry.</param>
    /// <param name="encoderHash">Tells encoders apart, as <see cref="HashFolder"/> gives it.</param>
    /// <param name="files">Sound files, clip by clip; at least one.</param>
    /// <param name="options">How to store.</param>
    /// <param name="encoded">Told how many files were encoded, each time one was.</param>
    /// <param name="cancel">Stops between two files; what is done stays in the cache.</param>
    /// <exception cref="AudioFormatException">A file cannot be read; the message names it.</exception>
    /// <exception cref="InvalidOperationException">The files' own frames are more than <see cref="FeatureCacheOptions.MaxBytes"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public FeatureCache(
        string folder, Func<IAudioEncoder> encoder, string encoderHash, IReadOnlyList<string> files, FeatureCacheOptions? options = null,
        IProgress<int>? encoded = null, CancellationToken cancel = default)
    {
        if (files.Count == 0) throw new ArgumentException("There are no files.", nameof(files));
        (this.folder, this.files, load, this.options) = (folder, files, encoder, options ?? new FeatureCacheOptions());
        (entries, frames, verified) = (new string[files.Count], new long[files.Count], new bool[files.Count]);
        Directory.CreateDirectory(folder);
        string context = $"mint frames 1\n{encoderHash}\n{(this.options.BFloat16 ? "bf16" : "f32")}\n";
        InOrder(files.Count, i => Path.Combine(folder, Key(context, files[i]) + ".safetensors"), (i, entry) => entries[i] = entry, cancel);

        long room = Trim();
        var shapes = entries.Select(FrameEntry.Shape).ToArray();
        int[] missing = [.. Enumerable.Range(0, files.Count).Where(i => shapes[i] is null)];
        if (missing.Length > 0) Encode(missing, shapes, room, encoded, cancel);
        HiddenSize = shapes[0]!.Value.Width;
        for (int i = 0; i < files.Count; i++)
        {
            (frames[i], int width) = shapes[i]!.Value;
            if (width != HiddenSize)
                throw new InvalidOperationException($"{entries[i]}, the cache's entry of {files[i]}, has frames {width} wide, and the others {HiddenSize}: an encoder hash stands for two encoders. Delete the cache {folder}.");
        }
    }

    /// <summary>Files for which the encoder had to be called.</summary>
    public int Encoded { get; private set; }

    /// <inheritdoc/>
    public int Count => files.Count;

    /// <inheritdoc/>
    public int HiddenSize { get; }

    /// <inheritdoc/>
    public string Identity => RunFolder.Hash(entries.Select(entry => Path.GetFileName(entry)));

    /// <inheritdoc/>
    public long Frames(int clip) => frames[clip];

    /// <inheritdoc/>
    public string Name(int clip) => files[clip];

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">An entry was damaged, and the sound file is no longer what it was either.</exception>
    public AudioEncoding Read(IReadOnlyList<int> clips)
    {
        long longest = clips.Max(Frames);
        var batch = zeros(clips.Count, longest, HiddenSize);
        var mask = zeros(clips.Count, longest, dtype: ScalarType.Bool);
        for (int row = 0; row < clips.Count; row++)
        {
            int clip = clips[row], start = (int)(row * longest);
            Read(clip, MemoryMarshal.Cast<byte, float>(batch.bytes).Slice(start * HiddenSize, (int)frames[clip] * HiddenSize));
            mask.bytes.Slice(start, (int)frames[clip]).Fill(1);
        }
        return new AudioEncoding(batch, mask);
    }

    /// <summary>SHA-256 of a model folder's configuration and weights.</summary>
    public static string HashFolder(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string path in Directory.EnumerateFiles(folder).Where(path => Path.GetExtension(path) is ".json" or ".safetensors" or ".bin").Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetFileName(path)));
            using var stream = File.OpenRead(path);
            hash.AppendData(SHA256.HashData(stream));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void Read(int clip, Span<float> values)
    {
        if (FrameEntry.TryRead(entries[clip], values, check: !verified[clip])) verified[clip] = true;
        else
        {
            using var encoder = load();
            using var again = Encode(encoder, files[clip], AudioFile.Read(files[clip], encoder.SampleRate).Samples);
            FrameEntry.Write(entries[clip], again);
            if (!FrameEntry.TryRead(entries[clip], values, check: true))
                throw new InvalidDataException($"{entries[clip]}, the cache's entry of {files[clip]}, was damaged and cannot be made again as it was: the sound file or the encoder has changed since this run began.");
        }
    }

    private static string Key(string context, string file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(context));
        using var stream = File.OpenRead(file);
        hash.AppendData(SHA256.HashData(stream));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void Encode(int[] missing, (long, int)?[] shapes, long room, IProgress<int>? encoded, CancellationToken cancel)
    {
        using var encoder = load();
        int rate = encoder.SampleRate;
        InOrder(missing.Length, i => AudioFile.Read(files[missing[i]], rate).Samples, (i, samples) =>
        {
            int clip = missing[i];
            shapes[clip] = FrameEntry.Shape(entries[clip]); // a copy of the same sound stood before it, or another process was faster
            if (shapes[clip] is not null) return;
            using var kept = Encode(encoder, files[clip], samples);
            FrameEntry.Write(entries[clip], kept);
            if ((room -= new FileInfo(entries[clip]).Length) < 0) room = Trim();
            shapes[clip] = (kept.shape[0], (int)kept.shape[1]);
            Encoded++;
            encoded?.Report(Encoded);
        }, cancel);
    }

    private Tensor Encode(IAudioEncoder encoder, string file, float[] samples)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var waveform = tensor(samples, [1, samples.Length], device: encoder.Device);
        using var encoding = encoder.Encode(waveform, tensor(new[] { (long)samples.Length }, device: encoder.Device));
        long count = encoding.Mask.sum().cpu().item<long>();
        if (count == 0) throw new AudioFormatException(file, "it is too short for one frame of the encoder", "Leave it out, or give a longer sound.");
        return encoding.Frames[0].narrow(0, 0, count).to(options.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32).cpu().contiguous().MoveToOuterDisposeScope(); // (T, E)
    }

    /// <summary>Prepares items on other threads, a few ahead, and uses them one by one in order on this one.</summary>
    private static void InOrder<T>(int count, Func<int, T> prepare, Action<int, T> use, CancellationToken cancel)
    {
        var ahead = new Queue<Task<T>>();
        try
        {
            for (int started = 0, i = 0; i < count; i++)
            {
                for (; started < count && ahead.Count < Ahead; started++)
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

    /// <summary>Makes the folder small enough again; returns the bytes that may still be added.</summary>
    private long Trim()
    {
        long most = options.MaxBytes;
        var used = entries.Select(Path.GetFullPath).ToHashSet();
        foreach (string entry in used) Try(() => File.SetLastWriteTimeUtc(entry, DateTime.UtcNow)); // when it was last of use
        foreach (var left in new DirectoryInfo(folder).GetFiles("*.tmp").Where(file => file.LastWriteTimeUtc < DateTime.UtcNow.AddDays(-1))) Try(left.Delete); // of a killed process
        var stored = new DirectoryInfo(folder).GetFiles("*.safetensors").OrderBy(file => file.LastWriteTimeUtc).ToList();
        long own = stored.Where(file => used.Contains(file.FullName)).Sum(file => file.Length), bytes = stored.Sum(file => file.Length);
        if (own > most)
            throw new InvalidOperationException($"The frames of {files.Count} files take more than the {most:N0} bytes that the cache {folder} may hold. Raise MaxBytes, or store them as bfloat16.");
        foreach (var file in stored.Where(file => !used.Contains(file.FullName)).TakeWhile(_ => bytes > most))
        {
            bytes -= file.Length;
            Try(file.Delete);
        }
        return most - bytes;

        // Another process may be reading it, or have taken it away.
        static void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
            }
        }
    }
}
