using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>Which parameters decay: LAVIS leaves out biases and vectors (norms); the temperature and the queries do decay.</summary>
public static class WeightDecay
{
    /// <summary>Splits a module's parameters.</summary>
    public static (List<Parameter> Decayed, List<Parameter> Free) Split(IEnumerable<(string name, Parameter parameter)> parameters)
    {
        var (decayed, free) = (new List<Parameter>(), new List<Parameter>());
        foreach (var (name, parameter) in parameters)
            (parameter.ndim == 1 || name.EndsWith("bias", StringComparison.Ordinal) ? free : decayed).Add(parameter);
        return (decayed, free);
    }
}
