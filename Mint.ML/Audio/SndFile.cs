using System.Runtime.InteropServices;

namespace Mint.ML.Audio;

/// <summary>FLAC, Ogg, MP3 and whatever else libsndfile knows, through its virtual file interface.</summary>
internal static unsafe class SndFile
{
    private const int ModeRead = 0x10, ModeWrite = 0x20;
    private const int FormatTypeMask = 0x0FFF0000, FormatOgg = 0x200000, FormatOggOpus = FormatOgg | 0x0064, FormatMpeg = 0x230000;
    private const int CommandSetVbrQuality = 0x1300;
    private const int BlockSamples = 65_536;

    private static readonly Lazy<SndFileLibrary?> Loaded = new(() => SndFileLibrary.TryLoad(
        Environment.GetEnvironmentVariable("MINT_LIBSNDFILE") is { Length: > 0 } path
            ? [path] : ["libsndfile.so.1", "libsndfile.1.dylib", "libsndfile", "sndfile"]));

    /// <summary>What the library calls itself, "libsndfile-1.2.0"; null where there is none.</summary>
    public static string? Version => Loaded.Value?.Version;

    /// <summary>Reads a file that is not plain WAV.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="start">Its first bytes.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="options">Limits.</param>
    /// <param name="wav">What is known of the data chunk of a compressed WAV.</param>
    public static AudioClip Read(Stream stream, ReadOnlySpan<byte> start, string name, AudioReadOptions options, Examined? wav = null) =>
        Read(Loaded.Value, stream, start, name, options, wav);

    internal static AudioClip Read(SndFileLibrary? library, Stream stream, ReadOnlySpan<byte> start, string name, AudioReadOptions options,
        Examined? wav = null)
    {
        long begin = new ByteWindow(stream).AfterId3(0); // taggers put ID3 before anything
        Span<byte> behind = stackalloc byte[12];
        stream.Position = begin;
        string? kind = Kind(behind[..stream.ReadAtLeast(behind, behind.Length, throwOnEndOfStream: false)]) ?? (begin > 0 ? "MP3" : null);
        if (library is null)
            throw kind is null ? NotAudio(name, start, "") : Missing(name, $"reading {kind}");

        // A WAV's parts are its samples; libsndfile wants its header too.
        Examined examined = (wav is null ? Examine(stream, begin, kind) : wav with { Parts = [new Part(0, Math.Min(wav.Parts[0].End, stream.Length))] })
            ?? new Examined(new Part(begin, stream.Length));
        MonoBuffer? mono = null;
        int rate = 0;
        bool exact = false;
        long announced = 0;
        if (examined.Damage is not null && options.Damaged == DamagedAudio.Refuse)
            throw Examined.Refusal(name, examined.Damage);

        foreach (Part part in examined.Parts)
        {
            using var io = new VirtualFile(new PartStream(stream, part, examined));
            var info = new SndFileInfo();
            nint file = library.Open(io, ModeRead, &info);
            if (file == 0)
            {
                string reason = library.Error(0);
                throw kind is null ? NotAudio(name, start, $" (libsndfile: {reason})")
                    : new AudioFormatException(name, examined.Damage
                        ?? $"this {kind} file is damaged or of a kind that is not supported (libsndfile: {reason})", RewriteAdvice);
            }

            try
            {
                options.Check(name, info.SampleRate, info.Channels, wav is null ? examined.Samples ?? 0 : 0);
                mono ??= new MonoBuffer(name, rate = info.SampleRate, kind == "FLAC" ? examined.Samples ?? 0 : 0, options);
                if (info.SampleRate != rate)
                    throw new AudioFormatException(name, $"it chains sounds of {rate:N0} Hz and of {info.SampleRate:N0} Hz", RewriteAdvice);

                // An MP3's length is an estimate, and Vorbis streams may begin inside a block; their frames and pages were examined.
                exact = (info.Format & FormatTypeMask) is not (FormatMpeg or FormatOgg) && info.Frames < long.MaxValue / 2;
                announced += info.Frames < long.MaxValue / 2 ? info.Frames : 0;
                Decode(library, file, info, mono);
            }
            finally
            {
                library.Close(file);
            }
        }

        long expected = wav is null && examined.Samples is { } counted ? counted - examined.Slack : exact ? announced : 0;
        if (!mono!.IsFull && mono.Length < expected)
        {
            string damage = $"it is damaged: {mono.Length:N0} of {expected:N0} samples can be decoded, up to {(double)mono.Length / rate:F2} s";
            examined = examined with { Damage = examined.Damage ?? damage };
        }

        if (mono.Length == 0 && examined.Damage is not null)
            throw Examined.Refusal(name, examined.Damage);

        return new AudioClip(mono.ToArray(), mono.SampleRate)
        {
            Notes = [.. examined.Accept(name, options, () => (double)mono.Length / rate), .. mono.Note is { } note ? (string[])[note] : []],
            Unheard = TimeSpan.FromSeconds(mono.IsFull ? Math.Max(0, Math.Max(announced, examined.Samples ?? 0) - mono.Length) / (double)rate : 0),
        };
    }

