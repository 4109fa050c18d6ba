using System.Diagnostics;
using System.Globalization;
using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

/// <summary>A stage-1 step of a BERT-base-size bridge, beside bench/reference/train.py: the same sizes, every caption of full length.</summary>
internal static class TrainBench
{
    private const int Batch = 8, Frames = 250, Width = 768, Tokens = 30;

    public static int Run(string threads)
    {
        set_num_threads(int.Parse(threads, CultureInfo.InvariantCulture));
        random.manual_seed(1);
        using var bridge = new BridgeNet(new BridgeNetConfig());
        bridge.Initialize(1);
        bridge.train();
        var (decayed, free) = WeightDecay.Split(bridge.named_parameters());
        using var optimizer = optim.AdamW([new AdamW.ParamGroup(decayed, lr: 1e-4, weight_decay: 0.05), new AdamW.ParamGroup(free, lr: 1e-4)], lr: 1e-4);
        using var negatives = new Generator(1);
        using var frames = randn(Batch, Frames, Width);
        using var ids = randint(1, 30000, [Batch, Tokens], dtype: ScalarType.Int64);
        using var mask = ones(Batch, Tokens, dtype: ScalarType.Bool);
        var options = new AlignmentOptions();

        void Step()
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            Alignment.Losses(bridge, frames, null, new CaptionBatch(ids, mask, 30522), options, negatives).Total.backward();
            optimizer.step();
        }

        Step();
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } line && int.TryParse(line, out int steps))
        {
            var watch = Stopwatch.StartNew();
            for (int i = 0; i < steps; i++) Step();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalMilliseconds / steps:F1}"));
        }
        return 0;
    }
}
