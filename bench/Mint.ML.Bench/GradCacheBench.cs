using System.Diagnostics;
using System.Globalization;
using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;

/// <summary>An epoch of stage 1 on 256 clips through a bridge of half BERT-base's width and depth, 8 clips at a time.</summary>
internal static class GradCacheBench
{
    private const int Clips = 256, Batch = 8, Frames = 100, Width = 256;

    /// <param name="contrasted">Clips that are contrasted with each other.</param>
    public static int Run(string contrasted)
    {
        using var bridge = new BridgeNet(new BridgeNetConfig
        {
            QFormer = new QFormerConfig { VocabularySize = 4001, HiddenSize = 384, Layers = 6, Heads = 6, FeedForwardSize = 1536, AudioSize = Width },
        });
        bridge.Initialize(1);
        var chance = new Random(1);
        var frames =
            new FrameTable([.. Enumerable.Range(0, Clips).Select(_ => Enumerable.Range(0, Frames * Width).Select(_ => chance.NextSingle()).ToArray())], Width);
        string[] captions = [.. Enumerable.Range(0, Clips).Select(i => new string([.. Enumerable.Range(0, 20).Select(_ => (char)chance.Next(33, 4000))]))];
        int batch = int.Parse(contrasted, CultureInfo.InvariantCulture);
        var watch = Stopwatch.StartNew();
        var result = AlignmentTraining.Run(bridge, new Characters(), frames, captions,
            new AlignmentOptions { ContrastiveBatch = batch == Batch ? null : batch }, new TrainingOptions { Epochs = 1, BatchSize = Batch });
        string peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal))
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{long.Parse(peak, CultureInfo.InvariantCulture) / 1024} {result.LastLosses["contrastive"]:F4} {watch.Elapsed.TotalSeconds:F1}"));
        return 0;
    }

    /// <summary>A character a token.</summary>
    private sealed class Characters : ITextTokenizer
    {
        public int VocabularySize => 4000;
        public int? PadTokenId => 0;
        public int? BosTokenId => 1;
        public int? EosTokenId => 2;
        public int[] Encode(string text, bool addSpecialTokens = true, int maxLength = int.MaxValue) => [.. text.Take(maxLength).Select(c => (int)c)];
        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, bool addSpecialTokens = true, int maxLength = int.MaxValue) =>
            throw new NotSupportedException();
        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchOptions options) => throw new NotSupportedException();
        public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true) => throw new NotSupportedException();
        public int? TokenToId(string token) => null;
    }
}
