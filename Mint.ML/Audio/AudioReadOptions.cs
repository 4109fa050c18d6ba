namespace Mint.ML.Audio;

/// <summary>What becomes of a file that is certainly damaged: cut off, with a hole or a broken part, or with a header that denies its sound.</summary>
public enum DamagedAudio
{
    /// <summary>An <see cref="AudioFormatException"/> that says what is wrong and where. The default: a part is never taken for the whole.</summary>
    Refuse,

    /// <summary>The sound up to the first damage is heard, and <see cref="AudioClip.Notes"/> says so. Nothing is heard of what follows it: its time is not
    /// known.</summary>
    HearAsFarAsItGoes,
}

/// <summary>What <see cref="AudioFile"/> accepts. Anything beyond is an error, never cut or changed without a word.</summary>
public sealed record AudioReadOptions
{
    /// <summary>
    /// The largest magnitude of a sample, where full scale is 1. A recorder's floats may go a little beyond 1; 120 dB beyond, they are numbers of
    /// another type, or damage, and all else would be silence beside them.
    /// </summary>
    public const float LargestSample = 1e6f;

    /// <summary>The defaults.</summary>
    public static AudioReadOptions Default { get; } = new();

    /// <summary>The rate the clip is resampled to, in Hz; null keeps the file's own.</summary>
    public int? SampleRate { get; init; }

    /// <summary>Longest sound that is read; longer is an error.</summary>
    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Most samples that are kept, at the rate that they are resampled to; more are an error. One hour at 48 kHz, 690 MB: without it a FLAC file of 180 kB
    /// (half an
    /// hour of silence at 384 kHz) takes 2.8 GB at its own rate.
    /// </summary>
    public long MaxSamples { get; init; } = 172_800_000;

    /// <summary>Hears only the beginning: decoding ends there, memory and time with it, and the limits above are for it alone. Default null: all.</summary>
    public TimeSpan? HearOnly { get; init; }

    /// <summary>What becomes of a damaged file.</summary>
    public DamagedAudio Damaged { get; init; } = DamagedAudio.Refuse;

    /// <summary>
    /// Most channels that are mixed down, by their mean. Two: the mean of a surround or microphone-array recording mostly cancels
    /// itself, so whoever means it says so.
    /// </summary>
    public int MaxChannels { get; init; } = 2;

    /// <summary>Lowest rate a file may have, in Hz. Under 4 kHz nothing is left of speech or music; such headers are damaged.</summary>
    public int MinSampleRate { get; init; } = 4_000;

    /// <summary>Highest rate a file may have, in Hz: the highest that audio interfaces record at.</summary>
    public int MaxSampleRate { get; init; } = 384_000;

    internal void Check(string file, int sampleRate, int channels, long frames)
    {
        if (sampleRate < MinSampleRate || sampleRate > MaxSampleRate)
        {
            throw new AudioFormatException(file,
                $"the header says {sampleRate:N0} Hz, outside the range of {MinSampleRate:N0} to {MaxSampleRate:N0} Hz",
                $"The header is probably damaged: write the file again at its true rate, or change "
                    + $"{nameof(AudioReadOptions)}.{(sampleRate < MinSampleRate ? nameof(MinSampleRate) : nameof(MaxSampleRate))}.");
        }

        if (channels < 1 || channels > MaxChannels)
        {
            throw new AudioFormatException(file,
                $"it has {channels} channels, and at most {MaxChannels} are mixed down to mono",
                $"Mix it down yourself (ffmpeg -i in.wav -ac 1 out.wav), or raise {nameof(AudioReadOptions)}.{nameof(MaxChannels)} to take the mean of "
                    + "them all.");
        }

        frames = Math.Min(frames, Wanted(sampleRate));
        if (frames / (double)sampleRate > MaxDuration.TotalSeconds)
        {
            throw new AudioFormatException(file,
                $"it lasts {TimeSpan.FromSeconds(Math.Min(frames / (double)sampleRate, 1e9)):g}, longer than the limit of {MaxDuration:g}",
                $"Cut it into shorter files, or raise {nameof(AudioReadOptions)}.{nameof(MaxDuration)}.");
        }

        long kept = SampleRate is { } wanted && wanted < sampleRate ? (long)((double)frames / sampleRate * wanted) : frames;
        if (kept > Math.Min(MaxSamples, Array.MaxLength))
        {
            throw new AudioFormatException(file,
                $"it has {frames:N0} samples, more than the limit of {Math.Min(MaxSamples, Array.MaxLength):N0} ({frames / (double)sampleRate / 60:F0} "
                    + $"minutes at {sampleRate:N0} Hz)",
                $"Resample it (ffmpeg -i in.flac -ar 48000 out.wav), cut it into shorter files, or raise {nameof(AudioReadOptions)}.{nameof(MaxSamples)}.");
        }
    }

    /// <summary>How many samples <see cref="HearOnly"/> asks for, at least 1.</summary>
    internal long Wanted(int sampleRate) =>
        HearOnly is { } time ? (long)Math.Clamp(Math.Round(time.TotalSeconds * sampleRate), 1, long.MaxValue / 2) : long.MaxValue;
}
