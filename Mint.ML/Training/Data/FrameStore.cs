using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Training.Data;

/// <summary>How frames are stored.</summary>
public sealed record FeatureCacheOptions
{
    /// <summary>Whether frames are stored as bfloat16: half the space, three digits. Default false: float32, as the encoder gave them.</summary>
    public bool BFloat16 { get; init; }

    /// <summary>Most bytes the folder may hold: 50 GB. Beyond it, entries of other data go, the longest unused first.</summary>
    public long MaxBytes { get; init; } = 50_000_000_000;

    /// <summary>What becomes of sound that is damaged or too short. Entries are kept apart by it.</summary>
    public HearingOptions Hearing { get; init; } = HearingOptions.Default;
}

/// <summary>A folder of a frozen encoder's frames, clip by clip, each under a key of all that it was made of.</summary>
/// <remarks>
/// An entry is a safetensors file named by the SHA-256 of the sound, the encoder's files, device and precision, the storage type and the version of this
/// library: whatever changes
/// one of them makes another entry. Entries are written beside and renamed. One process at a time has the folder, until it disposes of its stores or
/// ends; ranks that mpirun started have it together. What
/// an entry holds is checked when it is first read: one that is damaged counts as missing, one with a number that is not finite is an error.
/// </remarks>
public sealed partial class FrameStore : IDisposable
{
    private static readonly TimeSpan Forgotten = TimeSpan.FromDays(1); // an entry that is being written so long is of a killed process

    private readonly Lock gate = new();
    private readonly FolderLock? held;
    private readonly byte[] context;
    private readonly HashSet<string> used = [];
    private readonly ConcurrentDictionary<string, bool> verified = new();
    private long? room;

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">Created when it does not exist.</param>
    /// <param name="encoderHash">Tells encoders apart, as <see cref="EncoderIdentity"/> does.</param>
    /// <param name="options">How to store.</param>
    /// <exception cref="IOException">Another process has the folder.</exception>
    public FrameStore(string folder, string encoderHash, FeatureCacheOptions? options = null)
    {
        (Folder, Options) = (folder, options ?? new FeatureCacheOptions());
        // The number is raised by whoever changes what an encoder or a resampler computes between two versions of the library.
        context =
            Encoding.UTF8.GetBytes($"mint frames 2\n{typeof(FrameStore).Assembly.GetName().Version}\n{encoderHash}\n{(Options.BFloat16 ? "bf16" : "f32")}\n");
        held = FolderLock.TakeWithRanks(folder);
        AtomicFile.Sweep(folder, name => EntryFile().IsMatch(name), Forgotten);
    }

