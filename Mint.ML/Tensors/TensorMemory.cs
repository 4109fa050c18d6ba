using static TorchSharp.torch;

namespace Mint.ML.Tensors;

/// <summary>What torch.Tensor.set_ is in Python; TorchSharp has no such call.</summary>
internal static class TensorMemory
{
    private static readonly Lazy<jit.CompilationUnit> script = new(() => jit.compile("""
        def place(tensor: Tensor, memory: Tensor):
          return tensor.set_(memory)

        """));

    /// <summary>Gives a tensor, a parameter of a module say, another one's memory, with its shape and strides. Nobody else may be using it meanwhile.</summary>
    /// <param name="tensor">Keeps its identity: who holds it, sees the new memory.</param>
    /// <param name="memory">Of the same type, on the same device.</param>
    public static void Place(Tensor tensor, Tensor memory)
    {
        using var guard = no_grad();
        script.Value.invoke<Tensor>("place", tensor, memory).Dispose();
    }
}