    private static Examined? Examine(Stream stream, long begin, string? kind) => kind switch
    {
        "FLAC" => FlacFrames.Examine(stream, begin),
        "Ogg" => OggPages.Examine(stream, begin),
        "MP3" or null => Mp3Frames.Examine(stream, begin),
        _ => SizedContainers.Examine(stream, begin, kind),
    };

    // The length in the header is a hint: memory follows what is really decoded.
    private static void Decode(SndFileLibrary library, nint file, SndFileInfo info, MonoBuffer mono)
    {
        int blockFrames = BlockSamples / info.Channels;
        var block = new float[blockFrames * info.Channels];
        while (!mono.IsFull)
        {
            long frames;
            fixed (float* pointer = block)
            {
                frames = library.ReadFrames(file, pointer, blockFrames);
            }

            if (frames <= 0)
                return;

            mono.Add(block.AsSpan(0, (int)frames * info.Channels), info.Channels);
        }
    }

    public static void WriteOpus(Stream stream, string name, AudioClip clip, int bitRate)
    {
        SndFileLibrary library = Loaded.Value ?? throw Missing(name, "writing Ogg Opus");
        using var io = new VirtualFile(stream);
        var info = new SndFileInfo { SampleRate = clip.SampleRate, Channels = 1, Format = FormatOggOpus };
        nint file = library.Open(io, ModeWrite, &info);
        if (file == 0)
        {
            throw new AudioFormatException(name, $"Ogg Opus cannot be written at {clip.SampleRate} Hz (libsndfile: {library.Error(0)})",
                "Resample to 8, 12, 16, 24 or 48 kHz, or write WAV.");
        }

        double quality = (bitRate - 6_000) / 250_000.0; // libsndfile's own scale for Opus
        library.Command(file, CommandSetVbrQuality, &quality, sizeof(double));
        long written;
        fixed (float* samples = clip.Samples)
        {
            written = library.WriteFrames(file, samples, clip.Samples.Length);
        }

        library.Close(file);
        if (written != clip.Samples.Length || io.Failure is not null)
        {
            throw new AudioFormatException(name, $"only {written:N0} of {clip.Samples.Length:N0} samples could be written",
                "Check the space left on the disk.", io.Failure);
        }
    }

    private static string? Kind(ReadOnlySpan<byte> start) =>
        start.StartsWith("fLaC"u8) ? "FLAC"
        : start.StartsWith("OggS"u8) ? "Ogg"
        : start.Length > 1 && start[0] == 0xFF && (start[1] & 0xE6) is 0xE2 or 0xE4 ? "MP3"
        : WavChunks.Recognises(start) ? "compressed WAV"
        : start.StartsWith("FORM"u8) ? "AIFF"
        : start.StartsWith(".snd"u8) ? "AU"
        : start.StartsWith("caff"u8) ? "CAF"
        : start.StartsWith("riff"u8) ? "Wave64"
        : null;

