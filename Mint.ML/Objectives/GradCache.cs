using Mint.ML.Bridges;
using static TorchSharp.torch;

namespace Mint.ML.Objectives;

/// <summary>Some pairs of a contrastive batch too large to go through the bridge at once.</summary>
/// <param name="Frames">Frozen encoder's frames, (b, T, E).</param>
/// <param name="FrameMask">(b, T) bool, or null when all frames are real.</param>
/// <param name="Captions">The clips' captions.</param>
public sealed record AlignmentPart(Tensor Frames, Tensor? FrameMask, CaptionBatch Captions);

/// <summary>The contrastive loss of a batch of any size in the memory of a small one.</summary>
/// <remarks>
/// Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup". The loss depends on the parts through their embeddings alone.
/// So the embeddings of all parts are computed without a graph, the loss is differentiated for them, and each part is then run again with a graph
/// and sent its embeddings' gradient. Loss and gradient are the whole batch's; a part's dropout is the same in both of its runs.
/// The price is one forward pass more. The matching loss is not part of this: its negatives are pairs, which go through the bridge together.
/// </remarks>
public static class GradCache
{
    /// <summary>Adds the gradient of the batch's contrastive loss (times <see cref="AlignmentOptions.ContrastiveWeight"/>) to the bridge's parameters.</summary>
    /// <param name="bridge">The network to train.</param>
    /// <param name="parts">How many parts the batch has.</param>
    /// <param name="read">Gives a part; asked twice for each, and to give the same both times. The caller disposes of its tensors, or reads within a dispose scope.</param>
    /// <param name="options">How the loss is computed.</param>
    /// <returns>The loss, unweighted and without a graph, a scalar.</returns>
    public static Tensor Backward(BridgeNet bridge, int parts, Func<int, AlignmentPart> read, AlignmentOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        using var scope = NewDisposeScope();
        var (audio, text) = (new List<Tensor>(), new List<Tensor>());
        var chance = new Tensor[parts];
        using (no_grad())
            for (int i = 0; i < parts; i++)
            {
                chance[i] = random.get_rng_state();
                var (a, t) = Embed(bridge, read(i));
                audio.Add(a);
                text.Add(t);
            }

        var allAudio = cat([.. audio], 0).requires_grad_();   // (B, Q, 256)
        var allText = cat([.. text], 0).requires_grad_();     // (B, 256)
        var loss = Contrastive.Loss(allAudio, allText, bridge.Temperature, options).Loss;
        (loss * options.ContrastiveWeight).backward();        // the temperature's gradient is complete with this
        var (audioGradient, textGradient) = (allAudio.grad!, allText.grad!);

        var after = random.get_rng_state();
        long start = 0;
        for (int i = 0; i < parts; i++)
        {
            using var part = NewDisposeScope();
            random.set_rng_state(chance[i]);
            var (a, t) = Embed(bridge, read(i));
            long rows = t.shape[0];
            var share = (a * audioGradient.narrow(0, start, rows)).sum() + (t * textGradient.narrow(0, start, rows)).sum();
            share.backward();
            start += rows;
        }
        random.set_rng_state(after);
        return loss.detach().MoveToOuterDisposeScope();
    }

    private static (Tensor Audio, Tensor Text) Embed(BridgeNet bridge, AlignmentPart part)
    {
        using var scope = NewDisposeScope();
        using var audio = bridge.Listen(part.Frames, part.FrameMask);
        var queries = bridge.QFormer.QueryPass(bridge.Queries, audio);
        var text = bridge.QFormer.TextPass(part.Captions.Ids, part.Captions.Mask);
        return (bridge.EmbedAudio(queries).MoveToOuterDisposeScope(), bridge.EmbedText(text).MoveToOuterDisposeScope());
    }
}
