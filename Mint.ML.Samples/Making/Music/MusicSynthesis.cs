using Mint.ML.Audio;

namespace Mint.ML.Samples.Making.Music;

/// <summary>Plays pieces: a tune, chords and a bass of a sampler's notes, and drums of decaying tones and noise. The same piece and notes give the same
/// samples.</summary>
internal static class MusicSynthesis
{
    private const int Rate = NoteSampler.SampleRate;
    private const double Seconds = 6;

    private static readonly int[] Major = [0, 2, 4, 5, 7, 9, 11], Minor = [0, 2, 3, 5, 7, 8, 10];
    private static readonly int[][] Chords = [[0, 3, 4, 0], [0, 5, 3, 4], [0, 3, 0, 4]]; // degrees, a bar each

    /// <summary>Six seconds of a piece.</summary>
    public static AudioClip Play(MusicPiece piece, NoteSampler notes)
    {
        var chance = new Random(piece.Seed);
        var samples = new float[(int)(Seconds * Rate)];
        int beats = piece.Groove == "waltz" ? 3 : 4;
        double beat = 60 / (piece.BeatsPerMinute * (1 + 0.1 * chance.NextDouble()));
        int[] scale = piece.Mode == "major" ? Major : Minor, progression = Chords[chance.Next(Chords.Length)];
        int tonic = IndexOf(MusicPiece.Tonics, piece.Tonic);
        var programs = notes.Programs(piece.Instrument);
        int lead = programs[chance.Next(programs.Count)], degree = 7;
        for (int bar = 0; bar * beats * beat < Seconds; bar++)
        {
            int root = progression[bar % progression.Length];
            for (int at = 0; at < beats; at++)
            {
                double time = (bar * beats + at) * beat;
                if (at % 2 == 0 || piece.Groove == "rock") Note("bass", 32, 36, root, time, beat * 0.9, 0.9f);
                bool strikes = piece.Groove switch { "waltz" => at > 0, "march" => at % 2 == 1, "swing" => at % 2 == 1, _ => true };
                if (strikes)
                    foreach (int third in (int[])[0, 2, 4]) Note(piece.Instrument, lead, 48, root + third, time, beat * 0.5, 0.35f);
                // The tune: a walk that keeps to the chord on the first beat; swing puts a late short note behind each.
                degree = Math.Clamp(at == 0 ? 7 + root % 7 + 2 * chance.Next(2) : degree + chance.Next(-2, 3), 4, 14);
                Note(piece.Instrument, lead, 60, degree, time, beat * 0.8, 1f);
                if (piece.Groove == "swing") Between(time + beat * 2 / 3, beat * 0.3);
                if (piece.Groove == "rock") Between(time + beat / 2, beat * 0.4);
                Beat(at, time);
            }
        }
        float loudest = samples.Max(Math.Abs), level = (float)(0.3 + 0.6 * chance.NextDouble());
        return new AudioClip([.. samples.Select(sample => sample / loudest * level)], Rate);

        void Between(double time, double length) =>
            Note(piece.Instrument, lead, 60, Math.Clamp(degree + chance.Next(-1, 2), 4, 14), time, length, 0.9f);

        void Note(string family, int program, int octave, int step, double time, double length, float level)
        {
            int pitch = octave + tonic % 12 + 12 * (step / 7) + scale[step % 7];
            notes.Play(samples, (int)(time * Rate), (int)(length * Rate), family, program, pitch, level);
        }

        void Beat(int at, double time)
        {
            switch (piece.Groove)
            {
                case "waltz" when at == 0: Kick(time); break;
                case "waltz": Hiss(time, 0.04, 0.10f); break;
                case "march": if (at % 2 == 0) Kick(time); else Hiss(time, 0.12, 0.45f); break;
                case "swing": Hiss(time, 0.15, 0.15f); Hiss(time + beat * 2 / 3, 0.05, 0.15f); break;
                default: if (at % 2 == 0) Kick(time); else Hiss(time, 0.16, 0.6f); Hiss(time, 0.03, 0.2f); Hiss(time + beat / 2, 0.03, 0.2f); break;
            }
        }

        void Kick(double time)
        {
            int start = (int)(time * Rate), length = Rate / 6;
            for (int i = 0; i < length && start + i < samples.Length; i++)
            {
                double t = (double)i / Rate;
                samples[start + i] += (float)(0.8 * Math.Exp(-t * 22) * Math.Sin(2 * Math.PI * (50 * t + 4 * (1 - Math.Exp(-t * 30)))));
            }
        }

        void Hiss(double time, double length, float level)
        {
            int start = (int)(time * Rate), count = (int)(length * Rate);
            for (int i = 0; i < count && start + i < samples.Length; i++)
                samples[start + i] += level * (1 - (float)i / count) * (float)(2 * chance.NextDouble() - 1);
        }
    }

    private static int IndexOf(IReadOnlyList<string> values, string value) => Enumerable.Range(0, values.Count).First(i => values[i] == value);
}
