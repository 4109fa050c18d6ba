using Mint.ML.Files;
using NWaves.Audio;
using NWaves.Signals;

namespace Mint.ML.Audio;

/// <summary>Sound files to and from <see cref="AudioClip"/>.</summary>
/// <remarks>
/// WAV and RF64 are read in managed code. FLAC, Ogg (Vorbis, Opus), MP3 and compressed WAV need the system library libsndfile, which is loaded when such
/// a file is first met; without it the error names the package to install. Several channels are mixed down to mono by their mean.
/// The format is told by the file's first bytes, not by its name. Before it is decoded, a file's structure says whether it is whole (docs/audio.md).
/// </remarks>
public static class AudioFile
{
    /// <summary>Reads a sound file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sampleRate">The rate to resample to, in Hz; null keeps the file's own.</param>
    /// <exception cref="AudioFormatException">The file is missing, not sound, damaged, or beyond the default limits.</exception>
    public static AudioClip Read(string path, int? sampleRate = null) =>
        Read(path, AudioReadOptions.Default with { SampleRate = sampleRate });

    /// <summary>Reads a sound file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits, and the rate to resample to.</param>
    /// <exception cref="AudioFormatException">The file is missing, not sound, damaged, or beyond the limits.</exception>
    public static AudioClip Read(string path, AudioReadOptions options)
    {
        using FileStream stream = Open(path, options);
        return Read(stream, path, options);
    }

    /// <summary>Opens a file as <see cref="Read(string, AudioReadOptions)"/> does, with its errors.</summary>
    internal static FileStream Open(string path, AudioReadOptions options)
    {
        if (!options.ReadPipes && RegularFile.IsOther(path))
            throw new AudioFormatException(path, "it is a pipe, a socket or a device, not a file", "Name it alone, outside a list, to hear it to its end.");

        try
        {
            return File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string problem = Directory.Exists(path) ? "it is a folder, not a file"
                : HasUnreadableName(path) ? UnreadableName
                : e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : "it cannot be opened: " + e.Message.TrimEnd('.');
            throw new AudioFormatException(path, problem, "Check the path; in a manifest, paths are relative to the manifest's folder.", e);
        }
    }

    /// <summary>Reads a sound file, or what comes out of a pipe until its writer ends.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits, and the rate to resample to.</param>
    /// <param name="cancel">Ends waiting for a pipe, whose writer may never come; files are read to their end.</param>
    /// <exception cref="AudioFormatException">The file is missing, not sound, damaged, or beyond the limits.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static AudioClip Read(string path, AudioReadOptions options, CancellationToken cancel) => RegularFile.IsOther(path)
        ? Task.Run(() => Read(path, options), cancel).WaitAsync(cancel).GetAwaiter().GetResult() : Read(path, options);

    /// <summary>What is wrong with a name that .NET could not decode: it then holds U+FFFD, and leads nowhere.</summary>
    internal const string UnreadableName = "its name is not UTF-8, and only such names can be opened; rename it";

    internal static bool HasUnreadableName(string path) => path.Contains('\uFFFD') && !File.Exists(path);

    /// <summary>Reads sound from a stream, from its start; one that cannot seek is read to its end first.</summary>
    /// <param name="stream">The bytes of a sound file.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="options">Limits, and the rate to resample to; null for the defaults.</param>
    /// <exception cref="AudioFormatException">The bytes are not sound, damaged, or beyond the limits.</exception>
    public static AudioClip Read(Stream stream, string name, AudioReadOptions? options = null)
    {
        options ??= AudioReadOptions.Default;
        if (!stream.CanSeek)
        {
            using FileStream kept = Spool(stream, name, options);
            return Read(kept, name, options);
        }

        if (stream.Length == 0)
            throw new AudioFormatException(name, "the file is empty (0 bytes)", "Copy it again from its source, or remove it from the list.");

        try
        {
            AudioClip clip = Decode(stream, name, options);
            return options.SampleRate is int rate ? clip.Resample(rate) : clip;
        }
        catch (OutOfMemoryException e)
        {
            throw new AudioFormatException(name, "its sound does not fit into the memory that is left",
                "Cut it into shorter files, or read fewer files at a time.", e);
        }
        catch (EndOfStreamException e)
        {
            throw new AudioFormatException(name, "it became shorter while it was read", "Wait until the program that writes it has ended.", e);
        }
    }

