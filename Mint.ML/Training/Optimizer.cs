using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>A parameter that is trained, and what AdamW knows of its gradients.</summary>
/// <param name="name">Name of the parameter within what is trained.</param>
/// <param name="parameter">The parameter.</param>
/// <param name="decay">Weight decay.</param>
internal sealed class TrainedParameter(string name, Parameter parameter, double decay) : IDisposable
{
    public string Name => name;

    public Parameter Parameter => parameter;

    public double Decay => decay;

    /// <summary>Steps that have moved it.</summary>
    public long Steps { get; set; }

    /// <summary>Moving mean of the gradient.</summary>
    public Tensor Mean { get; } = zeros_like(parameter).DetachFromDisposeScope();

    /// <summary>Moving mean of the gradient's square.</summary>
    public Tensor Square { get; } = zeros_like(parameter).DetachFromDisposeScope();

    public void Dispose()
    {
        Mean.Dispose();
        Square.Dispose();
    }
}

/// <summary>AdamW (Loshchilov and Hutter, 2019) as PyTorch computes it, but for last bits: the optimizer of every training here.</summary>
/// <remarks>
/// TorchSharp's own is not used: it makes Scalars that nothing holds, which a garbage collection frees under libtorch. Constants are PyTorch's defaults.
/// Matrices decay; biases and vectors (norms) do not, as in LAVIS. The temperature and the queries do.
/// </remarks>
public sealed class Optimizer : IDisposable
{
    internal const double MeanShare = 0.9, SquareShare = 0.999; // β1, β2: what a moving mean keeps of itself
    internal const double Epsilon = 1e-8;

    private Optimizer(TrainedParameter[] trained) => Trained = trained;

    /// <summary>What it moves, in the order it was given.</summary>
    internal IReadOnlyList<TrainedParameter> Trained { get; }

    /// <summary>An optimizer of parameters that no step has moved yet.</summary>
    /// <param name="trained">Parameters and their names, as <c>named_parameters</c> gives them. They stay their owner's.</param>
    /// <param name="weightDecay">What matrices lose of themselves in a step, times the learning rate; 0 for nothing.</param>
    public static Optimizer Over(IEnumerable<(string name, Parameter parameter)> trained, double weightDecay) => new(
        [.. trained.Select(pair => new TrainedParameter(pair.name, pair.parameter, Decays(pair.name, pair.parameter) ? weightDecay : 0))]);

    /// <summary>Frees every gradient: filled with zeros instead, they would stand beside all that the next step keeps for its own.</summary>
    public void FreeGradients()
    {
        foreach (var trained in Trained) trained.Parameter.grad = null;
    }

    /// <summary>Moves every parameter against its gradient. One without a gradient stays as it is and does not decay, as in PyTorch.</summary>
    /// <param name="rate">Learning rate.</param>
    /// <param name="longest">Norm of the whole gradient above which it is scaled down to that; null leaves it as it is.</param>
    public void Step(double rate, double? longest = null)
    {
        using var grad = no_grad();
        if (longest is { } norm) nn.utils.clip_grad_norm_(Trained.Select(trained => trained.Parameter), norm);
        using var scope = NewDisposeScope();
        var atOnce = new List<AdamWPass>();
        var fused = new List<(TrainedParameter, Tensor)>();
        foreach (var trained in Trained)
        {
            if (trained.Parameter.grad is not { } gradient) continue;
            trained.Steps++;
            var factors = Factors(trained, rate);
            if (AdamWPass.Takes(trained, gradient)) atOnce.Add(new(trained, gradient, factors));
            else if (FusedAdamW.Takes(trained, gradient)) fused.Add((trained, gradient));
            else Move(trained, gradient, factors);
        }
        AdamWPass.Run(atOnce, get_num_threads());
        FusedAdamW.Run(fused, rate);
    }

    /// <summary>What AdamW's formulas need of a parameter's step.</summary>
    internal static AdamWFactors Factors(TrainedParameter trained, double rate)
    {
        // Both means begin at zero and are too small at first, by these factors.
        double meanFactor = 1 - Math.Pow(MeanShare, trained.Steps), squareFactor = 1 - Math.Pow(SquareShare, trained.Steps);
        return new(1 - rate * trained.Decay, MeanShare, 1 - MeanShare, SquareShare, 1 - SquareShare, Math.Sqrt(squareFactor), Epsilon, -(rate / meanFactor));
    }

    /// <summary>By libtorch's operators, of any type and on any device: one pass over memory each.</summary>
    internal static void Move(TrainedParameter trained, Tensor gradient, AdamWFactors by)
    {
        using var scope = NewDisposeScope();
        if (trained.Decay > 0) trained.Parameter.Times_(by.Kept);
        trained.Mean.Times_(by.MeanShare).Plus_(gradient, by.GradientShare);
        trained.Square.Times_(by.SquareShare).PlusProduct_(gradient, gradient, by.GradientSquareShare);
        var size = trained.Square.sqrt().Over_(by.Root).Plus_(by.Epsilon);
        trained.Parameter.PlusQuotient_(trained.Mean, size, by.Step);
    }

    private static bool Decays(string name, Parameter parameter) => parameter.ndim != 1 && !name.EndsWith("bias", StringComparison.Ordinal);

    /// <summary>Frees the means; the parameters are not its own.</summary>
    public void Dispose()
    {
        foreach (var trained in Trained) trained.Dispose();
    }
}