    /// <summary>Tells encoders apart by all that decides their frames: the folder's files, the device's kind and the type of the weights.</summary>
    /// <param name="folder">The encoder's folder.</param>
    /// <param name="device">What computes. The last bits of a GPU's sums are others.</param>
    /// <param name="dtype">Type that its weights are loaded in; float32 when null.</param>
    public static string EncoderIdentity(string folder, DeviceType device = DeviceType.CPU, ScalarType? dtype = null)
    {
        string kind = device == DeviceType.CPU ? "" : " on " + device.ToString().ToLowerInvariant();
        return ModelFolder.Hash(folder) + kind + (dtype is null or ScalarType.Float32 ? "" : " in " + dtype.Value.ToString().ToLowerInvariant());
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>How frames are stored.</summary>
    public FeatureCacheOptions Options { get; }

    /// <summary>How many processes write at once: each takes its part of the room.</summary>
    internal int Writers { get; init; } = 1;

    /// <summary>The key of a sound file, by its bytes.</summary>
    /// <param name="file">The file.</param>
    public string Key(Stream file) =>
        // What one choice refuses must not come out of the entry of another.
        Key(Options.Hearing == HearingOptions.Default ? "file" : $"file {Options.Hearing.Damaged} {Options.Hearing.Short}", SHA256.HashData(file));

    /// <summary>The key of samples.</summary>
    /// <param name="samples">Mono.</param>
    /// <param name="sampleRate">In Hz.</param>
    public string Key(ReadOnlySpan<float> samples, int sampleRate) => Key($"samples {sampleRate}", SHA256.HashData(MemoryMarshal.AsBytes(samples)));

    /// <summary>The file of an entry, whether it is there or not.</summary>
    public string PathOf(string key) => Path.Combine(Folder, key + ".safetensors");

    /// <summary>Shape (T, E) of an entry by its header alone; null when there is none, or none that can be read.</summary>
    public (long Frames, int Width)? Shape(string key) => FrameEntry.Shape(PathOf(key));

    /// <summary>Reads an entry as float32; null when there is none, or none that can be read.</summary>
    /// <returns>T x E values.</returns>
    /// <exception cref="InvalidDataException">A number of it is not finite; the message names the file.</exception>
    public float[]? Read(string key)
    {
        if (Shape(key) is not { } shape) return null;
        float[] values = new float[shape.Frames * shape.Width];
        return TryRead(key, values) ? values : null;
    }

    /// <summary>Reads an entry as float32 to where it is wanted.</summary>
    /// <returns>False when the entry is missing, damaged, or not of this size.</returns>
    /// <exception cref="InvalidDataException">A number of it is not finite; the message names the file.</exception>
    public bool TryRead(string key, Span<float> values)
    {
        if (!FrameEntry.TryRead(PathOf(key), values, check: !verified.ContainsKey(key))) return false;
        verified[key] = true;
        return true;
    }

    /// <summary>Writes an entry.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="frames">(T, E), T at least 1, on the CPU.</param>
    /// <param name="source">What an error calls the sound.</param>
    /// <exception cref="InvalidDataException">The encoder gave a number that is not finite.</exception>
    /// <exception cref="InvalidOperationException">The frames that are in use are more than <see cref="FeatureCacheOptions.MaxBytes"/>.</exception>
    public void Write(string key, Tensor frames, string source)
    {
        using var stored = frames.to(Options.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        using var dense = stored.contiguous();
        FrameEntry.Write(PathOf(key), dense, source);
        lock (gate)
        {
            verified.TryRemove(key, out _);
            used.Add(key);
            room = room - new FileInfo(PathOf(key)).Length ?? Trim();
            if (room < 0) room = Trim();
        }
    }

    /// <summary>Says which entries are in use: they are the last to go when the folder is full.</summary>
    /// <exception cref="InvalidOperationException">They are more than <see cref="FeatureCacheOptions.MaxBytes"/> already.</exception>
    public void Use(IEnumerable<string> keys)
    {
        lock (gate)
        {
            foreach (string key in keys)
                if (used.Add(key)) Try(() => File.SetLastWriteTimeUtc(PathOf(key), DateTime.UtcNow)); // when it was last of use
            room = Trim();
        }
    }

    /// <summary>A clip's frames as an encoder gives them for that clip alone: rows of a batch may differ in their last bits, and an entry must not depend on
    /// its neighbours.</summary>
    /// <returns>(T, E) on the CPU; T may be 0 where the encoder hears nothing. The caller disposes of it.</returns>
    public static Tensor Encode(IAudioEncoder encoder, float[] samples)
    {
        if (samples.Length < encoder.MinimumSamples) samples = [.. samples, .. new float[encoder.MinimumSamples - samples.Length]];
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var waveform = tensor(samples, [1, samples.Length], device: encoder.Device);
        using var encoding = encoder.Encode(waveform, tensor(new[] { (long)samples.Length }, device: encoder.Device));
        var (frames, mask) = (encoding.Frames[0].to(ScalarType.Float32).cpu(), encoding.Mask[0].cpu()); // (T, E), (T)
        // Real frames need not stand together: windows of a longer sound are each padded.
        return (mask.all().item<bool>() ? frames.contiguous() : frames.index_select(0, mask.nonzero().view(-1))).MoveToOuterDisposeScope();
    }

    /// <summary>Lets other processes in, once every store of this process has.</summary>
    public void Dispose() => held?.Dispose();

    private string Key(string kind, ReadOnlySpan<byte> sound)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(context);
        hash.AppendData(Encoding.UTF8.GetBytes(kind + "\n"));
        hash.AppendData(sound);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Makes the folder small enough again; returns the bytes that this process may still add.</summary>
    private long Trim()
    {
        var stored = new DirectoryInfo(Folder).GetFiles("*.safetensors")
            .Where(file => EntryFile().IsMatch(file.Name) && file.Exists) // which another rank may have taken away
            .OrderBy(file => file.LastWriteTimeUtc).ToLookup(file => used.Contains(Path.GetFileNameWithoutExtension(file.Name)));
        long own = stored[true].Sum(file => file.Length), bytes = own + stored[false].Sum(file => file.Length), most = Options.MaxBytes;
        if (own > most)
        {
            throw new InvalidOperationException($"The frames of {used.Count} clips take more than the {most:N0} bytes that the cache {Folder} may hold. "
                + "Raise MaxBytes, or store them as bfloat16.");
        }

        foreach (var file in stored[false].TakeWhile(_ => bytes > most))
        {
            bytes -= file.Length;
            Try(file.Delete);
        }
        return (most - bytes) / Writers;
    }

    // The folder may be read-only, or somebody have taken an entry away.
    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    // A folder may hold other safetensors, which are nobody's to delete.
    [GeneratedRegex(@"^[0-9a-f]{64}\.safetensors$")]
    private static partial Regex EntryFile();
}
