using Mint.ML.Distributed;
using static TorchSharp.torch;

namespace Mint.ML.Objectives;

/// <summary>A batch whose pairs lie on several ranks, as one of them sees it.</summary>
/// <param name="Ranks">The ranks.</param>
/// <param name="Captions">All captions, (B, L): every rank can read them.</param>
/// <param name="Places">Where this rank's pairs stand among all, (b) int64.</param>
/// <param name="Hear">Frames (n, T, E) and mask (n, T) of any clips of the batch: every rank can read them.</param>
/// <remarks>
/// What is learned is what one rank would learn from the whole batch. Contrast: embeddings are gathered, and every rank computes the whole loss and its
/// gradients for all embeddings; each sends its own pairs their part, so that no gradient has to come back from another rank. Matching: negatives are drawn
/// from the whole batch, by the same draws on every rank; a clip of another rank is heard again here, whereby the gradient of hearing it is here too.
/// Generation is a mean over tokens, of which ranks have different numbers.
/// </remarks>
internal sealed record SpreadBatch(Ranks Ranks, CaptionBatch Captions, Tensor Places, Func<long[], (Tensor Frames, Tensor? Mask)> Hear)
{
    /// <summary>Pairs of all ranks.</summary>
    public long Rows => Captions.Ids.shape[0];

    /// <summary>All ranks' rows, without a graph.</summary>
    public Tensor Gather(Tensor own) => Ranks.Gather(own, Places, Rows);

    /// <summary>The whole batch's contrastive loss, as this rank's pairs see it.</summary>
    /// <param name="audio">Their embeddings with their graph.</param>
    /// <param name="text">Their embeddings with their graph.</param>
    /// <param name="temperature">The parameter.</param>
    /// <param name="loss">The loss of all embeddings and of the temperature.</param>
    public Tensor Contrast(Tensor audio, Tensor text, Tensor temperature, Func<Tensor, Tensor, Tensor, Tensor> loss)
    {
        using var scope = NewDisposeScope();
        using var solved = SolvedContrast.Of(Gather(audio), Gather(text), temperature, loss);
        return solved.SeenBy(audio, text, temperature, Places).MoveToOuterDisposeScope();
    }

    /// <summary>What a mean over this rank's predicted tokens counts beside one of all ranks', for means that are weighed by pairs.</summary>
    public double TokenShare()
    {
        using var scope = NewDisposeScope();
        var tokens = Captions.Mask.narrow(1, 1, Captions.Mask.shape[1] - 1).to(ScalarType.Int64).sum(1); // (B)
        double own = tokens.index_select(0, Places).sum().item<long>(), all = tokens.sum().item<long>();
        return own / all * Rows / Places.shape[0];
    }
}
