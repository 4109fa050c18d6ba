using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>Two linear layers with an activation between them, whose fields are called as in timm and CLIP: (B, L, D) to (B, L, D).</summary>
internal sealed class FeedForward : Module<Tensor, Tensor>
{
    private readonly Linear fc1;
    private readonly Linear fc2;
    private readonly Func<Tensor, Tensor> activation;

    /// <param name="width">D.</param>
    /// <param name="inner">Width between the layers.</param>
    /// <param name="activation">Gives a new tensor.</param>
    public FeedForward(long width, long inner, Func<Tensor, Tensor> activation) : base(nameof(FeedForward))
    {
        fc1 = new Linear(width, inner);
        fc2 = new Linear(inner, width);
        this.activation = activation;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var inner = fc1.call(x);
        using var active = activation(inner);
        return fc2.call(active);
    }
}
