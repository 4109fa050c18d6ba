using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Native;
using Mint.ML.Systems;

/// <summary>Questions how often, and in which order: single events of labelled recordings placed a known number of times, and recordings one after the
/// other.</summary>
internal sealed class CountBench : IDisposable
{
    private const int Rate = 16000, Hop = Rate / 100, Most = 6;
    private const float Loudest = 0.5f;

    private sealed record Kind(string Label, double Pause, double Longest, string Question);

    // What one event is: the seconds of a pause that does not end it, and how long it can be. Barks and ticks follow each other fast; a crow has pauses.
    private static readonly Kind[] kinds =
    [
        new("dog bark", 0.06, 0.7, "How many times does the dog bark?"),
        new("rooster", 0.25, 3, "How many times does the rooster crow?"),
        new("person sneeze", 0.25, 2, "How many times does the person sneeze?"),
        new("clock tick", 0.06, 0.4, "How many clock ticks are there?"),
        new("baby cry", 0.15, 2, "How many times does the baby cry?"),
    ];

    private static readonly string[] numbers = ["not at all", "once", "twice", "three times", "four times", "five times", "six times"];

    private readonly AudioLanguageModel model;
    private readonly (string Label, AudioClip Clip)[] recordings;

    private CountBench(string model, string manifest, string[] folds)
    {
        this.model = AudioLanguageModel.Load(model, folders: new FrozenModelFolders("Mint.ML.Samples/models"));
        recordings = [.. AudioManifest.Read(manifest).Rows.Where(row => folds.Contains(row.Find("Note")))
            .Select(row => (row["Label"], AudioFile.Read(row.Path, Rate)))];
    }

    public void Dispose() => model.Dispose();

    public static int Run(string model, string manifest, string[] folds)
    {
        NativeLibraries.Require();
        using var bench = new CountBench(model, manifest, folds);
        if (bench.recordings.Length == 0) throw new ArgumentException($"{manifest} has no recording whose Note is one of: {string.Join(", ", folds)}.");
        bench.Counts(0.3);
        bench.Counts(0.15);
        bench.Continuous();
        bench.Orders();
        bench.Louder();
        return 0;
    }

