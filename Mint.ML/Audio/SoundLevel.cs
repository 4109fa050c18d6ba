namespace Mint.ML.Audio;

/// <summary>How loud a sound is: its power in decibels of full scale, at which a sine of the highest amplitude has -3. A constant offset has none.</summary>
/// <remarks>Nothing is weighted by frequency. How far away a source was, nobody can tell from it.</remarks>
internal static class SoundLevel
{
    // The stretch by which a moment's loudness is measured in broadcasting (EBU Tech 3341), and a quarter of it.
    private const double Moment = 0.4, Hop = 0.1;

    /// <summary>The level of a stretch, in dB; -100 of silence, and of a stretch without a sample.</summary>
    /// <param name="clip">The sound.</param>
    /// <param name="from">Where the stretch begins, in seconds.</param>
    /// <param name="to">Where it ends.</param>
    public static double Of(AudioClip clip, double from, double to)
    {
        int start = Sample(from), end = Sample(to);
        return Decibels(start < end ? clip.Samples.AsSpan(start, end - start) : []);

        int Sample(double time) => (int)Math.Clamp(time * clip.SampleRate, 0, clip.Samples.Length);
    }

    /// <summary>The level of the loudest moment, in dB.</summary>
    public static double Loudest(AudioClip clip)
    {
        double last = Math.Max(0, clip.Duration.TotalSeconds - Moment);
        return Enumerable.Range(0, 1 + (int)(last / Hop)).Select(at => at * Hop).Append(last).Max(from => Of(clip, from, from + Moment));
    }

    private static double Decibels(ReadOnlySpan<float> samples)
    {
        double sum = 0, squares = 0;
        foreach (float sample in samples)
        {
            sum += sample;
            squares += (double)sample * sample;
        }
        int count = Math.Max(1, samples.Length);
        return 10 * Math.Log10(Math.Max(0, squares / count - sum / count * (sum / count)) + 1e-10);
    }
}
