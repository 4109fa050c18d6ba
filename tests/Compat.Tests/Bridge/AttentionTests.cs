using TorchSharp.Native;
using static TorchSharp.torch;

namespace Compat.Tests.Bridge;

[TestClass]
public class AttentionTests
{
    // The public operator of libtorch 2, or the private one that 1.13 has: query, key, value, mask, dropout, (weights wanted,) causal.
    private static Tensor LibraryAttention(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal)
        => Op.Exists("scaled_dot_product_attention")
            ? ((Op)"scaled_dot_product_attention").Call(q, k, v, mask, 0.0, causal)
            : ((Op)"_scaled_dot_product_attention").Invoke(q, k, v, mask, 0.0, false, causal).Two.Item1;

    [TestMethod]
    public void Composed_attention_equals_the_library_s_own()
    {
        manual_seed(1);
        var (q, k, v) = (randn(2, 3, 4, 8), randn(2, 3, 6, 8), randn(2, 3, 6, 5));
        var keys = ones(2, 1, 4, 6, dtype: ScalarType.Bool);
        keys[0, 0, 1, 2] = tensor(false);
        keys[1, 0, 3] = tensor(new[] { true, false, false, false, true, false });
        foreach (var (mask, causal) in new (Tensor?, bool)[] { (null, false), (null, true), (keys, false), (randn(4, 6), false) }) {
            var own = LibraryAttention(q, k, v, mask, causal);
            var composed = nn.functional.ComposedAttention(q, k, v, mask, 0, causal);
            Assert.IsTrue(composed.allclose(own, 1e-4, 1e-6), $"mask {mask is not null}, causal {causal}");
        }
    }

    [TestMethod]
    public void A_query_that_sees_nothing_gets_zeros_and_harmless_gradients()
    {
        var q = randn(1, 1, 2, 4, requires_grad: true);
        var mask = tensor(new long[] { 0, 0, 0, 1, 1, 0 }).reshape(2, 3).@bool();
        var result = nn.functional.ComposedAttention(q, randn(1, 1, 3, 4), ones(1, 1, 3, 2), mask, 0, false);
        Assert.IsTrue(result.reshape(-1).allclose(tensor(new[] { 0f, 0f, 1f, 1f })));
        result.sum().backward();
        Assert.IsTrue(q.grad!.isfinite().all().item<bool>());
    }
}
