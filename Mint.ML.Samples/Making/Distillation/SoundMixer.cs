using System.Numerics.Tensors;
using Mint.ML.Samples.Making.Sounds;

namespace Mint.ML.Samples.Making.Distillation;

/// <summary>Endlessly varied audio: random stretches of random sounds, at other speeds, filtered, in rooms, mixed, in noise, at any level.</summary>
/// <param name="bank">Where they are read from.</param>
/// <param name="sounds">What is mixed.</param>
/// <remarks>No label is needed: the teacher hears what comes out. A source of many sounds is drawn more often, but not in proportion to them.</remarks>
internal sealed class SoundMixer(SoundBank bank, IReadOnlyList<BankedSound> sounds)
{
    private readonly BankedSound[][] sources = [.. sounds.GroupBy(sound => sound.Source).Select(group => group.ToArray())];
    private double[]? bounds; // of the sources' shares

    /// <summary>A patch of so many samples within [-1, 1].</summary>
    public float[] Draw(int length, Random random)
    {
        float[] mix = new float[length];
        // Half of all patches are one sound, which the teacher knows best.
        int parts = random.NextDouble() switch { < 0.5 => 1, < 0.85 => 2, _ => 3 };
        for (int part = 0; part < parts; part++)
        {
            float[] sound = random.NextDouble() < 0.12 ? Synthesis.Draw(length, random) : Stretch(length, random);
            if (random.NextDouble() < 0.4) Filter(sound, random);
            if (random.NextDouble() < 0.2) sound = Reverberate(sound, random);
            Add(mix, sound, part == 0 ? 0 : -20 * random.NextDouble());
        }
        if (random.NextDouble() < 0.25) Add(mix, Synthesis.Noise(length, random), -5 - 35 * random.NextDouble());
        return Level(mix, -45 + 37 * random.NextDouble());
    }

    /// <summary>A stretch of a sound, at perhaps another speed, with silence around it where the sound is shorter.</summary>
    private float[] Stretch(int length, Random random)
    {
        var sound = Choose(random);
        double speed = random.NextDouble() < 0.4 ? 1 : Math.Pow(2, 1.4 * (random.NextDouble() - 0.5));
        int needed = (int)Math.Ceiling(length * speed) + 1;
        float[] best = [];
        double loudest = -1;
        // Much of a recording is near silence: of two stretches the louder one.
        for (int attempt = 0; attempt < (sound.Length > needed ? 2 : 1); attempt++)
        {
            int start = sound.Length > needed ? random.Next(sound.Length - needed) : 0;
            short[] read = bank.Read(sound, start, Math.Min(needed, sound.Length));
            float[] stretch = Array.ConvertAll(read, sample => sample / 32768f);
            double energy = TensorPrimitives.SumOfSquares<float>(stretch);
            if (energy > loudest) (best, loudest) = (stretch, energy);
        }

        float[] played = new float[length];
        int lasts = Math.Min(length, (int)((best.Length - 1) / speed)), begin = lasts < length ? random.Next(length - lasts + 1) : 0;
        bool again = lasts < length / 2 && random.NextDouble() < 0.5; // short sounds come in rows: steps, knocks, clicks
        int every = again ? lasts + random.Next(length / 4) : length;
        for (int first = again ? 0 : begin; first < length; first += Math.Max(every, 1))
        {
            for (int i = 0; i < Math.Min(lasts, length - first); i++)
            {
                double place = i * speed;
                int whole = (int)place;
                float share = (float)(place - whole);
                played[first + i] = best[whole] * (1 - share) + best[whole + 1] * share;
            }
        }
        return played;
    }

    private BankedSound Choose(Random random)
    {
        if (bounds is null)
        {
            double[] shares = [.. sources.Select(source => Math.Sqrt(source.Length))];
            double sum = 0;
            bounds = [.. shares.Select(share => (sum += share) / shares.Sum())];
        }
        double at = random.NextDouble();
        int index = Array.BinarySearch(bounds, at);
        var chosen = sources[Math.Min(index < 0 ? ~index : index, sources.Length - 1)];
        return chosen[random.Next(chosen.Length)];
    }

    /// <summary>A random peak, dip, low-pass or high-pass of second order (Bristow-Johnson's cookbook).</summary>
    internal static void Filter(float[] x, Random random)
    {
        double w = 2 * Math.PI * 100 * Math.Pow(60, random.NextDouble()) / 16_000, cos = Math.Cos(w);
        double alpha = Math.Sin(w) / (2 * (0.5 + 2 * random.NextDouble())), gain = Math.Pow(10, (random.NextDouble() - 0.5) * 30 / 40);
        var (b0, b1, b2, a0, a2) = random.Next(4) switch
        {
            0 => ((1 - cos) / 2, 1 - cos, (1 - cos) / 2, 1 + alpha, 1 - alpha),
            1 => ((1 + cos) / 2, -1 - cos, (1 + cos) / 2, 1 + alpha, 1 - alpha),
            _ => (1 + alpha * gain, -2 * cos, 1 - alpha * gain, 1 + alpha / gain, 1 - alpha / gain),
        };
        double s1 = 0, s2 = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double y = (b0 * x[i] + s1) / a0;
            s1 = b1 * x[i] + 2 * cos * y + s2;
            s2 = b2 * x[i] - a2 * y;
            x[i] = (float)y;
        }
    }

    /// <summary>A room: 60 echoes of either sign, falling by 60 dB within 0.1 to 1 s (velvet noise).</summary>
    internal static float[] Reverberate(float[] x, Random random)
    {
        float[] wet = [.. x];
        double seconds = 0.1 * Math.Pow(10, random.NextDouble()), strength = 0.1 + 0.5 * random.NextDouble();
        for (int echo = 0; echo < 60; echo++)
        {
            int late = (int)(random.NextDouble() * Math.Min(seconds, 0.9) * 16_000) + 1;
            float gain = (float)((random.Next(2) * 2 - 1) * strength * Math.Pow(10, -3 * late / 16_000.0 / seconds));
            if (late < x.Length) TensorPrimitives.MultiplyAdd<float>(x.AsSpan(0, x.Length - late), gain, wet.AsSpan(late), wet.AsSpan(late));
        }
        return wet;
    }

    /// <summary>Adds a sound so many decibels above a root mean square of 0.1; silence stays silence.</summary>
    internal static void Add(float[] mix, float[] sound, double decibels)
    {
        double rms = Rms(sound);
        if (rms < 1e-5) return;
        TensorPrimitives.MultiplyAdd<float>(sound, (float)(0.1 / rms * Math.Pow(10, decibels / 20)), mix, mix);
    }

    /// <summary>The same at another root mean square, clipped at full scale; silence stays silence.</summary>
    internal static float[] Level(float[] mix, double decibels)
    {
        double rms = Rms(mix);
        if (rms < 1e-6) return mix;
        float gain = (float)(Math.Pow(10, decibels / 20) / rms);
        return Array.ConvertAll(mix, sample => Math.Clamp(sample * gain, -1, 1));
    }

    private static double Rms(float[] x) => Math.Sqrt(TensorPrimitives.SumOfSquares<float>(x) / x.Length);
}
