using Mint.ML.Layers;
using static TorchSharp.torch;

namespace Mint.ML.Bridges;

/// <summary>A part of a network that keeps its input alone, and is computed a second time when its gradient is asked for.</summary>
/// <remarks>
/// Chen et al., "Training Deep Nets with Sublinear Memory Cost". Both runs draw the same dropout, so the gradient is that of the plain computation.
/// Parameters receive their gradients from within the second run; the inputs' are handed on.
/// </remarks>
internal sealed class Recompute : autograd.SingleTensorFunction<Recompute>
{
    public override string Name => nameof(Recompute);

    /// <param name="part">Computes the output from the inputs; tensors it reads otherwise, but for parameters, must outlive the backward pass.</param>
    /// <param name="inputs">All that may be disposed of before, or needs a gradient.</param>
    public static Tensor Run(Func<Tensor[], Tensor> part, params Tensor[] inputs) => apply([part, .. inputs]);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor[] inputs = [.. vars.Skip(1).Cast<Tensor>()];
        ctx.save_data("part", vars[0]);
        ctx.save_data("chance", new RandomStreamState(inputs[0].device));
        ctx.save_for_backward([.. inputs]);
        // Computed as for a gradient, which is dropped at once: without one asked for, an engine may take other kernels, and round otherwise than in the second
        // run.
        using var grad = enable_grad();
        using var computed = ((Func<Tensor[], Tensor>)vars[0])(inputs);
        return computed.detach();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var grad = enable_grad();
        using var scope = NewDisposeScope();
        Tensor[] inputs = [.. ctx.get_saved_variables().Select(input => input.requires_grad ? input.detach().requires_grad_() : input)];
        using var now = new RandomStreamState(inputs[0].device);
        using (var then = (RandomStreamState)ctx.get_data("chance"))
        {
            then.Return();
            ((Func<Tensor[], Tensor>)ctx.get_data("part"))(inputs).backward([grad_output]);
        }
        now.Return();
        return [null!, .. inputs.Select(input => input.requires_grad ? input.grad!.MoveToOuterDisposeScope() : null!)];
    }
}
