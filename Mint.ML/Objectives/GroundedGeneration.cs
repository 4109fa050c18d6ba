using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Objectives;

/// <summary>Audio-grounded text generation (ATG): the caption, token by token, from what the queries took from the audio.</summary>
/// <remarks>MINT, section 3.2; BLIP-2's LM loss. Position t predicts token t + 1; padding does not count.</remarks>
internal static class GroundedGeneration
{
    /// <summary>Mean smoothed cross-entropy over the tokens to predict.</summary>
    /// <param name="states">States of the generation pass, (B, L, D), over [DEC] t1 t2 ...</param>
    /// <param name="ids">The token ids of that pass, (B, L).</param>
    /// <param name="mask">(B, L) bool, true where an id is a token.</param>
    /// <param name="predict">States (n, D) to token logits (n, V).</param>
    /// <param name="smoothing">Label smoothing.</param>
    public static Tensor Loss(Tensor states, Tensor ids, Tensor mask, Func<Tensor, Tensor> predict, double smoothing)
    {
        using var scope = NewDisposeScope();
        long length = ids.shape[1];
        // Only positions that predict a token go through the vocabulary: the product with it is the widest of the step.
        var counts = mask.narrow(1, 1, length - 1).reshape(-1).nonzero().squeeze(1);                                  // (n)
        var before = states.narrow(1, 0, length - 1).reshape(-1, states.shape[2]).index_select(0, counts);           // (n, D)
        var target = ids.narrow(1, 1, length - 1).reshape(-1).index_select(0, counts);                               // (n)
        return functional.cross_entropy(predict(before).to(ScalarType.Float32), target, label_smoothing: smoothing).MoveToOuterDisposeScope();
    }
}
