namespace Mint.ML.Audio;

/// <summary>What becomes of a mel band's energy.</summary>
public enum MelCompression
{
    /// <summary>It is kept.</summary>
    None,

    /// <summary>10 log10 of it, after raising it to at least <see cref="LogMelOptions.Floor"/>.</summary>
    Decibel,
}

/// <summary>A mel spectrogram of centred frames, in the way of torchaudio, librosa, torchlibrosa and transformers. The defaults are torchaudio's for 16
/// kHz.</summary>
public sealed record LogMelOptions
{
    /// <summary>Rate of the waveform the filters are built for, in Hz.</summary>
    public int SampleRate { get; init; } = 16_000;

    /// <summary>Points of the transform.</summary>
    public int FftSize { get; init; } = 400;

    /// <summary>Samples under the Hann window, at most <see cref="FftSize"/>; shorter windows stand in the middle of the frame. Null: the whole
    /// frame.</summary>
    public int? WindowLength { get; init; }

    /// <summary>Samples from one frame to the next.</summary>
    public int HopLength { get; init; } = 160;

    /// <summary>Number of mel bands.</summary>
    public int MelBins { get; init; } = 80;

    /// <summary>Lower edge of the first band, in Hz.</summary>
    public double MinFrequency { get; init; }

    /// <summary>Upper edge of the last band, in Hz; null for half the sample rate.</summary>
    public double? MaxFrequency { get; init; }

    /// <summary>1 for magnitudes, 2 for power.</summary>
    public int Power { get; init; } = 2;

    /// <summary>The mel scale.</summary>
    public MelScale Scale { get; init; } = MelScale.Htk;

    /// <summary>Filters of equal area instead of equal height.</summary>
    public bool SlaneyNorm { get; init; }

    /// <summary>What becomes of the energies.</summary>
    public MelCompression Compression { get; init; } = MelCompression.None;

    /// <summary>Energies below are raised to it before the logarithm.</summary>
    public double Floor { get; init; } = 1e-10;

    /// <summary>Decibels further than this below the row's loudest are raised; null leaves them.</summary>
    public double? TopDb { get; init; }

    /// <summary>CLAP (transformers' ClapFeatureExtractor) where nothing is fused.</summary>
    public static LogMelOptions Clap { get; } = new()
    {
        SampleRate = 48_000,
        FftSize = 1024,
        HopLength = 480,
        MelBins = 64,
        MinFrequency = 50,
        MaxFrequency = 14_000,
        Scale = MelScale.Slaney,
        SlaneyNorm = true,
        Compression = MelCompression.Decibel,
    };

    /// <summary>HTS-AT and PANNs (torchlibrosa) at 32 kHz.</summary>
    public static LogMelOptions HtsAt { get; } = new()
    {
        SampleRate = 32_000,
        FftSize = 1024,
        HopLength = 320,
        MelBins = 64,
        MinFrequency = 50,
        MaxFrequency = 14_000,
        Scale = MelScale.Slaney,
        SlaneyNorm = true,
        Compression = MelCompression.Decibel,
    };

    /// <summary>Pengi: its wrapper applies the bank of 32 kHz to audio of 44.1 kHz, whatever its arguments say, and was trained so.</summary>
    public static LogMelOptions Pengi => HtsAt;

    internal void Check()
    {
        var errors = new List<string>();
        if (SampleRate <= 0) errors.Add($"SampleRate is {SampleRate}, not positive");
        if (FftSize < 2) errors.Add($"FftSize is {FftSize}, less than 2");
        if (WindowLength is int window && (window < 1 || window > FftSize)) errors.Add($"WindowLength is {window}, not between 1 and FftSize");
        if (HopLength < 1) errors.Add($"HopLength is {HopLength}, not positive");
        if (MelBins < 1) errors.Add($"MelBins is {MelBins}, not positive");
        if (Power is not (1 or 2)) errors.Add($"Power is {Power}, not 1 or 2");
        if (!(MinFrequency >= 0 && MinFrequency < (MaxFrequency ?? SampleRate / 2.0)))
            errors.Add($"MinFrequency {MinFrequency} is not below MaxFrequency {MaxFrequency ?? SampleRate / 2.0}");
        if (!(Floor > 0)) errors.Add($"Floor is {Floor}, not positive");
        if (errors.Count > 0)
            throw new ArgumentException($"These log-mel options cannot be used: {string.Join("; ", errors)}.");
    }
}
