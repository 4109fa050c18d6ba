using Mint.ML.Tensors;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>
/// A transformer block of Vaswani et al. (2017) with its norms first, as Wang et al. (2019) and ViT have it: x + attention(norm(x)), then x + mlp(norm(x)).
/// The fields are called as in timm.
/// </summary>
internal sealed class PreNormBlock : Module<Tensor, Tensor>
{
    private readonly LayerNorm norm1;
    private readonly Module<Tensor, Tensor> attn;
    private readonly LayerNorm norm2;
    private readonly FeedForward mlp;

    /// <param name="width">D.</param>
    /// <param name="eps">Epsilon of the norms.</param>
    /// <param name="attention">(B, L, D) to the same.</param>
    /// <param name="feedForward">(B, L, D) to the same.</param>
    public PreNormBlock(long width, double eps, Module<Tensor, Tensor> attention, FeedForward feedForward) : base(nameof(PreNormBlock))
    {
        norm1 = new LayerNorm(width, eps);
        attn = attention;
        norm2 = new LayerNorm(width, eps);
        mlp = feedForward;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = x.Plus(attn.call(norm1.call(x)));
        return x.Plus(mlp.call(norm2.call(x))).MoveToOuterDisposeScope();
    }
}
