namespace Mint.ML.Audio;

/// <summary>What <see cref="AudioFile"/> accepts. Anything beyond is an error, never cut or changed without a word.</summary>
public sealed record AudioReadOptions
{
    /// <summary>The defaults.</summary>
    public static AudioReadOptions Default { get; } = new();

    /// <summary>The rate the clip is resampled to, in Hz; null keeps the file's own.</summary>
    public int? SampleRate { get; init; }

    /// <summary>
    /// Longest sound that is read. One hour: as float32 at 48 kHz that is 690 MB, and a header cannot ask for more.
    /// </summary>
    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromHours(1);

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
                $"The header is probably damaged: write the file again at its true rate, or change {nameof(AudioReadOptions)}.{(sampleRate < MinSampleRate ? nameof(MinSampleRate) : nameof(MaxSampleRate))}.");
        }

        if (channels < 1 || channels > MaxChannels)
        {
            throw new AudioFormatException(file,
                $"it has {channels} channels, and at most {MaxChannels} are mixed down to mono",
                $"Mix it down yourself (ffmpeg -i in.wav -ac 1 out.wav), or raise {nameof(AudioReadOptions)}.{nameof(MaxChannels)} to take the mean of them all.");
        }

        if (frames / (double)sampleRate > MaxDuration.TotalSeconds || frames > Array.MaxLength)
        {
            throw new AudioFormatException(file,
                $"it lasts {TimeSpan.FromSeconds(Math.Min(frames / (double)sampleRate, 1e9)):g}, longer than the limit of {MaxDuration:g}",
                $"Cut it into shorter files, or raise {nameof(AudioReadOptions)}.{nameof(MaxDuration)}.");
        }
    }
}