    private const string RewriteAdvice = "Copy the file again from its source, or write it anew as WAV (ffmpeg -i in out.wav).";

    private static AudioFormatException NotAudio(string name, ReadOnlySpan<byte> start, string reason) =>
        new(name, $"it is not a sound file that can be recognised; it begins with the bytes {Convert.ToHexString(start[..Math.Min(8, start.Length)])}{reason}",
            "WAV, FLAC, Ogg and MP3 are read; convert anything else (ffmpeg -i in out.wav).");

    private static AudioFormatException Missing(string name, string what) =>
        new(name, $"{what} needs the system library libsndfile, which is not installed",
            "Install it: 'apt-get install libsndfile1' (Debian, Ubuntu), 'dnf install libsndfile' (Fedora), 'brew install libsndfile' (macOS); "
            + "name a copy elsewhere by MINT_LIBSNDFILE; or convert the file to WAV, which needs no library.");
}

/// <summary>SF_INFO of sndfile.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SndFileInfo
{
    public long Frames;
    public int SampleRate;
    public int Channels;
    public int Format;
    public int Sections;
    public int Seekable;
}

/// <summary>The functions of libsndfile that are used.</summary>
internal sealed unsafe class SndFileLibrary
{
    private readonly delegate* unmanaged[Cdecl]<VirtualFile.Callbacks*, int, SndFileInfo*, nint, nint> open;
    private readonly delegate* unmanaged[Cdecl]<nint, float*, long, long> read, write;
    private readonly delegate* unmanaged[Cdecl]<nint, int, void*, int, int> command;
    private readonly delegate* unmanaged[Cdecl]<nint, nint> error;
    private readonly delegate* unmanaged[Cdecl]<nint, int> close;
    private readonly delegate* unmanaged[Cdecl]<nint> version;

    private SndFileLibrary(nint library)
    {
        open = (delegate* unmanaged[Cdecl]<VirtualFile.Callbacks*, int, SndFileInfo*, nint, nint>)NativeLibrary.GetExport(library, "sf_open_virtual");
        read = (delegate* unmanaged[Cdecl]<nint, float*, long, long>)NativeLibrary.GetExport(library, "sf_readf_float");
        write = (delegate* unmanaged[Cdecl]<nint, float*, long, long>)NativeLibrary.GetExport(library, "sf_writef_float");
        command = (delegate* unmanaged[Cdecl]<nint, int, void*, int, int>)NativeLibrary.GetExport(library, "sf_command");
        error = (delegate* unmanaged[Cdecl]<nint, nint>)NativeLibrary.GetExport(library, "sf_strerror");
        close = (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(library, "sf_close");
        version = (delegate* unmanaged[Cdecl]<nint>)NativeLibrary.GetExport(library, "sf_version_string");
    }

    /// <summary>The first of the named libraries that the system has, or null.</summary>
    public string Version => Marshal.PtrToStringUTF8(version()) ?? "";

    public static SndFileLibrary? TryLoad(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, typeof(SndFileLibrary).Assembly, null, out nint library))
                return new SndFileLibrary(library);
        }

        return null;
    }

    public nint Open(VirtualFile io, int mode, SndFileInfo* info) => open(io.Table, mode, info, io.UserData);

    public long ReadFrames(nint file, float* samples, long frames) => read(file, samples, frames);

    public long WriteFrames(nint file, float* samples, long frames) => write(file, samples, frames);

    public int Command(nint file, int command, void* data, int size) => this.command(file, command, data, size);

    public string Error(nint file) => Marshal.PtrToStringUTF8(error(file))?.TrimEnd('.') ?? "unknown error";

    public int Close(nint file) => close(file);
}
