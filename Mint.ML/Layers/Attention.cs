using Mint.ML.Tensors;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>Multi-head attention on tensors whose heads are already split: (B, H, L, d).</summary>
internal static class Attention
{
    /// <summary>(B, L, H*d) to (B, H, L, d), a view.</summary>
    public static Tensor SplitHeads(Tensor x, long heads)
    {
        var shape = x.shape;
        using var split = x.view(shape[0], shape[1], heads, -1);
        return split.transpose(1, 2);
    }

    /// <summary>(B, H, L, d) to (B, L, H*d).</summary>
    public static Tensor MergeHeads(Tensor x)
    {
        var shape = x.shape;
        using var rows = x.transpose(1, 2);
        return rows.reshape(shape[0], shape[2], shape[1] * shape[3]);
    }

    /// <summary>softmax(q kᵀ + bias) v.</summary>
    /// <param name="query">(B, H, L, d), already multiplied by the scale: a factor on the short side of the product costs least.</param>
    /// <param name="key">(B, H, S, d).</param>
    /// <param name="value">(B, H, S, d).</param>
    /// <param name="bias">Added to the scores, broadcast to (B, H, L, S); null adds nothing.</param>
    /// <param name="dropout">Probability of dropping an attention weight; 0 drops none.</param>
    /// <returns>(B, H, L, d), of the query's type.</returns>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? bias, double dropout = 0)
    {
        if (query.dtype != key.dtype) return AttendMixed(query, key, value, bias, dropout);
        using var scope = NewDisposeScope();
        var shape = query.shape;
        var (B, H, L, d) = (shape[0], shape[1], shape[2], shape[3]);
        if (query.is_cuda) // one fused kernel; it divides by sqrt(d) itself
            return functional.scaled_dot_product_attention(query.Times(Math.Sqrt(d)), key, value, bias, dropout).MoveToOuterDisposeScope();

        long S = key.shape[2];
        var scores = bmm(query.reshape(B * H, L, d), key.reshape(B * H, S, d).transpose(1, 2)); // (B*H, L, S)
        if (bias is not null) scores.view(B, H, L, S).Plus_(bias);
        var weights = scores.softmax(-1);
        if (dropout > 0) weights = functional.dropout(weights, dropout, training: true);
        return bmm(weights, value.reshape(B * H, S, d)).view(B, H, L, d).MoveToOuterDisposeScope();
    }

    /// <summary>Mixed precision: both products in the keys' type; the softmax, and what is added before it, in the query's, which is float32.</summary>
    private static Tensor AttendMixed(Tensor query, Tensor key, Tensor value, Tensor? bias, double dropout)
    {
        using var scope = NewDisposeScope();
        var (wide, narrow) = (query.dtype, key.dtype);
        if (query.is_cuda) // its sums are float32 whatever its arguments are
            return Attend(query.to(narrow), key, value, bias?.to(narrow), dropout).to(wide).MoveToOuterDisposeScope();
        var scores = query.to(narrow).matmul(key.transpose(2, 3)).to(wide); // (B, H, L, S)
        if (bias is not null) scores.Plus_(bias);
        var weights = scores.softmax(-1);
        if (dropout > 0) weights = functional.dropout(weights, dropout, training: true);
        return weights.to(narrow).matmul(value).to(wide).MoveToOuterDisposeScope();
    }

    /// <summary>softmax(q kᵀ + bias), for looking at: <see cref="Attend"/> may not form it.</summary>
    /// <inheritdoc cref="Attend"/>
    /// <returns>(B, H, L, S).</returns>
    public static Tensor Weights(Tensor query, Tensor key, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var scores = query.matmul(key.transpose(2, 3));
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
