using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Layers;

/// <summary>How a derivative that is written by hand gives its gradients away without keeping them.</summary>
/// <remarks>
/// What backward returns has a handle in managed code, which TorchSharp 0.107 leaves to the scope around the whole step: all gradients of a step then stand
/// in memory at once. And libtorch copies a parameter's gradient that somebody else holds, instead of taking it. Both together were 2 GB of a step of
/// training at BERT-base size.
/// </remarks>
internal static class HandedOn
{
    [ThreadStatic] private static List<Tensor>? last;

    /// <summary>Adds a gradient to its parameter's, as libtorch would after the call, and returns null; where there is no parameter, the gradient.</summary>
    public static Tensor? ToParameter(Parameter? parameter, Tensor? gradient)
    {
        if (parameter is null || gradient is null) return gradient;
        if (parameter.grad is { } before) before.Plus_(gradient);
        else parameter.grad = gradient;
        return null;
    }

    /// <summary>The list to return. Its handles are freed when the next derivative on this thread is computed: libtorch holds its own by then.</summary>
    public static List<Tensor> Gradients(params ReadOnlySpan<Tensor?> gradients)
    {
        last?.ForEach(gradient => gradient.Dispose());
        last = [];
        var returned = new List<Tensor>();
        foreach (var gradient in gradients)
        {
            returned.Add(gradient!);
            if (gradient is not null) last.Add(gradient.DetachFromDisposeScope());
        }
        return returned;
    }
}
