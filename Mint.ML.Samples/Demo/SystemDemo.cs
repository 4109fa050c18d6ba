using System.Diagnostics;
using System.Globalization;

namespace Mint.ML.Samples.Demo;

/// <summary>A measure of a small system beside its control: trained in the same way on the same sounds, dealt out among the clips at random.</summary>
/// <param name="Name">What is measured.</param>
/// <param name="System">The system's value.</param>
/// <param name="Control">The control's.</param>
/// <param name="Simple">What the commonest answer gives; null where there is none.</param>
internal sealed record DemoMeasure(string Name, double System, double Control, double? Simple)
{
    /// <summary>Whether it is shown beside the others, of a harder set: the command's end does not hang on it.</summary>
    public bool IsBeside { get; init; }
}

/// <summary>Trains a small Pengi or MusiLingo from the frozen models that ship, several times, and shows what it learned of sources that it never
/// heard.</summary>
internal static class SystemDemo
{
    /// <summary>Runs the trainings and prints the table.</summary>
    /// <param name="title">What the table is about.</param>
    /// <param name="seeds">How many trainings, by the seeds from 1 on.</param>
    /// <param name="run">Trains and measures with a seed.</param>
    /// <returns>0 where the system is above its control in every measure with every seed.</returns>
    public static int Run(string title, int seeds, Func<int, Action<string>, IReadOnlyList<DemoMeasure>> run)
    {
        var watch = Stopwatch.StartNew();
        List<IReadOnlyList<DemoMeasure>> measured = [];
        for (int seed = 1; seed <= seeds; seed++)
        {
            measured.Add(run(seed, Say));
            // What there is by now: the next seed takes as long again.
            Say(string.Join("; ", measured[^1].Select(one => FormattableString.Invariant($"{one.Name} {one.System:F3}, control {one.Control:F3}"))));

            void Say(string text) => Console.WriteLine(FormattableString.Invariant($"[{watch.Elapsed:m\\:ss}] seed {seed}: {text}"));
        }
        Console.WriteLine($"\n{title + ", held-out sources",-48}{"system",24}{"control",24}{"commonest",12}");
        bool above = true;
        foreach (var (name, i) in measured[0].Select((measure, i) => (measure.Name, i)))
        {
            var values = measured.Select(seed => seed[i]).ToList();
            above &= values.All(value => value.IsBeside || value.System > value.Control);
            Console.WriteLine($"{name,-48}{Each(values.Select(value => value.System)),24}{Each(values.Select(value => value.Control)),24}"
                + $"{values[0].Simple?.ToString("F3", CultureInfo.InvariantCulture) ?? "",12}");
        }
        string end = above ? "every measure is above the control's with every seed" : "not every measure is above the control's";
        Console.WriteLine($"\n[{watch.Elapsed:m\\:ss}] {end}");
        return above ? 0 : 1;
    }

    private static string Each(IEnumerable<double> values) => string.Join(' ', values.Select(value => value.ToString("F3", CultureInfo.InvariantCulture)));

    /// <summary>The control's order of sounds: each clip has another's.</summary>
    public static int[] Dealt(int count, int seed)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new Random(seed).Shuffle(order);
        return order;
    }
}
