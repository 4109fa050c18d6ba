using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Generation;

/// <summary>What every prompt must be before a model sees it.</summary>
internal static class Prompts
{
    /// <exception cref="ArgumentException">Prompt and mask do not fit the model or each other.</exception>
    public static void Check(ILanguageModel model, Tensor prompt, Tensor promptMask)
    {
        if (prompt.shape is not [var rows, var length, var width] || width != model.HiddenSize || length == 0)
        {
            throw new ArgumentException($"A prompt should be (B, P, {model.HiddenSize}) embeddings; it is ({string.Join(", ", prompt.shape)}).",
                nameof(prompt));
        }

        if (promptMask.dtype != ScalarType.Bool || !promptMask.shape.SequenceEqual([rows, length]))
        {
            throw new ArgumentException($"The prompt's mask should be ({rows}, {length}) of bool; it is ({string.Join(", ", promptMask.shape)}) of "
                + $"{promptMask.dtype}.", nameof(promptMask));
        }

        using var scope = NewDisposeScope();
        long[] real = Cpu.Longs(promptMask.to(ScalarType.Int64).sum(1));
        if (Array.IndexOf(real, 0) is var empty and >= 0)
            throw new ArgumentException($"Prompt {empty} is all padding.", nameof(promptMask));
    }
}
