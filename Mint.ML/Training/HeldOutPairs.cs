using Mint.ML.Metrics;
using Mint.ML.Objectives;
using Mint.ML.Retrieval;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>Stage 1's losses on held-out pairs, and how often a caption finds its clip among all of them.</summary>
internal sealed class HeldOutPairs(
    BridgeEmbeddings bridge, ITrainingStage pairs, Func<int[], (Tensor Ids, Tensor Mask)> tokens, AlignmentValidation data, AlignmentOptions objective,
        TrainingOptions options)
    : HeldOut(pairs, data.Audio, options)
{
    private readonly List<string> captions = [];
    private readonly List<float[,]> clips = [], texts = [];

    protected override IReadOnlyList<string> Means { get; } = ["loss", .. pairs.LossNames.Skip(1)];

    // Without contrast nothing trains the embeddings.
    protected override IReadOnlyList<string> Wholes { get; } = objective.ContrastiveWeight > 0 ? ["r1", "r5", "r10"] : [];

    public override bool LowerIsBetter(string metric) => Means.Contains(metric);

    protected override Tensor Measure(BatchShare batch, Tensor frames, Tensor? mask, Generator random)
    {
        if (Wholes.Count > 0)
        {
            var (ids, real) = tokens(batch.Own);
            captions.AddRange(batch.Whole.Select(example => data.Captions[example]));
            clips.AddRange(Whole(batch, bridge.Clips(frames, mask)));
            texts.AddRange(Whole(batch, bridge.Texts(ids, real)));
        }
        return Stage.Losses(batch, frames, mask, random);
    }

    // Embeddings of all ranks' examples, (Q, E) each.
    private static IEnumerable<float[,]> Whole(BatchShare batch, IReadOnlyList<float[,]> own)
    {
        if (batch.Ranks.Count == 1) return own;
        using var scope = NewDisposeScope();
        float[] all = Generation.Cpu.Floats(batch.Gather(stack([.. own.Select(one => tensor(one))])));
        var (rows, width) = (own[0].GetLength(0), own[0].GetLength(1));
        return [.. Enumerable.Range(0, batch.Whole.Length).Select(example =>
        {
            var one = new float[rows, width];
            Buffer.BlockCopy(all, example * rows * width * sizeof(float), one, 0, rows * width * sizeof(float));
            return one;
        })];
    }

    protected override IReadOnlyList<double> Whole()
    {
        if (Wholes.Count == 0) return [];
        float[,] similarity = BridgeEmbeddings.Similarities(texts, clips); // (N texts, N clips)
        var scores = RetrievalMetrics.Score(similarity, RetrievalMetrics.SameCaption(captions, [.. captions.Select(caption => (string[])[caption])]));
        captions.Clear();
        clips.Clear();
        texts.Clear();
        return [scores.RecallAt(1), scores.RecallAt(5), scores.RecallAt(10)];
    }
}
