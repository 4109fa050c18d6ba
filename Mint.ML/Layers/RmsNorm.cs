using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>Divides the last dimension by its root mean square, then scales: no mean is subtracted and nothing added.</summary>
internal sealed class RmsNorm : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly double eps;

    public RmsNorm(long width, double eps) : base(nameof(RmsNorm))
    {
        weight = new Parameter(empty(width));
        this.eps = eps;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var wide = x.to(ScalarType.Float32); // the mean of squares is taken in single precision whatever the weights' type
        var scale = wide.Squared().mean([-1], keepdim: true).Plus_(eps).rsqrt();
        return wide.mul(scale).to(weight.dtype).mul(weight).MoveToOuterDisposeScope();
    }
}
