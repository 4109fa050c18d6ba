using Mint.ML.LanguageModels;
using Mint.ML.Native;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Layers;

/// <summary>A frozen weight in bfloat16 or int8, made of the float32 one at the first product (<see cref="NarrowLanguageModels"/>).</summary>
/// <remarks>
/// A row's result depends on that row alone, to the bit. float32 on the CPU without gradients alone; whatever else is asked of the layer comes from the weight
/// itself. bfloat16 by libtorch's own product and not by <see cref="OneDnnProducts"/>: those are as fast, but their sums depend on the number of rows.
/// </remarks>
internal sealed class NarrowWeight(LanguageModelType type, bool inputsFirst) : IFrozenProduct
{
    private readonly Lock narrowing = new();
    private Tensor? matrix; // (outputs, inputs)
    private Tensor? scales; // (outputs), of int8

    /// <inheritdoc/>
    public Tensor? Product(Tensor x, Tensor weight, Tensor? bias)
    {
        if (weight.requires_grad)
        {
            Dispose(); // it is being trained: what was made before is of another weight
            return null;
        }
        if (is_grad_enabled() && x.requires_grad || !DenseProduct.Plain(x) || !DenseProduct.Plain(weight)) return null;
        if (x.numel() == 0 || x.shape[^1] != weight.shape[inputsFirst ? 0 : 1]) return null;
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (narrow, scale) = Narrow(weight);
        var rows = x.reshape(-1, narrow.shape[1]);
        var product = scale is not null ? Int8Products.Multiply(rows, narrow, scale)
            : nn.functional.linear(rows.to(ScalarType.BFloat16), narrow).to(ScalarType.Float32);
        if (bias is not null) product.Plus_(bias);
        return product.view([.. x.shape[..^1], narrow.shape[0]]).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        lock (narrowing)
        {
            matrix?.Dispose();
            scales?.Dispose();
            (matrix, scales) = (null, null);
        }
    }

    // Claims of their own on the memory: the model may be disposed on another thread while this product is under way.
    private (Tensor Matrix, Tensor? Scales) Narrow(Tensor weight)
    {
        lock (narrowing)
        {
            if (matrix is null)
            {
                var wide = inputsFirst ? weight.t().contiguous() : weight;
                if (type == LanguageModelType.Int8)
                {
                    var scale = Int8Products.Scales(wide);
                    scales = scale.DetachFromDisposeScope();
                    matrix = (wide / scale.unsqueeze(1)).round().to(ScalarType.Int8).DetachFromDisposeScope();
                }
                else
                {
                    matrix = wide.to(ScalarType.BFloat16).DetachFromDisposeScope();
                }
            }
            return (matrix.alias(), scales?.alias());
        }
    }
}
