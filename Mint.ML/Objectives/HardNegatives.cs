using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Objectives;

/// <summary>Draws one wrong partner a row, the more alike the likelier: a matching loss learns little from easy negatives.</summary>
/// <remarks>ALBEF and BLIP-2: the in-batch similarity softmax, its diagonal filled with -10,000.</remarks>
internal static class HardNegatives
{
    /// <summary>Index of a negative for every row: (B) int64.</summary>
    /// <param name="similarity">(B, B); the positive of row i is column i.</param>
    /// <param name="samePair">(B, B) bool, true where a column fits the row as well as its own (equal captions); the diagonal included.</param>
    /// <param name="hard">False draws all negatives alike.</param>
    /// <param name="generator">Where the chance comes from; a CPU generator.</param>
    public static Tensor Draw(Tensor similarity, Tensor samePair, bool hard, Generator generator)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var weights = Weights(hard ? similarity : zeros_like(similarity), samePair);
        // Any draw does where similarities are not numbers: the loss of such a batch is none either, and its caller tells which clips.
        weights = where(weights.isnan(), ones_like(weights), weights);
        // Drawn on the CPU: the same seed draws the same negatives on every device.
        return multinomial(weights.cpu(), 1, generator: generator).squeeze(1).to(similarity.device).MoveToOuterDisposeScope();
    }

    /// <summary>Probability of each column to be drawn for its row.</summary>
    public static Tensor Weights(Tensor similarity, Tensor samePair)
    {
        using var scope = NewDisposeScope();
        var masked = similarity.detach().to(ScalarType.Float32).FillWhere(samePair, -10000);
        return masked.softmax(1).MoveToOuterDisposeScope();
    }
}
