namespace Mint.ML.Samples.Making.Distillation;

/// <summary>Sounds that nobody recorded: noise, tones, chirps, impacts. The teacher answers for them as for any other.</summary>
internal static class Synthesis
{
    private const double Rate = 16_000;

    /// <summary>One sound of a random kind, as long as asked.</summary>
    public static float[] Draw(int length, Random random) => random.Next(5) switch
    {
        0 => Noise(length, random),
        1 => Tone(length, random),
        2 => Chirp(length, random),
        3 => Impacts(length, random),
        _ => Harmonics(length, random),
    };

    /// <summary>Noise of a random colour: white through a one-pole low-pass whose strength is drawn; perhaps in bursts.</summary>
    public static float[] Noise(int length, Random random)
    {
        double keep = random.NextDouble() < 0.3 ? 0 : 1 - Math.Pow(10, -3 * random.NextDouble()), state = 0;
        var swell = Swell(random);
        return Fill(length, i => (state = keep * state + (1 - keep) * (random.NextDouble() * 2 - 1)) * swell(i));
    }

    // A tone whose loudness or pitch swings: beeps, sirens, hums.
    private static float[] Tone(int length, Random random)
    {
        double hertz = Pitch(random, 40, 6000), swing = random.NextDouble() * 30, depth = random.NextDouble() < 0.5 ? 0 : random.NextDouble() * 0.3, phase = 0;
        var swell = Swell(random);
        return Fill(length, i => Math.Sin(phase += 2 * Math.PI * hertz * (1 + depth * Math.Sin(2 * Math.PI * swing * i / Rate)) / Rate) * swell(i));
    }

    private static float[] Chirp(int length, Random random)
    {
        double from = Pitch(random, 60, 7000), to = Pitch(random, 60, 7000), seconds = 0.03 + random.NextDouble(), phase = 0;
        var swell = Swell(random);
        return Fill(length, i => Math.Sin(phase += 2 * Math.PI * from * Math.Pow(to / from, i / Rate / seconds % 1) / Rate) * swell(i));
    }

    // Damped modes at random times: knocks, drops, clinks, footsteps.
    private static float[] Impacts(int length, Random random)
    {
        float[] sound = new float[length];
        int modes = random.Next(1, 6);
        var hertz = Enumerable.Range(0, modes).Select(_ => Pitch(random, 80, 7000)).ToArray();
        double every = Rate * (0.05 + random.NextDouble()), decay = 0.005 * Math.Pow(100, random.NextDouble());
        for (double at = random.NextDouble() * every; at < length; at += every * (0.7 + 0.6 * random.NextDouble()))
        {
            double strength = 0.3 + 0.7 * random.NextDouble();
            for (int i = (int)at; i < Math.Min(length, at + 7 * decay * Rate); i++)
            {
                double seconds = (i - (int)at) / Rate, value = 0.2 * (random.NextDouble() - 0.5) * Math.Exp(-seconds / decay * 3);
                for (int mode = 0; mode < modes; mode++)
                    value += Math.Sin(2 * Math.PI * hertz[mode] * seconds) * Math.Exp(-seconds / decay * (1 + mode)) / modes;
                sound[i] += (float)(strength * value);
            }
        }
        return sound;
    }

    // A buzz of many harmonics through a moving pitch: motors, horns, voices without words.
    private static float[] Harmonics(int length, Random random)
    {
        double hertz = Pitch(random, 30, 800), slope = random.NextDouble() * 1.5 + 0.3, drift = (random.NextDouble() - 0.5) * 0.6, phase = 0;
        int partials = (int)Math.Min(20, 7500 / hertz);
        var swell = Swell(random);
        return Fill(length, i =>
        {
            phase += 2 * Math.PI * hertz * (1 + drift * i / Rate) / Rate;
            double value = 0;
            for (int k = 1; k <= partials; k++) value += Math.Sin(k * phase) / Math.Pow(k, slope);
            return value * swell(i) / 2;
        });
    }

    /// <summary>How loud at a sample: steady, swinging, or in bursts.</summary>
    private static Func<int, double> Swell(Random random)
    {
        double hertz = 0.5 * Math.Pow(60, random.NextDouble()), phase = random.NextDouble(), duty = 0.1 + 0.8 * random.NextDouble();
        return random.Next(3) switch
        {
            0 => _ => 0.5,
            1 => i => 0.5 + 0.45 * Math.Sin(2 * Math.PI * (hertz * i / Rate + phase)),
            _ => i => (hertz * i / Rate + phase) % 1 < duty ? 0.5 : 0,
        };
    }

    private static double Pitch(Random random, double lowest, double highest) => lowest * Math.Pow(highest / lowest, random.NextDouble());

    private static float[] Fill(int length, Func<int, double> value)
    {
        float[] sound = new float[length];
        for (int i = 0; i < length; i++) sound[i] = (float)value(i);
        return sound;
    }
}
