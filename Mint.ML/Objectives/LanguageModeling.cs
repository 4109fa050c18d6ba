using Mint.ML.LanguageModels;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Objectives;

/// <summary>Stage 2's loss: the frozen language model should find the response likely, given the prompt of audio and instruction.</summary>
/// <remarks>MINT, section 3.3; InstructBLIP. Only the response's tokens count, and there is no label smoothing.</remarks>
internal static class LanguageModeling
{
    /// <summary>Mean cross-entropy over the response tokens.</summary>
    /// <param name="model">The frozen language model; gradients pass through it to the prompt.</param>
    /// <param name="prompt">(B, P, D) input embeddings.</param>
    /// <param name="promptMask">(B, P) bool.</param>
    /// <param name="targets">(B, T) int64 response ids, EOS included, -100 where they end.</param>
    public static Tensor Loss(ILanguageModel model, Tensor prompt, Tensor promptMask, Tensor targets)
    {
        using var scope = NewDisposeScope();
        return Loss(model.Logits(prompt, promptMask, targets), targets).MoveToOuterDisposeScope();
    }

    /// <summary>The loss of logits (B, T, V) that are there already.</summary>
    internal static Tensor Loss(Tensor logits, Tensor targets)
    {
        using var scope = NewDisposeScope();
        return functional.cross_entropy(logits.to(ScalarType.Float32).reshape(-1, logits.shape[2]), targets.reshape(-1)).MoveToOuterDisposeScope();
    }
}
