using Mint.ML.Bridges;
using Mint.ML.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training.Memory;

/// <summary>How a bridge and the models around it compute while a run lasts: <see cref="TrainingOptions.Precision"/> and
/// <see cref="TrainingOptions.ActivationCheckpointing"/>.</summary>
internal sealed class Numerics : IDisposable
{
    private readonly BridgeNet bridge;
    private readonly Linear[] products;

    public Numerics(TrainingOptions options, BridgeNet bridge, params IEnumerable<Module> others)
    {
        this.bridge = bridge;
        products = [.. others.Prepend(bridge).SelectMany(module => module.modules().Prepend(module)).OfType<Linear>()];
        Set(options.Precision == TrainingPrecision.BFloat16 ? ScalarType.BFloat16 : null, options.ActivationCheckpointing);
    }

    /// <summary>Back to the weights' own type.</summary>
    public void Dispose() => Set(null, false);

    private void Set(ScalarType? type, bool recompute)
    {
        foreach (var product in products) product.ComputeType = type;
        bridge.QFormer.RecomputesBlocks = recompute;
    }
}
