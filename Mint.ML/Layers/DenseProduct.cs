using Mint.ML.Native;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>x Wᵀ + b, the product of every projection: libtorch's, or where that is slower on this processor, <see cref="OneDnnProducts"/> and
/// <see cref="RowProducts"/>.</summary>
internal sealed class DenseProduct : autograd.SingleTensorFunction<DenseProduct>
{
    /// <summary>Multiplications below which a call's own time outweighs what it gains.</summary>
    private const long Least = 1 << 22;

    public override string Name => nameof(DenseProduct);

    /// <summary>The product, with its gradients.</summary>
    /// <param name="x">(..., inputs).</param>
    /// <param name="weight">(outputs, inputs).</param>
    /// <param name="bias">(outputs), or null.</param>
    /// <returns>(..., outputs).</returns>
    public static Tensor Of(Tensor x, Tensor weight, Tensor? bias)
    {
        if (!Takes(x, weight, bias) || !OneDnnProducts.Preferred) return functional.linear(x, weight, bias);
        return (Learns(x, weight, bias) ? null : RowProducts.Of(x, weight, bias)) ?? ByOneDnn(x, weight, bias);
    }

    private static bool Learns(Tensor x, Tensor weight, Tensor? bias) =>
        is_grad_enabled() && (x.requires_grad || weight.requires_grad || bias is { requires_grad: true });

    /// <summary>Whether it is a product of some size, in float32 on the CPU.</summary>
    private static bool Takes(Tensor x, Tensor weight, Tensor? bias) =>
        x.numel() * weight.shape[0] >= Least && x.shape[^1] == weight.shape[1] && Plain(x) && Plain(weight) && (bias is null || Plain(bias));

    /// <summary>Whether it is float32 on the CPU: what other products than libtorch's take.</summary>
    internal static bool Plain(Tensor x) => x.dtype == ScalarType.Float32 && x.device_type == DeviceType.CPU;

    /// <summary>As <see cref="Of"/>, whatever the processor.</summary>
    internal static Tensor ByOneDnn(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var rows = x.reshape(-1, weight.shape[1]);
        var product = !Learns(x, weight, bias) ? OneDnnProducts.Multiply(rows, weight, bias) : bias is null ? apply(rows, weight) : apply(rows, weight, bias);
        return product.view([.. x.shape[..^1], weight.shape[0]]).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, weight, bias) = ((Tensor)vars[0], (Tensor)vars[1], vars.Length > 2 ? (Tensor)vars[2] : null);
        ctx.save_data("factors", new Factors(Held(x), Held(weight), x.requires_grad, weight as Parameter, weight.requires_grad, bias));
        return OneDnnProducts.Multiply(x, weight, bias);

        static Tensor Held(Tensor factor) => factor.detach().DetachFromDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var factors = (Factors)ctx.get_data("factors");
        var slope = grad_output.contiguous(); // (rows, outputs)
        var byX = factors.ToX ? OneDnnProducts.Multiply(slope, factors.Weight.t(), null) : null;                     // (rows, inputs)
        var byWeight = factors.ToWeight ? OneDnnProducts.Multiply(slope.t(), factors.X.t(), null) : null;            // (outputs, inputs)
        var byBias = factors.Bias is { requires_grad: true } ? slope.sum([0]) : null;
        byWeight = HandedOn.ToParameter(factors.Parameter, byWeight);
        byBias = HandedOn.ToParameter(factors.Bias as Parameter, byBias);
        return factors.Bias is null ? HandedOn.Gradients(byX, byWeight) : HandedOn.Gradients(byX, byWeight, byBias);
    }

    /// <summary>What the gradient needs, freed as soon as that is computed: what save_for_backward keeps, TorchSharp frees with the whole graph, when the
    /// gradients of all layers are there already.</summary>
    private sealed record Factors(Tensor X, Tensor Weight, bool ToX, Parameter? Parameter, bool ToWeight, Tensor? Bias) : IDisposable
    {
        public void Dispose()
        {
            X.Dispose();
            Weight.Dispose();
        }
    }
}
