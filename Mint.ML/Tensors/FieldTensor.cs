using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace Mint.ML.Tensors;

/// <summary>Tensors that a field holds, and no dispose scope.</summary>
internal static class FieldTensor
{
    /// <summary>Puts a tensor in the place of another one, which goes.</summary>
    public static void Replace([NotNull] ref Tensor? old, Tensor by)
    {
        old?.Dispose();
        old = by.DetachFromDisposeScope();
    }
}
