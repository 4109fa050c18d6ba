using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Native;

/// <summary>Products of float32 rows with a matrix of int8: each row is rounded to int8 by a scale of its own; sums are whole numbers, thus exact.</summary>
/// <remarks>
/// libtorch's product of int8 matrices (oneDNN's) is no function of TorchSharp's; TorchScript has it. There, types are numbers: 1 is int8, 6 is float32.
/// </remarks>
internal static class Int8Products
{
    private const double Least = 1e-30; // a scale of zeros only; far below it a quotient would be infinite

    private static readonly Lazy<jit.CompilationUnit> script = new(() => jit.compile("""
        def multiply(x: Tensor, matrix: Tensor, scales: Tensor):
          own = torch.clamp_min(torch.amax(torch.abs(x), [1], True) / 127., 1e-30)
          whole = torch.round(x / own).to(1)
          return torch._int_mm(whole, matrix.t()).to(6).mul_(scales).mul_(own)

        """));

    /// <summary>The scale of each row: its largest magnitude is 127 times it.</summary>
    /// <remarks>The script's own rule for the rows it meets. One call of C# for each of its operators makes a generation a tenth slower.</remarks>
    /// <param name="x">(rows, inputs).</param>
    /// <returns>(rows).</returns>
    public static Tensor Scales(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.abs().amax([1]).Over(127).AtLeast(Least).MoveToOuterDisposeScope();
    }

    /// <summary>x Wᵀ, without a gradient.</summary>
    /// <param name="x">(rows, inputs), float32 on the CPU.</param>
    /// <param name="matrix">(outputs, inputs) int8.</param>
    /// <param name="scales">(outputs): W is the matrix times these.</param>
    /// <returns>(rows, outputs), float32.</returns>
    public static Tensor Multiply(Tensor x, Tensor matrix, Tensor scales) => script.Value.invoke<Tensor>("multiply", x, matrix, scales);
}
