using System.Globalization;
using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Training;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

/// <summary>A stage-1 step of a BERT-base-size bridge, beside bench/reference/train.py: the same sizes and captions of the same lengths.</summary>
internal static class TrainBench
{
    private const int Frames = 250, Width = 768;

    /// <param name="threads">Threads of the engine.</param>
    /// <param name="captions">Tokens of each caption, separated by commas.</param>
    /// <param name="recompute">Whether blocks are computed again for the gradient.</param>
    public static int Run(string threads, string captions, bool recompute)
    {
        set_num_threads(int.Parse(threads, CultureInfo.InvariantCulture));
        random.manual_seed(1);
        using var bridge = new BridgeNet(new BridgeNetConfig());
        bridge.Initialize(1);
        bridge.train();
        bridge.QFormer.RecomputesBlocks = recompute;
        using var optimizer = Optimizer.Over(bridge.named_parameters(), weightDecay: 0.05);
        using var negatives = new Generator(1);
        int[] lengths = [.. captions.Split(',').Select(int.Parse)];
        using var frames = randn(lengths.Length, Frames, Width);
        using var mask = Indices(lengths.Max()).lt(tensor(lengths).unsqueeze(1)); // padded to the longest of the batch, as TrainingLoop does
        using var ids = randint(1, 30000, mask.shape, dtype: ScalarType.Int64).mul_(mask);
        var options = new AlignmentOptions();

        void Step()
        {
            using var scope = NewDisposeScope();
            AlignmentObjectives.Losses(bridge, frames, null, new CaptionBatch(ids, mask, 30522), options, negatives).Total.backward();
            optimizer.Step(1e-4);
            optimizer.FreeGradients();
        }

        Step();
        Console.WriteLine("ready");
        while (Console.ReadLine() is not null)
        {
            Step();
            Console.WriteLine("done");
        }
        return 0;
    }
}
