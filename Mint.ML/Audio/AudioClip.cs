namespace Mint.ML.Audio;

/// <summary>Mono sound in memory.</summary>
/// <param name="Samples">Samples, nominally in [-1, 1]; files of floating-point samples may go beyond.</param>
/// <param name="SampleRate">Samples per second, in Hz.</param>
public sealed record AudioClip(float[] Samples, int SampleRate)
{
    /// <summary>How long the clip lasts.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)Samples.Length / SampleRate);

    /// <summary>The same sound at another rate, by <see cref="Resampler"/>; this clip when the rate is its own already.</summary>
    /// <param name="sampleRate">Samples per second wanted, in Hz.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not between 1 and 768,000 Hz.</exception>
    public AudioClip Resample(int sampleRate) =>
        sampleRate == SampleRate ? this : new AudioClip(Resampler.Get(SampleRate, sampleRate).Resample(Samples), sampleRate);
}
