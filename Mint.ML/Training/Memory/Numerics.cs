using Mint.ML.Bridges;
using Mint.ML.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training.Memory;

/// <summary>How the models of a run compute while a run lasts: <see cref="TrainingOptions.Precision"/> and
/// <see cref="TrainingOptions.ActivationCheckpointing"/>.</summary>
internal sealed class Numerics : IDisposable
{
    private readonly BridgeNet[] bridges;
    private readonly Linear[] products;

    public Numerics(TrainingOptions options, params IReadOnlyList<Module> models)
    {
        bridges = [.. models.OfType<BridgeNet>()];
        products = [.. models.SelectMany(module => module.WithSelf()).OfType<Linear>()];
        Set(options.Precision == TrainingPrecision.BFloat16 ? ScalarType.BFloat16 : null, options.ActivationCheckpointing);
    }

    /// <summary>Back to the weights' own type.</summary>
    public void Dispose() => Set(null, false);

    private void Set(ScalarType? type, bool recompute)
    {
        foreach (var product in products) product.ComputeType = type;
        foreach (var bridge in bridges) bridge.QFormer.RecomputesBlocks = recompute;
    }
}
