using Mint.ML.Bridges;
using Mint.ML.Objectives;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>Stage 1's losses on held-out pairs, and how often a caption finds its clip among all of them.</summary>
internal sealed class HeldOutPairs(
    BridgeNet bridge, ITrainingStage pairs, Func<int[], (Tensor Ids, Tensor Mask)> tokens, AlignmentValidation data, AlignmentOptions objective, TrainingOptions options)
    : HeldOut(pairs, data.Audio, options)
{
    private readonly List<(int[] Examples, Tensor Clips, Tensor Texts)> embeddings = [];

    protected override IReadOnlyList<string> Means { get; } = ["loss", .. pairs.LossNames.Skip(1)];

    // Without contrast nothing trains the embeddings.
    protected override IReadOnlyList<string> Wholes { get; } = objective.ContrastiveWeight > 0 ? ["r1", "r5", "r10"] : [];

    public override bool LowerIsBetter(string metric) => Means.Contains(metric);

    protected override Tensor Measure(int[] examples, Tensor frames, Tensor? mask, Generator random)
    {
        if (Wholes.Count > 0)
        {
            var (ids, real) = tokens(examples);
            var clips = bridge.EmbedAudio(bridge.QFormer.QueryPass(bridge.Queries, bridge.Listen(frames, mask)));  // (B, Q, E)
            var texts = bridge.EmbedText(bridge.QFormer.TextPass(ids, real));                                      // (B, E)
            embeddings.Add((examples, clips.MoveToOuterDisposeScope(), texts.MoveToOuterDisposeScope()));
        }
        return Stage.Losses(examples, frames, mask, random);
    }

    protected override IReadOnlyList<double> Whole()
    {
        if (Wholes.Count == 0) return [];
        using var scope = NewDisposeScope();
        // Equal captions have equal numbers.
        var number = new Dictionary<string, long>();
        long[] groups = [.. embeddings.SelectMany(batch => batch.Examples).Select(example => number.TryAdd(data.Captions[example], number.Count) ? number.Count - 1 : number[data.Captions[example]])];
        var group = tensor(groups, device: embeddings[0].Texts.device);
        var texts = cat([.. embeddings.Select(batch => batch.Texts)], 0);                                          // (N, E)
        var one = ones([], device: texts.device);
        var similarity = cat([.. embeddings.Select(batch => Contrastive.Similarity(batch.Clips, texts, one))], 0); // (N clips, N texts)
        var right = group.unsqueeze(1).eq(group.unsqueeze(0));
        var best = similarity.FillWhere(right.logical_not(), double.NegativeInfinity).amax([0]);                  // (N texts)
        // Wrong clips that are as similar, but for rounding, stand before the right one: a model to which all sounds alike finds nothing.
        var ahead = similarity.ge(best.Minus(1e-5)).logical_and(right.logical_not()).sum([0]);
        embeddings.Clear();
        long[] ranks = ahead.cpu().data<long>().ToArray();
        return [.. new[] { 1, 5, 10 }.Select(k => ranks.Count(rank => rank < k) / (double)ranks.Length)];
    }
}
