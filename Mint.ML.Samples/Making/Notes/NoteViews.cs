using Mint.ML.Samples.Making.Distillation;

namespace Mint.ML.Samples.Making.Notes;

/// <summary>A note as another recording would have it: begun late or cut off, in a room, through another microphone, in noise, at another level.</summary>
internal static class NoteViews
{
    private const int LeastSamples = 4800; // 0.3 s: a frame

    /// <summary>The next view of a note at 16 kHz.</summary>
    public static float[] Draw(float[] note, Random random)
    {
        float[] heard = Cut(note, random);
        if (random.NextDouble() < 0.3) heard = [.. new float[random.Next(5000)], .. heard]; // it begins when the recording has
        return Elsewhere(heard, random);
    }

    /// <summary>The same in a room, through another microphone, in noise, at another level. The samples are changed.</summary>
    public static float[] Elsewhere(float[] heard, Random random)
    {
        if (random.NextDouble() < 0.5) SoundMixer.Filter(heard, random);
        if (random.NextDouble() < 0.35) heard = SoundMixer.Reverberate(heard, random);
        float[] mix = new float[heard.Length];
        SoundMixer.Add(mix, heard, 0);
        if (random.NextDouble() < 0.4) SoundMixer.Add(mix, Synthesis.Noise(mix.Length, random), -15 - 30 * random.NextDouble());
        return SoundMixer.Level(mix, -45 + 35 * random.NextDouble());
    }

    // Whole, without its attack, or its beginning alone.
    private static float[] Cut(float[] note, Random random)
    {
        int begin = random.NextDouble() < 0.3 ? random.Next(Math.Max(1, note.Length / 3)) : 0;
        int length = random.NextDouble() < 0.5 ? note.Length : (int)(note.Length * (0.25 + 0.75 * random.NextDouble()));
        int end = Math.Clamp(begin + length, Math.Min(note.Length, begin + LeastSamples), note.Length);
        return note[begin..end];
    }
}
