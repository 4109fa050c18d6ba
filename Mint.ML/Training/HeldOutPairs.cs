using Mint.ML.Metrics;
using Mint.ML.Retrieval;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>The losses of stage 1, or of CLAP, on held-out pairs, and how often a caption finds its clip among all of them.</summary>
/// <param name="pairs">The held-out pairs as the stage sees them.</param>
/// <param name="embed">Unit vectors of some pairs' clips and captions.</param>
/// <param name="texts">The captions, one an example.</param>
/// <param name="audio">The clips' frames.</param>
/// <param name="contrasts">Whether anything trains the embeddings.</param>
/// <param name="options">How the run is trained.</param>
internal sealed class HeldOutPairs(
    ITrainingStage pairs, Func<int[], Tensor, Tensor?, (IReadOnlyList<float[,]> Clips, IReadOnlyList<float[,]> Texts)> embed, IReadOnlyList<string> texts,
        IFrameSource audio, bool contrasts, TrainingOptions options)
    : HeldOut(pairs, audio, options)
{
    private readonly List<string> captions = [];
    private readonly List<float[,]> clips = [], vectors = [];

    protected override IReadOnlyList<string> Means { get; } = ["loss", .. pairs.LossNames.Skip(1)];

    protected override IReadOnlyList<string> Wholes { get; } = contrasts ? ["r1", "r5", "r10"] : [];

    public override bool LowerIsBetter(string metric) => Means.Contains(metric);

    protected override Tensor Measure(BatchShare batch, Tensor frames, Tensor? mask, Generator random)
    {
        if (Wholes.Count > 0)
        {
            var (heard, read) = embed(batch.Own, frames, mask);
            captions.AddRange(batch.Whole.Select(example => texts[example]));
            clips.AddRange(Whole(batch, heard));
            vectors.AddRange(Whole(batch, read));
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
        float[,] similarity = BridgeEmbeddings.Similarities(vectors, clips); // (N texts, N clips)
        var scores = RetrievalMetrics.Score(similarity, RetrievalMetrics.SameCaption(captions, [.. captions.Select(caption => (string[])[caption])]));
        captions.Clear();
        clips.Clear();
        vectors.Clear();
        return [scores.RecallAt(1), scores.RecallAt(5), scores.RecallAt(10)];
    }
}
