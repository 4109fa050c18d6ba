using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Tensors;
using static TorchSharp.torch;

/// <summary>How fast a folder of weights opens, beside the speed of reading the same warm file, and the memory that takes.</summary>
internal static class LoadBench
{
    private const int Rounds = 9;

    /// <summary>A stack of layers in the sizes of a transformer, so that the file has large tensors and small ones.</summary>
    private sealed class Stack : nn.Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.ModuleList<Layer> layers;

        public Stack(long bytes) : base(nameof(Stack))
        {
            const long Pair = 4 * (2 * 1024 * 4096 + 1024 + 4096);
            layers = new([.. Enumerable.Range(0, (int)(2 * (bytes / Pair))).Select(i => i % 2 == 0 ? new Layer(1024, 4096) : new Layer(4096, 1024))]);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => x;
    }

    /// <summary>Parameters that are allocated and left unset, as those of the models are.</summary>
    private sealed class Layer : nn.Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.Parameter weight, bias;

        public Layer(long inputs, long outputs) : base(nameof(Layer))
        {
            weight = new(empty(outputs, inputs));
            bias = new(empty(outputs));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => nn.functional.linear(x, weight, bias);
    }

    /// <summary>Writes a folder of about so many bytes: load-make FOLDER BYTES.</summary>
    public static int Make(string folder, string bytes)
    {
        using var model = new Stack(Bytes(bytes));
        using (no_grad())
            foreach (var parameter in model.parameters()) parameter.uniform_(-1, 1);
        CheckpointWriter.Write(folder, new JsonObject { ["bytes"] = Bytes(bytes) }, model.state_dict());
        return 0;
    }

    /// <summary>One load in a fresh process: how much the resident set grew at its highest. load-memory FOLDER</summary>
    public static int Memory(string folder)
    {
        using (var warm = zeros(1000)) warm.Plus_(1);        // libtorch itself is not the weights
        using (CheckpointFolder.Open(folder)) { }
        long before = Resident("VmRSS:");
        using var model = Load(folder);
        long after = Resident("VmRSS:"), peak = Resident("VmHWM:");
        long weights = model.parameters().Sum(parameter => parameter.numel() * parameter.element_size());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"weights {weights / 1e6:F0} MB; resident before {before / 1e6:F0} MB, after {after / 1e6:F0} MB, at most "
            + $"{peak / 1e6:F0} MB"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"resident memory for the weights: {(double)(peak - before) / weights:F3} times their size (limit 1.05)"));
        return peak - before <= 1.05 * weights ? 0 : 1;
    }

    /// <summary>Alternating rounds of reading the file and loading the folder: load-time FOLDER</summary>
    public static int Time(string folder)
    {
        string file = Path.Combine(folder, "model.safetensors");
        long bytes = new FileInfo(file).Length;
        List<double> scans = [], reads = [], loads = [];
        for (int round = 0; round <= Rounds; round++)       // the first warms up
        {
            double scan = Seconds(() => Scan(file));
            nint memory = 0;
            double read = Seconds(() => memory = ReadAndKeep(file, bytes));
            Free(memory);
            Stack? model = null;
            double load = Seconds(() => model = Load(folder));
            model!.Dispose();
            if (round == 0) continue;
            scans.Add(bytes / scan / 1e9);
            reads.Add(bytes / read / 1e9);
            loads.Add(bytes / load / 1e9);
        }
        Report("reading the warm file through one small buffer", scans);
        Report("reading the warm file into new memory", reads);
        Report("loading the folder", loads);
        double ratio = Median(loads) / Median(scans);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"loading runs at {100 * ratio:F0} % of reading the warm file (limit 80 %), {100 * Median(loads) / Median(reads):F0} % "
            + $"of reading it into new memory; medians of {Rounds} rounds of {bytes / 1e6:F0} MB"));
        return ratio >= 0.8 ? 0 : 1;
    }

    /// <summary>Opening the folder mapped, nothing of it read: load-map FOLDER</summary>
    public static int Map(string folder)
    {
        const double Most = 20;
        List<double> opened = [];
        for (int round = 0; round <= Rounds; round++)       // the first compiles
        {
            Stack? model = null;
            double seconds = Seconds(() => model = WeightLoader.Mapped(() => Load(folder)));
            model!.Dispose();
            if (round > 0) opened.Add(1000 * seconds);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"opening the folder mapped: {Median(opened):F1} ms ({opened.Min():F1} to {opened.Max():F1}; limit {Most})"));
        return Median(opened) <= Most ? 0 : 1;
    }

    private static void Report(string what, List<double> speeds) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-48} {Median(speeds):F2} GB/s ({speeds.Min():F2} to {speeds.Max():F2})"));

    private static Stack Load(string folder)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var model = new Stack(checkpoint.Config["bytes"]!.GetValue<long>());
        WeightLoader.Load(model, checkpoint, new WeightNames());
        return model;
    }

    // What cat does: one buffer, from start to end. Nothing is kept, so no page of memory has to be found and cleared.
    private static void Scan(string file)
    {
        byte[] buffer = new byte[1 << 20];
        using var handle = File.OpenHandle(file, options: FileOptions.SequentialScan);
        for (long position = 0, read = 1; read > 0; position += read)
            read = RandomAccess.Read(handle, buffer, position);
    }

    // What a loader must do at least: the bytes end up in memory that the process did not have before.
    private static unsafe nint ReadAndKeep(string file, long bytes)
    {
        const int Step = 8 << 20;
        byte* memory = (byte*)NativeMemory.Alloc((nuint)bytes);
        using var handle = File.OpenHandle(file, options: FileOptions.SequentialScan);
        for (long position = 0; position < bytes;)
            position += RandomAccess.Read(handle, new Span<byte>(memory + position, (int)Math.Min(Step, bytes - position)), position);
        return (nint)memory;
    }

    private static unsafe void Free(nint memory) => NativeMemory.Free((void*)memory);

    private static double Seconds(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return watch.Elapsed.TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static long Resident(string field) => long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;

    private static long Bytes(string text) => long.Parse(text, CultureInfo.InvariantCulture);

}
