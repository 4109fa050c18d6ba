using Mint.ML.Tensors;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>Multi-head attention on tensors whose heads are already split: (B, H, L, d).</summary>
/// <remarks>
/// Every model attends by <see cref="Attend"/>, which is libtorch's fused kernel. On one CPU core of libtorch 2.10 it took, of the time of two products with
/// a softmax between them: 0.4 to 0.6 in encoders of 500 frames, 0.7 in the Q-Former's cross-attention with its gradient, 1.0 at 60 tokens, 0.4 to 0.7 in
/// steps of decoding. Three cases are left to the products, on the CPU alone: dropout, which the kernel does not know (1.2 of their time); mixed
/// precision, where scores and mask have to stay float32; and T5's unscaled scores where √d, by which the kernel divides, is no power of two and cannot be
/// multiplied beforehand without rounding. A few queries without a gradient go to <see cref="FewQueries"/> where one core has them.
/// </remarks>
internal static class Attention
{
    /// <summary>(..., L, H*d) to (..., H, L, d), a view.</summary>
    public static Tensor SplitHeads(Tensor x, long heads)
    {
        using var split = x.view([.. x.shape[..^1], heads, x.shape[^1] / heads]);
        return split.transpose(-3, -2);
    }

    /// <summary>Several projections side by side, (..., L, parts*H*d), to one (..., H, L, d) each, views.</summary>
    public static Tensor[] SplitHeads(Tensor x, long heads, int parts)
    {
        long width = x.shape[^1] / parts;
        return [.. Enumerable.Range(0, parts).Select(part =>
        {
            using var one = x.narrow(-1, part * width, width);
            return SplitHeads(one, heads);
        })];
    }

    /// <summary>(..., H, L, d) to (..., L, H*d).</summary>
    public static Tensor MergeHeads(Tensor x)
    {
        using var rows = x.transpose(-3, -2);
        return rows.flatten(-2);
    }

    /// <summary>softmax(q kᵀ / √d + bias) v.</summary>
    /// <param name="query">(B, H, L, d).</param>
    /// <param name="key">(B, H, S, d); of a narrower type than the query in mixed precision.</param>
    /// <param name="value">(B, H, S, d), of the key's type.</param>
    /// <param name="bias">Added to the scores, broadcast to (B, H, L, S); null adds nothing.</param>
    /// <param name="dropout">Probability of dropping an attention weight; 0 drops none.</param>
    /// <param name="scaled">False leaves the scores as they are, as T5 does, instead of dividing them by √d.</param>
    /// <returns>(B, H, L, d), of the query's type.</returns>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? bias, double dropout = 0, bool scaled = true)
    {
        using var scope = NewDisposeScope();
        var (wide, narrow) = (query.dtype, key.dtype);
        double root = Math.Sqrt(query.shape[^1]);
        if (dropout == 0 && FewQueries.Of(query, key, value, bias, scaled ? 1 / root : 1) is { } few) return few.MoveToOuterDisposeScope();
        bool exact = scaled || double.IsPow2(root); // 8 for the 64-wide heads of all published T5
        if (query.is_cuda || (wide == narrow && dropout == 0 && exact)) // the kernel's sums are float32 whatever its arguments are
        {
            var asked = (scaled ? query : query.Times(root)).to(narrow);
            return functional.scaled_dot_product_attention(asked, key, value, bias?.to(narrow), dropout).to(wide).MoveToOuterDisposeScope();
        }
        // The factor on the short side of the product costs least.
        var scores = (scaled ? query.Times(1 / root) : query).to(narrow).matmul(key.transpose(-2, -1)).to(wide); // (B, H, L, S)
        if (bias is not null) scores.Plus_(bias);
        var weights = scores.softmax(-1);
        if (dropout > 0) weights = DropoutPass.Of(weights, dropout);
        return weights.to(narrow).matmul(value).to(wide).MoveToOuterDisposeScope();
    }

    /// <summary>softmax(q kᵀ / √d + bias), for looking at: <see cref="Attend"/> may not form it.</summary>
    /// <inheritdoc cref="Attend"/>
    /// <returns>(B, H, L, S).</returns>
    public static Tensor Weights(Tensor query, Tensor key, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var scores = query.Times(Math.Pow(query.shape[^1], -0.5)).matmul(key.transpose(2, 3));
        return (bias is null ? scores : scores.Plus(bias)).softmax(-1).MoveToOuterDisposeScope();
    }

    /// <summary>A key mask as a bias: 0 where <paramref name="mask"/> is true, <paramref name="masked"/> elsewhere.</summary>
    /// <param name="mask">(B, S) bool, or null.</param>
    /// <param name="masked">What a masked key's score gets; null for the type's lowest value, as Hugging Face does.</param>
    /// <param name="dtype">Type of the scores.</param>
    /// <returns>(B, 1, 1, S), or null when no key is masked, so that the layers add nothing.</returns>
    public static Tensor? Bias(Tensor? mask, ScalarType dtype, double? masked = null)
    {
        if (mask is null) return null;
        using var scope = NewDisposeScope();
        // On an accelerator the question would wait for everything queued before it, and cost more than the addition.
        if (mask.device_type == TorchSharp.DeviceType.CPU && mask.all().item<bool>()) return null;
        var shape = mask.shape;
        return zeros([shape[0], 1, 1, shape[1]], dtype, mask.device)
            .FillWhere_(mask.logical_not().view(shape[0], 1, 1, shape[1]), masked ?? Lowest(dtype))
            .MoveToOuterDisposeScope();
    }

    /// <summary>The lowest finite value of a type.</summary>
    public static double Lowest(ScalarType dtype) => finfo(dtype).min;
}
