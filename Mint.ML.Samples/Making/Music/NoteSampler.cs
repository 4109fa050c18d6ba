using Mint.ML.Audio;

namespace Mint.ML.Samples.Making.Music;

/// <summary>Notes of some soundfonts, played at any pitch.</summary>
internal sealed class NoteSampler
{
    public const int SampleRate = 16_000;

    private readonly Dictionary<string, List<(int Program, int Pitch, float[] Samples)>> families;

    /// <summary>Reads the notes of a manifest of the notes set.</summary>
    public NoteSampler(string manifest) => families = AudioManifest.Read(manifest).Rows
        .GroupBy(row => row["Family"]).ToDictionary(family => family.Key, family => family.Select(row => (int.Parse(row["Program"]), int.Parse(row["Pitch"]),
            AudioFile.Read(row.Path, SampleRate).Samples)).ToList());

    /// <summary>Programs of a family that have notes here.</summary>
    public IReadOnlyList<int> Programs(string family) => [.. families[family].Select(note => note.Program).Distinct().Order()];

    /// <summary>Adds a note to a piece: the nearest one that there is, played faster or slower.</summary>
    /// <param name="piece">Samples of the whole piece.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="length">Samples until it fades.</param>
    /// <param name="family">Which instruments.</param>
    /// <param name="program">Which of them, where it has notes; else another of the family.</param>
    /// <param name="pitch">MIDI pitch.</param>
    /// <param name="level">Factor.</param>
    public void Play(float[] piece, int start, int length, string family, int program, int pitch, float level)
    {
        var (_, from, samples) = families[family].MinBy(note => (Math.Abs(note.Pitch - pitch) + (note.Program == program ? 0 : 12), note.Program));
        double speed = Math.Pow(2, (pitch - from) / 12.0);
        const int fade = SampleRate / 50;
        for (int i = 0; i < length + fade && start + i < piece.Length; i++)
        {
            double at = i * speed;
            int whole = (int)at;
            if (whole + 1 >= samples.Length) break;
            double value = samples[whole] + (at - whole) * (samples[whole + 1] - samples[whole]);
            double kept = i < length ? 1 : 1 - (double)(i - length) / fade;
            piece[start + i] += (float)(value * level * kept);
        }
    }
}
