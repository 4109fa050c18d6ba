namespace Mint.ML.Audio;

/// <summary>Separate events of a sound by its loudness: each begins with a rise and is over with a fall.</summary>
/// <remarks>
/// The onsets are those of the energy envelope in decibels (Bello and others, "A Tutorial on Onset Detection in Music Signals", 2005, section III-A). A peak
/// counts by its prominence: between two of them the level falls by so much below the one before, and rises by so much again. So no recording needs a
/// threshold of its own.
/// </remarks>
/// <param name="Onsets">Where events begin, in seconds.</param>
/// <param name="GoesOn">Whether it is one long sound, as rain, and not made of events.</param>
internal sealed record SoundEvents(IReadOnlyList<double> Onsets, bool GoesOn)
{
    // Seconds: one value of the envelope; and how short a pause does not end an event, as that between the syllables of a crow. Decibels: prominence; and how
    // much less than the loudest is not heard as the same sound. Chosen on folds of ESC-10 that no figure of docs/everyday.md is from.
    private const double Hop = 0.01, Hold = 0.2, Rise = 12, Range = 25;

    // A sound goes on that is nearly as loud as at its loudest for most of the time, and for so many seconds an event. Chosen on the same.
    private const double Most = 0.8, LongEvent = 2;

    /// <summary>The events of a clip, without those that another window of the recording speaks for.</summary>
    public static SoundEvents Of(AudioClip clip)
    {
        double[] level = Levels(clip);
        double loudest = level.Max(), low = double.NegativeInfinity, high = 0; // silence is before the clip
        List<int> onsets = [];
        bool on = false;
        for (int at = 0; at < level.Length; at++)
        {
            if (on)
            {
                high = Math.Max(high, level[at]);
                if (level[at] <= high - Rise) (on, low) = (false, level[at]);
            }
            else
            {
                low = Math.Min(low, level[at]);
                if (level[at] < Math.Max(low + Rise, loudest - Range)) continue;
                (on, high) = (true, level[at]);
                onsets.Add(at);
            }
        }
        double loud = level.Count(one => one > loudest - Rise);
        var own = clip.Own ?? new(0, clip.Samples.Length);
        int hop = (int)(Hop * clip.SampleRate);
        return new([.. onsets.Where(at => (long)at * hop is var sample && sample >= own.Start && sample < own.End).Select(at => at * Hop)],
            loud > Most * level.Length && loud * Hop > LongEvent * onsets.Count);
    }

    // In dB, one a hop; each the loudest of those that it holds.
    private static double[] Levels(AudioClip clip)
    {
        int hop = Math.Max(1, (int)(Hop * clip.SampleRate)), held = (int)(Hold / Hop);
        double[] power = [.. clip.Samples.Chunk(hop).Select(some => some.Average(sample => (double)sample * sample))];
        return [.. power.Select((_, at) => 10 * Math.Log10(power[Math.Max(0, at - held)..(at + 1)].Max() + 1e-10))]; // below -100 dB all is silence
    }
}
