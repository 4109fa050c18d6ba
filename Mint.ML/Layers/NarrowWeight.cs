using Mint.ML.LanguageModels;
using Mint.ML.Native;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Layers;

/// <summary>A frozen weight in bfloat16 or int8 (<see cref="NarrowLanguageModels"/>).</summary>
/// <remarks>
/// It takes the float32 weight's place while a checkpoint is read (<see cref="Replace"/>), or stands beside it from the first product on, where that one is
/// needed as well: a table that is looked up, too. A row's result depends on that row alone, to the bit. Where gradients or another type than float32 on
/// the CPU are asked for, libtorch computes it, from the float32 weight or from the narrow one widened again. bfloat16 by libtorch's own product and not
/// by <see cref="OneDnnProducts"/>: those are as fast, but their sums depend on the number of rows.
/// </remarks>
internal sealed class NarrowWeight(LanguageModelType type, bool inputsFirst) : IFrozenProduct
{
    private readonly Lock narrowing = new();
    private Tensor? matrix; // (outputs, inputs)
    private Tensor? scales; // (outputs), of int8
    private bool replaced;

    /// <summary>Takes the place of the layer's weight, which has no numbers then.</summary>
    /// <param name="wide">What it would hold, float32 on the CPU.</param>
    public void Replace(Tensor wide)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        Narrow(wide);
        replaced = true;
    }

    /// <inheritdoc/>
    public Tensor? Product(Tensor x, Tensor weight, Tensor? bias)
    {
        if (weight.requires_grad)
        {
            if (replaced) throw new InvalidOperationException("A language model that was loaded by NarrowLanguageModels is trained: load it without.");
            Dispose(); // it is being trained: what was made before is of another weight
            return null;
        }
        bool plain = !(is_grad_enabled() && x.requires_grad) && DenseProduct.Plain(x) && x.numel() > 0;
        if (replaced && !plain) return Widened(x, bias);
        if (!replaced && (!plain || !DenseProduct.Plain(weight) || x.shape[^1] != weight.shape[inputsFirst ? 0 : 1])) return null;
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (narrow, scale) = Narrow(weight);
        var rows = x.reshape(-1, narrow.shape[1]);
        var product = scale is not null ? Int8Products.Multiply(rows, narrow, scale)
            : nn.functional.linear(rows.to(ScalarType.BFloat16), narrow).to(ScalarType.Float32);
        if (bias is not null) product.Plus_(bias);
        return product.view([.. x.shape[..^1], narrow.shape[0]]).MoveToOuterDisposeScope();
    }

    // With what x and its gradient are; the weight has none.
    private Tensor Widened(Tensor x, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var (narrow, scale) = Narrow(matrix!);
        var wide = narrow.to(ScalarType.Float32);
        if (scale is not null) wide = wide * scale.unsqueeze(1);
        return nn.functional.linear(x, wide.to(x.dtype).to(x.device), bias).MoveToOuterDisposeScope();
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
                    matrix = (wide / scale.unsqueeze(1)).round_().to(ScalarType.Int8).DetachFromDisposeScope();
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