    // A decoder goes back and forth in a file; a device without an end must not fill the disk.
    private static FileStream Spool(Stream stream, string name, AudioReadOptions options)
    {
        const int MostBytesOfASample = 16; // two channels of 64 bits
        long left = Math.Min(options.MaxSamples, long.MaxValue / MostBytesOfASample) * MostBytesOfASample;
        string path = Path.Combine(Path.GetTempPath(), "mint-" + Path.GetRandomFileName());
        var kept = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        try
        {
            var block = new byte[1 << 16];
            for (int count; (count = stream.Read(block)) > 0; left -= count)
            {
                if (count > left)
                {
                    throw new AudioFormatException(name, "more comes out of it than a sound file may hold",
                        $"Raise {nameof(AudioReadOptions)}.{nameof(AudioReadOptions.MaxSamples)}.");
                }

                kept.Write(block, 0, count);
            }

            return kept;
        }
        catch
        {
            kept.Dispose();
            throw;
        }
    }

    private static AudioClip Decode(Stream stream, string name, AudioReadOptions options)
    {
        stream.Position = 0;
        Span<byte> start = stackalloc byte[(int)Math.Min(12, stream.Length)];
        stream.ReadExactly(start);
        WavChunks? wav = WavChunks.Recognises(start) ? WavChunks.Read(stream, name) : null;
        AudioClip clip = wav is null ? SndFile.Read(stream, start, name, options)
            : wav.Format.IsMpeg ? ReadMpeg(stream, name, wav.Data, options)
            : WavReader.TryRead(stream, name, wav, options) ?? SndFile.Read(stream, start, name, options, wav.Data);
        return clip.Samples.Length > 0 ? clip
            : throw new AudioFormatException(name, "it holds no samples", "Record or copy it again, or remove it from the list.");
    }

    // MP3 in a WAV file: its frames are examined as those of any MP3.
    private static AudioClip ReadMpeg(Stream stream, string name, Examined data, AudioReadOptions options)
    {
        IReadOnlyList<string> notes = data.Accept(name, options, () => 0);
        using var frames = new PartStream(stream, data.Parts[0], new Examined());
        Span<byte> start = stackalloc byte[(int)Math.Min(12, frames.Length)];
        frames.ReadExactly(start);
        AudioClip clip = SndFile.Read(frames, start, name, options);
        return clip.Notes.Count > 0 || notes.Count == 0 ? clip : clip with { Notes = notes };
    }

    /// <summary>Writes 16-bit PCM, rounded to nearest and clipped to full scale, under a temporary name that is then renamed.</summary>
    /// <param name="path">The file to write; an existing one is replaced.</param>
    /// <param name="clip">The sound.</param>
    public static void WriteWav(string path, AudioClip clip)
    {
        var scaled = new float[clip.Samples.Length];
        for (int i = 0; i < scaled.Length; i++)
            scaled[i] = Math.Clamp(MathF.Round(clip.Samples[i] * 32768f), short.MinValue, short.MaxValue);

        // NWaves casts without rounding or clipping, so the values handed over are whole numbers already.
        AtomicFile.Write(path, stream => new WaveFile(new DiscreteSignal(clip.SampleRate, scaled), 16).SaveTo(stream, normalized: false));
    }

    /// <summary>Writes Ogg Opus through libsndfile, under a temporary name that is then renamed.</summary>
    /// <remarks>Opus rather than Vorbis: a Vorbis file begins with 4 KB of code books, more than a short clip itself takes.</remarks>
    /// <param name="path">The file to write; an existing one is replaced.</param>
    /// <param name="clip">The sound, at 8, 12, 16, 24 or 48 kHz.</param>
    /// <param name="bitRate">Bits per second, 6,000 to 256,000; 32,000 is hard to tell from the original at 16 kHz mono.</param>
    /// <exception cref="AudioFormatException">libsndfile is missing, or cannot write the file.</exception>
    public static void WriteOpus(string path, AudioClip clip, int bitRate = 32_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bitRate, 6_000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bitRate, 256_000);
        AtomicFile.Write(path, stream => SndFile.WriteOpus(stream, path, clip, bitRate));
    }
}
