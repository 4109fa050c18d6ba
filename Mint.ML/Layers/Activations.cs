using Mint.ML.Tensors;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>The activation functions that configurations name.</summary>
internal static class Activations
{
    /// <summary>The function of a Hugging Face name; <paramref name="key"/> is where the configuration holds it, for the error.</summary>
    /// <exception cref="InvalidDataException">No model of ours uses that name.</exception>
    public static Func<Tensor, Tensor> ByName(string name, string key) => name switch
    {
        "gelu" => functional.gelu,
        "gelu_new" or "gelu_pytorch_tanh" => GeluTanh,
        "quick_gelu" => QuickGelu,
        "relu" => x => functional.relu(x),
        "silu" or "swish" => x => functional.silu(x),
        _ => throw new InvalidDataException(
            $"config.json: '{key}' is \"{name}\", expected gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, relu or silu."),
    };

    /// <summary>GELU by its tanh approximation: x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    public static Tensor GeluTanh(Tensor x)
    {
        // (1 + tanh u) / 2 is sigmoid(2u): three temporaries instead of eight. Factors are multiplied in place only where
        // the derivative does not need the value from before.
        const double c = 1.5957691216057308; // 2 √(2/π)
        using var slope = x.Squared().Times_(0.044715 * c).Plus_(c);
        using var gate = slope.mul(x).sigmoid_();
        return gate.mul(x);
    }

    /// <summary>CLIP's GELU: x sigmoid(1.702 x).</summary>
    public static Tensor QuickGelu(Tensor x)
    {
        using var gate = x.Times(1.702).sigmoid_();
        return gate.mul(x);
    }
}
