using Mint.ML.Audio;
using Mint.ML.Samples.Making.Distillation;
using Mint.ML.Samples.Making.Notes;

namespace Mint.ML.Samples.Making.World;

/// <summary>Sounds that are made and not recorded, and known by what they do: sirens swing, clocks tick evenly, alarms beep in groups.</summary>
/// <remarks>Few recordings have them as bare as people make them to try a model. A tone that rises once is beside the siren, so that not all that moves is
/// one.</remarks>
internal static class MadeSounds
{
    private const double Rate = YamNetFrontEnd.SampleRate, Least = 2, Most = 6; // seconds

    /// <summary>What is made, each kind with the names that are right for it: of <see cref="EverydayWords.Labels"/>.</summary>
    public static IReadOnlyList<(string[] Called, Func<int, Random, float[]> Make)> Kinds { get; } =
    [
        (["siren"], Swinging),
        (["siren"], TwoTones),
        (["siren"], Wailing),
        (["tone"], Tone),
        (["tone"], Gliding),
        (["clock tick"], Ticking),
        (["clock tick"], Ticking),
        (["beep", "reversing beeps", "smoke alarm"], Beeping),
        (["clock alarm"], Alarm),
    ];

    /// <summary>One sound of a kind; half of all as they are made, others as another place would have them.</summary>
    public static float[] Draw(int kind, Random random)
    {
        float[] made = Kinds[kind].Make((int)(Rate * (Least + (Most - Least) * random.NextDouble())), random);
        return random.Next(2) == 0 ? SoundMixer.Level(made, -35 + 25 * random.NextDouble()) : NoteViews.Elsewhere(made, random);
    }

    // A pitch that swings around its middle.
    private static float[] Swinging(int length, Random random)
    {
        double middle = Between(random, 350, 1500), depth = Between(random, 0.08, 0.5), swing = Between(random, 0.15, 5), start = random.NextDouble();
        return Sing(length, random, seconds => middle * (1 + depth * Math.Sin(2 * Math.PI * (swing * seconds + start))));
    }

    // One pitch and another by turns, as fire engines of Europe.
    private static float[] TwoTones(int length, Random random)
    {
        double low = Between(random, 350, 1000), high = low * Between(random, 1.12, 1.6), every = Between(random, 0.25, 1.2), start = random.NextDouble();
        return Sing(length, random, seconds => (seconds / every + start) % 2 < 1 ? low : high);
    }

    // Up and down again, or up and at once from below: slow wails, fast yelps.
    private static float[] Wailing(int length, Random random)
    {
        double low = Between(random, 300, 900), high = low * Between(random, 1.5, 3.5), every = Between(random, 0.2, 4), start = random.NextDouble();
        bool falls = random.Next(3) > 0;
        return Sing(length, random, seconds =>
        {
            double place = (seconds / every + start) % 1;
            return low * Math.Pow(high / low, falls ? 1 - Math.Abs(2 * place - 1) : place);
        });
    }

    private static float[] Tone(int length, Random random)
    {
        double hertz = Between(random, 100, 6000);
        return Fill(length, seconds => Math.Sin(2 * Math.PI * hertz * seconds));
    }

    // Rises or falls once.
    private static float[] Gliding(int length, Random random)
    {
        double from = Between(random, 100, 5000), to = Between(random, 100, 5000), phase = 0;
        bool straight = random.Next(2) == 0;
        return Fill(length, seconds =>
        {
            double place = seconds * Rate / length;
            phase += 2 * Math.PI * (straight ? from + (to - from) * place : from * Math.Pow(to / from, place)) / Rate;
            return Math.Sin(phase);
        });
    }

    // One to four ticks a second, evenly, each second one perhaps of another sound.
    private static float[] Ticking(int length, Random random)
    {
        double every = 1 / Between(random, 1, 4), start = random.NextDouble() * every;
        float[][] ticks = [.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => Tick(random))];
        float[] made = new float[length];
        for (int tick = 0; ; tick++)
        {
            int at = (int)(Rate * (start + tick * every));
            if (at >= length) return made;
            float[] sound = ticks[tick % ticks.Length];
            for (int i = 0; i < Math.Min(sound.Length, length - at); i++) made[at + i] += sound[i];
        }
    }

    // A click of noise, a bare pulse, or damped modes.
    private static float[] Tick(Random random)
    {
        double decay = Between(random, 0.0005, 0.02), noise = random.NextDouble();
        double[] modes = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Between(random, 700, 7000))];
        if (modes.Length == 0) noise = 1;
        float[] tick = Fill((int)(Rate * decay * 6) + 2, seconds => Math.Exp(-seconds / decay)
            * (noise * (random.NextDouble() * 2 - 1) + modes.Sum(hertz => Math.Sin(2 * Math.PI * hertz * seconds))));
        if (random.Next(5) == 0) tick.AsSpan(0, Math.Min(tick.Length, random.Next(1, 40))).Fill(1); // a pulse begins it
        return tick;
    }

    private static float[] Beeping(int length, Random random)
    {
        double hertz = Between(random, 400, 4000), every = 1 / Between(random, 0.6, 5), sounding = Between(random, 0.15, 0.6) * every;
        var wave = Wave(random);
        return Fill(length, seconds => seconds % every < sounding ? wave(hertz * seconds) : 0);
    }

    // Groups of quick pips, and a pause.
    private static float[] Alarm(int length, Random random)
    {
        double hertz = Between(random, 700, 4000), pip = Between(random, 0.04, 0.12), pause = Between(random, 0.25, 0.7);
        int pips = random.Next(2, 6);
        var wave = Wave(random);
        return Fill(length, seconds => seconds % (2 * pip * pips + pause) is var place && place < 2 * pip * pips && place % (2 * pip) < pip
            ? wave(hertz * seconds) : 0);
    }

    // A moving pitch of a bare sine or of a few partials.
    private static float[] Sing(int length, Random random, Func<double, double> hertz)
    {
        double turns = 0;
        var wave = Wave(random);
        return Fill(length, seconds => wave(turns += hertz(seconds) / Rate));
    }

    // By turns of the circle: half of all are sines.
    private static Func<double, double> Wave(Random random)
    {
        double[] partials = [.. Enumerable.Range(1, random.Next(2) == 0 ? 1 : random.Next(2, 6))
            .Select(partial => partial == 1 ? 1 : random.NextDouble() / partial)];
        return turns => partials.Index().Sum(partial => partial.Item * Math.Sin(2 * Math.PI * (partial.Index + 1) * turns));
    }

    private static double Between(Random random, double lowest, double highest) => lowest * Math.Pow(highest / lowest, random.NextDouble());

    private static float[] Fill(int length, Func<double, double> value)
    {
        float[] made = new float[length];
        for (int i = 0; i < length; i++) made[i] = (float)value(i / Rate);
        return made;
    }
}
