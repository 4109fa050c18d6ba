namespace Mint.ML.Audio;

/// <summary>Mono sound in memory.</summary>
/// <param name="Samples">Samples, nominally in [-1, 1]; files of floating-point samples may go beyond.</param>
/// <param name="SampleRate">Samples per second, in Hz.</param>
public sealed record AudioClip(float[] Samples, int SampleRate)
{
    /// <summary>How long the clip lasts.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)Samples.Length / SampleRate);

    /// <summary>What follows in the file and was not read, because <see cref="AudioReadOptions.HearOnly"/> said so; by the file's own count.</summary>
    public TimeSpan Unheard { get; init; }

    /// <summary>The samples that this window of a longer recording speaks for, the rest being its neighbours'; null where it speaks for all.</summary>
    internal AudioWindow? Own { get; init; }

    /// <summary>The recording that this is a window of; null where it is none.</summary>
    internal AudioClip? Whole { get; init; }

    /// <summary>What a listener should know of this sound ("heard as far as it goes, 4.10 s: ..."), a sentence each; empty for a file like any other.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The same sound at another rate, by <see cref="Resampler"/>; this clip when the rate is its own already.</summary>
    /// <param name="sampleRate">Samples per second wanted, in Hz.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not between 1 and 768,000 Hz.</exception>
    public AudioClip Resample(int sampleRate) =>
        sampleRate == SampleRate ? this : this with
        {
            Samples = Resampler.Get(SampleRate, sampleRate).Resample(Samples),
            SampleRate = sampleRate,
            Own = Own?.At(SampleRate, sampleRate),
        };
}