    // Each single event 1 to 6 times, at gaps up to 0.7 s longer than the shortest, up to 6 dB apart, over noise 35 dB or more below.
    private void Counts(double gap)
    {
        var chance = new Random(1);
        var clips = recordings.SelectMany(one => kinds.Where(kind => kind.Label == one.Label && Single(one.Clip.Samples, kind) is not null)
            .SelectMany(kind => Enumerable.Range(1, Most).Select(times => (Kind: kind, Times: times,
                Clip: Placed([.. Enumerable.Repeat(Single(one.Clip.Samples, kind)!, times)], gap, chance))))).ToList();
        var told = clips.Select(one => (one.Kind, one.Times, Told: model.Ask(one.Clip, one.Kind.Question))).ToList();
        Console.WriteLine($"\n| events at gaps of {gap:0.##} s or more | mixtures | exactly right | mean absolute error | of the commonest answer | "
            + "said not to be there | said to go on |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var group in told.GroupBy(one => one.Kind.Label).Append(told.GroupBy(_ => "all").Single()))
        {
            double right = group.Average(one => one.Told == numbers[one.Times] ? 1.0 : 0), error = group.Average(one => Math.Abs(Number(one.Told) - one.Times));
            Console.WriteLine(FormattableString.Invariant($"| {group.Key} | {group.Count()} | {right:P1} | {error:0.00} | {1.0 / Most:P1}, 1.50 | ")
                + $"{group.Count(one => one.Told == numbers[0])} | {group.Count(one => one.Told.StartsWith("it", StringComparison.Ordinal))} |");
        }
        var absent = clips.Where(one => one.Times == 3)
            .SelectMany(one => kinds.Where(kind => kind != one.Kind), (one, kind) => model.Ask(one.Clip, kind.Question)).ToList();
        Console.WriteLine($"\nAsked of three events of another kind: {absent.Count(said => said == numbers[0])} of {absent.Count} are said not to be there.");

        var others = clips.Where(one => one.Times == 2).ToList();
        var among = clips.Where(one => one.Times <= 3).Select((one, i) => (one.Times, Told: model.Ask(Joined(one.Clip.Samples,
            others.Skip(i % others.Count).Concat(others).First(other => other.Kind != one.Kind).Clip.Samples), one.Kind.Question))).ToList();
        Console.WriteLine($"One to three times, and then two events of another kind: {among.Count(one => one.Told == numbers[one.Times])} of "
            + $"{among.Count} right, {among.Count(one => one.Told == numbers.ElementAtOrDefault(one.Times + 2))} counted with the others.");
    }

    private void Continuous()
    {
        Console.WriteLine("\n| a whole recording, \"How many times can ... be heard?\" | answers |\n| --- | --- |");
        foreach (var group in recordings.Where(one => kinds.All(kind => kind.Label != one.Label)).GroupBy(one => one.Label))
        {
            var told = group.Select(one => model.Ask(one.Clip, $"How many times can {group.Key} be heard?")).GroupBy(said => said);
            var most = told.OrderByDescending(said => said.Count()).Select(said => $"{said.Key} ({said.Count()})");
            Console.WriteLine($"| {group.Key} | {string.Join("; ", most)} |");
        }
    }

    // 2.5 s of each, at the same level.
    private void Orders()
    {
        Console.WriteLine("\n| 2.5 s of one recording, then 2.5 s of one of another class | asked | right | the other | only one is heard, which is right | "
            + "which is the other |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
        foreach (string which in new[] { "first", "last" })
        {
            var said = new List<(string Right, string Wrong, string Told)>();
            for (int i = 0; i < recordings.Length; i++)
            {
                var (one, other) = (recordings[i], OfAnotherClass(i));
                var (first, second) = i % 2 == 0 ? (one.Label, other.Label) : (other.Label, one.Label);
                string told = model.Ask(Joined(Loud(one.Clip), Loud(other.Clip)), $"Which comes {which}, the {first} or the {second}?");
                said.Add(which == "first" ? (one.Label, other.Label, told) : (other.Label, one.Label, told));
            }
            Console.WriteLine($"| which comes {which}, the ... or the ...? | {said.Count} | {said.Count(one => one.Told == $"the {one.Right}")} | "
                + $"{said.Count(one => one.Told == $"the {one.Wrong}")} | {said.Count(one => one.Told == $"only the {one.Right}")} | "
                + $"{said.Count(one => one.Told == $"only the {one.Wrong}")} |");
        }
    }

    // 2.5 s of each, whose loudest moments are 6 to 12 dB apart.
    private void Louder()
    {
        var chance = new Random(1);
        var said = new List<(string Right, string Wrong, string Told)>();
        for (int i = 0; i < recordings.Length; i++)
        {
            var (one, other) = (recordings[i], OfAnotherClass(i));
            var (loud, soft) = i % 2 == 0 ? (one, other) : (other, one);
            float less = -20 - 6 * chance.NextSingle();
            float[] first = At(i % 2 == 0 ? -14 : less, one.Clip), then = At(i % 2 == 0 ? less : -14, other.Clip);
            said.Add((loud.Label, soft.Label, model.Ask(Joined(first, then), $"Which is louder, the {one.Label} or the {other.Label}?")));
        }
        Console.WriteLine("\n| 2.5 s of one recording, then 2.5 s of one of another class | asked | right | the other | about as loud | only one is heard | "
            + "cannot be told |\n| --- | --- | --- | --- | --- | --- | --- |");
        Console.WriteLine($"| which is louder, the ... or the ...? | {said.Count} | {said.Count(one => one.Told == $"the {one.Right}")} | "
            + $"{said.Count(one => one.Told == $"the {one.Wrong}")} | {said.Count(one => one.Told.StartsWith("they", StringComparison.Ordinal))} | "
            + $"{said.Count(one => one.Told.StartsWith("only", StringComparison.Ordinal))} | "
            + $"{said.Count(one => one.Told.StartsWith("that", StringComparison.Ordinal))} |");
    }

    private (string Label, AudioClip Clip) OfAnotherClass(int i) => Enumerable.Range(1, recordings.Length)
        .Select(step => recordings[(i + 7 * step) % recordings.Length]).First(next => next.Label != recordings[i].Label);

    // 2.5 s whose loudest 0.4 s have a level, in dB.
    private static float[] At(float level, AudioClip clip)
    {
        float[] begin = clip.Samples[..Math.Min(clip.Samples.Length, Rate * 5 / 2)];
        double[] power = [.. begin.Chunk(Hop).Select(some => some.Average(sample => (double)sample * sample))];
        double loudest = Enumerable.Range(0, power.Length - 39).Max(at => power[at..(at + 40)].Average());
        float gain = (float)Math.Sqrt(Math.Pow(10, level / 10) / (loudest + 1e-12));
        return [.. begin.Select(sample => sample * gain)];
    }

    private static int Number(string told) => Math.Max(0, Array.IndexOf(numbers, told)) is > 0 and var number ? number
        : told.EndsWith(" times", StringComparison.Ordinal) ? 2 * Most : 0;

    // The loudest stretch between two pauses 25 dB below; null where it is longer than an event of its kind.
    private static float[]? Single(float[] samples, Kind kind)
    {
        int pause = (int)(kind.Pause * 100);
        double[] power = [.. samples.Chunk(Hop).Select(some => some.Average(sample => (double)sample * sample))];
        double quiet = power.Max() / 316;
        int first = Array.IndexOf(power, power.Max()), last = first;
        while (first > 0 && power[Math.Max(0, first - pause)..first].Any(one => one > quiet)) first--;
        while (last < power.Length - 1 && power[(last + 1)..Math.Min(power.Length, last + 1 + pause)].Any(one => one > quiet)) last++;
        return (last - first + 1) / 100.0 <= kind.Longest ? samples[(first * Hop)..Math.Min(samples.Length, (last + 1) * Hop)] : null;
    }

    private static AudioClip Placed(float[][] events, double gap, Random chance)
    {
        List<float> sound = [.. new float[(int)(chance.NextDouble() * Rate)]];
        foreach (float[] one in events)
        {
            float gain = Loudest / one.Max(MathF.Abs) * MathF.Pow(10, -chance.NextSingle() * 6 / 20);
            sound.AddRange(one.Select(sample => sample * gain));
            sound.AddRange(new float[(int)((gap + 0.7 * chance.NextDouble()) * Rate)]);
        }
        return new([.. sound.Select(sample => sample + Loudest / 60 * (2 * chance.NextSingle() - 1))], Rate);
    }

    private static AudioClip Joined(float[] one, float[] other) => new([.. one, .. other], Rate);

    private static float[] Loud(AudioClip clip)
    {
        float[] begin = clip.Samples[..Math.Min(clip.Samples.Length, Rate * 5 / 2)];
        double level = Math.Sqrt(begin.Average(sample => (double)sample * sample)) + 1e-6;
        return [.. begin.Select(sample => (float)(sample * 0.05 / level))];
    }
}
