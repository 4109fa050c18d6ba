using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>A two-dimensional convolution with unset weights: patch embeddings, and the 1x1 products of fusion.</summary>
internal sealed class Convolution2d : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly long[] stride;
    private readonly long[] padding;

    public Convolution2d(long inputs, long outputs, (long Height, long Width) kernel, (long Height, long Width) stride, long paddingWidth = 0)
        : base(nameof(Convolution2d))
    {
        weight = new Parameter(empty(outputs, inputs, kernel.Height, kernel.Width));
        bias = new Parameter(empty(outputs));
        this.stride = [stride.Height, stride.Width];
        padding = [0, paddingWidth];
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => functional.conv2d(x, weight, bias, stride, padding);
}

/// <summary>Batch normalisation of channels (dimension 1) by the statistics of training: frozen models never update them.</summary>
internal sealed class FrozenBatchNorm : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly Tensor running_mean;
    private readonly Tensor running_var;

    public FrozenBatchNorm(long channels) : base(nameof(FrozenBatchNorm))
    {
        weight = new Parameter(empty(channels));
        bias = new Parameter(empty(channels));
        running_mean = empty(channels);
        running_var = empty(channels);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => functional.batch_norm(x, running_mean, running_var, weight, bias, training: false);
}
