using Mint.ML.Native;
using static TorchSharp.torch;

namespace Mint.ML.Layers;

/// <summary>A frozen weight as the steps of decoding read it: laid out once, at the first product, instead of at each (<see cref="PackedProducts"/>).</summary>
/// <remarks>
/// It doubles the weight's memory, so it is for those that meet few rows again and again: a language model's, from <see cref="Placement.Decoding"/> on.
/// float32 on the CPU without gradients alone; whatever else is asked of the layer is libtorch's, from the weight itself. Where <see cref="OneDnnProducts"/>
/// are preferred, nothing is packed: from a weight that lies (outputs, inputs) they are faster than MKL from a packed one, and one that lies otherwise is
/// turned.
/// </remarks>
internal sealed class PackedWeight(bool inputsFirst) : IFrozenProduct
{
    private readonly Lock packing = new();
    private Tensor? packed;

    /// <inheritdoc/>
    public unsafe Tensor? Product(Tensor x, Tensor weight, Tensor? bias)
    {
        if (weight.requires_grad)
        {
            Dispose(); // it is being trained: what was packed before is another weight
            return null;
        }
        if (is_grad_enabled() || !DenseProduct.Plain(x) || !DenseProduct.Plain(weight)) return null;
        if (OneDnnProducts.Preferred)
        {
            if (!inputsFirst) return null;
            using var turned = LaidOut(() => weight.t().contiguous())!;
            return DenseProduct.Of(x, turned, bias);
        }
        if (!PackedProducts.Available) return null;
        var (outputs, inputs) = inputsFirst ? (weight.shape[1], weight.shape[0]) : (weight.shape[0], weight.shape[1]);
        long rows = x.numel() / inputs;
        // A span holds 2 GB; an empty one has no address.
        if (x.shape[^1] != inputs || rows == 0 || rows * Math.Max(inputs, outputs) > int.MaxValue / sizeof(float)) return null;
        var (m, k, n) = ((int)rows, (int)inputs, (int)outputs);
        using var matrix = LaidOut(() => Pack(weight, k, n));
        if (matrix is null) return null;
        using var dense = x.contiguous();
        var result = empty([.. x.shape[..^1], outputs]);
        if (bias is not null) result.copy_(bias);
        fixed (byte* from = dense.bytes, by = matrix.bytes, to = result.bytes)
        {
            PackedProducts.Multiply((float*)from, (float*)by, m, k, n, add: bias is not null, (float*)to);
        }
        GC.KeepAlive(dense);
        GC.KeepAlive(matrix);
        return result;
    }

    public void Dispose()
    {
        lock (packing)
        {
            packed?.Dispose();
            packed = null;
        }
    }

    // A claim of its own on the memory: the model may be disposed on another thread while this product is under way.
    private Tensor? LaidOut(Func<Tensor?> layOut)
    {
        lock (packing)
        {
            packed ??= layOut()?.DetachFromDisposeScope();
            return packed?.alias();
        }
    }

    private unsafe Tensor? Pack(Tensor weight, int inputs, int outputs)
    {
        long size = PackedProducts.Size(inputs, outputs);
        if (size > int.MaxValue || weight.numel() > int.MaxValue / sizeof(float) || !weight.is_contiguous()) return null;
        var room = empty(size / sizeof(float));
        fixed (byte* from = weight.bytes, to = room.bytes)
        {
            PackedProducts.Pack((float*)from, inputs, outputs, inputsFirst, (float*)to);
        }
        GC.KeepAlive(weight);
        return room;
    }
}
