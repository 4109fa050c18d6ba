using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            private static readonly Op attention_op = "scaled_dot_product_attention";

            /// <summary>softmax(query keyᵀ / √width + mask) value.</summary>
            /// <param name="query">(..., L, E).</param>
            /// <param name="key">(..., S, E).</param>
            /// <param name="value">(..., S, V).</param>
            /// <param name="attn_mask">Broadcastable to (..., L, S): boolean, true where a key takes part, or of the query's type, added to the scores.</param>
            /// <param name="p">The probability of dropping an attention weight; not subject to any module's training mode.</param>
            /// <param name="is_casual">Position i sees keys 0..i; not together with a mask.</param>
            public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor attn_mask = null, double p = 0, bool is_casual = false)
                => attention_op.IsOffered
                    ? attention_op.Call(query, key, value, attn_mask, p, is_casual)
                    : ComposedAttention(query, key, value, attn_mask, p, is_casual);

            /// <summary>The same out of operators that every libtorch has: 1.13 offers attention only privately.</summary>
            internal static Tensor ComposedAttention(Tensor query, Tensor key, Tensor value, Tensor mask, double p, bool causal)
            {
                if (causal && mask is not null) throw new System.Runtime.InteropServices.ExternalException("scaled_dot_product_attention: an explicit attn_mask should not be set when is_casual is true.");
                using var scope = NewDisposeScope();
                long queries = query.shape[^2], keys = key.shape[^2];
                if (causal) mask = ones([queries, keys], dtype: ScalarType.Bool, device: query.device).tril();

                var scores = query.mul(1 / Math.Sqrt(query.shape[^1])).matmul(key.transpose(-2, -1)); // (..., L, S)
                Tensor weights;
                if (mask is null) {
                    weights = softmax(scores, -1);
                } else if (mask.dtype != ScalarType.Bool) {
                    weights = softmax(scores.add(mask), -1);
                } else {
                    // A query that sees no key at all gets zeros, as in current PyTorch, not the 0/0 of a softmax over nothing.
                    var blind = mask.any(-1, true).logical_not(); // (..., L, 1)
                    bool someBlind = blind.any().item<bool>();
                    var hidden = someBlind ? mask.logical_or(blind).logical_not() : mask.logical_not();
                    weights = softmax(scores.masked_fill(hidden, double.NegativeInfinity), -1);
                    if (someBlind) weights = weights.masked_fill(blind, 0);
                }
                if (p > 0) weights = dropout(weights, p);
                return weights.matmul(value).MoveToOuterDisposeScope();
            }
        }
    }
}
