using System.Security.Cryptography;
using System.Text;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
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
/// makes another entry. Entries are written beside and renamed, so any number of processes may share a folder; one whose checksum is wrong is computed anew.
/// </remarks>
public sealed class FeatureCache : IFrameSource
{
    private const string Frame = "frames", Sum = "sha256";

    private readonly IReadOnlyList<string> files;
    private readonly string[] entries;
    private readonly long[] frames;

    /// <summary>Makes sure that there is an entry for every file.</summary>
    /// <param name="folder">The cache; created when it does not exist.</param>
    /// <param name="encoder">Called for files without an entry only.</param>
    /// <param name="encoderHash">Tells encoders apart, as <see cref="HashFolder"/> gives it.</param>
    /// <param name="files">Sound files, clip by clip.</param>
    /// <param name="options">How to store.</param>
    /// <param name="encoded">Told how many files were encoded, each time one was.</param>
    /// <param name="cancel">Stops between two files; what is done stays in the cache.</param>
    /// <exception cref="AudioFormatException">A file cannot be read; the message names it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public FeatureCache(
        string folder, IAudioEncoder encoder, string encoderHash, IReadOnlyList<string> files, FeatureCacheOptions? options = null,
        IProgress<int>? encoded = null, CancellationToken cancel = default)
    {
        options ??= new FeatureCacheOptions();
        (this.files, HiddenSize, entries, frames) = (files, encoder.HiddenSize, new string[files.Count], new long[files.Count]);
        Directory.CreateDirectory(folder);
        string context = $"mint frames 1\n{encoderHash}\n{(options.BFloat16 ? "bf16" : "f32")}\n";
        for (int i = 0; i < files.Count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            entries[i] = Path.Combine(folder, Key(context, files[i]) + ".safetensors");
            if (Check(entries[i]) is not { } count)
            {
                count = Encode(encoder, files[i], entries[i], options.BFloat16);
                Encoded++;
                encoded?.Report(Encoded);
            }
            frames[i] = count;
        }
        Trim(folder, options.MaxBytes);
    }

    /// <summary>Files for which the encoder had to be called.</summary>
    public int Encoded { get; private set; }

    /// <inheritdoc/>
    public int Count => files.Count;

    /// <inheritdoc/>
    public int HiddenSize { get; }

    /// <inheritdoc/>
    public long Frames(int clip) => frames[clip];

    /// <inheritdoc/>
    public string Name(int clip) => files[clip];

    /// <inheritdoc/>
    public AudioEncoding Read(IReadOnlyList<int> clips)
    {
        long longest = clips.Max(Frames);
        var batch = zeros(clips.Count, longest, HiddenSize);
        var mask = zeros(clips.Count, longest, dtype: ScalarType.Bool);
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        for (int row = 0; row < clips.Count; row++)
        {
            using var file = SafetensorsFile.Open(entries[clips[row]]);
            file.ReadInto(Frame, batch[row].narrow(0, 0, Frames(clips[row])));
            mask[row].narrow(0, 0, Frames(clips[row])).fill_(true);
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

    private static string Key(string context, string file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(context));
        using var stream = File.OpenRead(file);
        hash.AppendData(SHA256.HashData(stream));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static long Encode(IAudioEncoder encoder, string file, string entry, bool bfloat16)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        float[] samples = AudioFile.Read(file, encoder.SampleRate).Samples;
        var waveform = tensor(samples, [1, samples.Length], device: encoder.Device);
        using var encoding = encoder.Encode(waveform, tensor(new[] { (long)samples.Length }, device: encoder.Device));
        long count = encoding.Mask.sum().cpu().item<long>();
        if (count == 0) throw new AudioFormatException(file, "it is too short for one frame of the encoder", "Leave it out, or give a longer sound.");
        var kept = encoding.Frames[0].narrow(0, 0, count).to(bfloat16 ? ScalarType.BFloat16 : ScalarType.Float32).cpu().contiguous(); // (T, E)
        Safetensors.Write(entry, new Dictionary<string, Tensor> { [Frame] = kept }, new Dictionary<string, string> { [Sum] = Checksum(kept) });
        return count;
    }

    /// <summary>Frames of a sound entry; null when there is none.</summary>
    private long? Check(string entry)
    {
        if (!File.Exists(entry)) return null;
        try
        {
            using var scope = NewDisposeScope();
            using var file = SafetensorsFile.Open(entry);
            var stored = file.Read(Frame);
            if (stored.ndim != 2 || stored.shape[1] != HiddenSize || file.Metadata.GetValueOrDefault(Sum) != Checksum(stored)) return null;
            File.SetLastWriteTimeUtc(entry, DateTime.UtcNow);   // when it was last of use, for Trim
            return stored.shape[0];
        }
        catch (Exception error) when (error is IOException or InvalidDataException or KeyNotFoundException)
        {
            return null;    // damaged, or taken away by another process meanwhile
        }
    }

    private static string Checksum(Tensor frames) => Convert.ToHexStringLower(SHA256.HashData(frames.bytes));

    private void Trim(string folder, long most)
    {
        var used = entries.Select(Path.GetFullPath).ToHashSet();
        var stored = new DirectoryInfo(folder).GetFiles("*.safetensors").OrderBy(file => file.LastWriteTimeUtc).ToList();
        long bytes = stored.Sum(file => file.Length);
        foreach (var file in stored.Where(file => !used.Contains(file.FullName)).TakeWhile(_ => bytes > most))
        {
            bytes -= file.Length;
            file.Delete();
        }
    }
}
