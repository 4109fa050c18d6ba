using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

/// <summary>What a process holds over many predictions: half of them by a prediction engine, half by Transform.
/// It must stay where it was after a tenth.</summary>
internal static class GrowthBench
{
    private const double MostGrowth = 0.02; // of resident memory: what the allocators' fragments come to
    private const int Batch = 1000;         // rows of one Transform

    /// <param name="predictions">How many of each kind.</param>
    public static int Run(string predictions)
    {
        int count = int.Parse(predictions, CultureInfo.InvariantCulture);
        set_num_threads(1);
        using var model = new StressModel("tests/fixtures/data2vec_audio");
        bool engine = Watch("engine", count, from =>
        {
            for (int i = from; i < from + Batch; i++) model.Predict(i % model.Clips, fromSound: true);
        });
        bool transform = Watch("Transform", count, _ => model.Transform(Batch));
        return engine && transform ? 0 : 1;
    }

    private static bool Watch(string name, int count, Action<int> predict)
    {
        var watch = Stopwatch.StartNew();
        Held early = default, last = default;
        for (int done = Batch; done <= count; done += Batch)
        {
            predict(done);
            if (done % (count / 10) >= Batch) continue;
            last = Held.Now();
            if (early == default) early = last;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-10}{done,8} {last} {watch.Elapsed.TotalSeconds,7:F0} s"));
        }
        double growth = (double)(last.Resident - early.Resident) / early.Resident;
        bool flat = growth <= MostGrowth && last.Tensors <= early.Tensors && last.Managed <= early.Managed + (1 << 20);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: resident {100 * growth:+0.00;-0.00} % from the first tenth to the last, {last.Tensors - early.Tensors} tensors more: ")
            + (flat ? "no growth" : "IT GROWS"));
        return flat;
    }

    private readonly record struct Held(long Resident, long Managed, long Tensors)
    {
        public static Held Now()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return new(EngineMemory.Resident(), GC.GetTotalMemory(forceFullCollection: true), Tensor.TotalCount);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"resident {Resident / 1e6,7:F1} MB  managed {Managed / 1e6,6:F2} MB  tensors {Tensors}");
    }
}
