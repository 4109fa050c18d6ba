using static TorchSharp.torch;

namespace Mint.ML.Layers;

/// <summary>Another way to a frozen layer's product than from its weight as it lies.</summary>
internal interface IFrozenProduct : IDisposable
{
    /// <summary>x Wᵀ + b where this way can serve; null where it cannot.</summary>
    /// <param name="x">(..., inputs).</param>
    /// <param name="weight">(outputs, inputs), or (inputs, outputs) where they come first; the same at every call.</param>
    /// <param name="bias">(outputs), or null.</param>
    /// <returns>(..., outputs).</returns>
    Tensor? Product(Tensor x, Tensor weight, Tensor? bias);
}
