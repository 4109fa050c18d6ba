using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Training;

/// <summary>What <see cref="TrainingLoop"/> trains: parameters, and the batches of each step.</summary>
public interface ITraining : IDisposable
{
    /// <summary>Modules that are in training mode during the run.</summary>
    IReadOnlyList<Module> Modules { get; }

    /// <summary>Parameters that the run changes, by name.</summary>
    IReadOnlyList<(string name, Parameter parameter)> Trained { get; }

    /// <summary>Where it is computed.</summary>
    Device Device { get; }

    /// <summary>Names of the values of a batch's losses.</summary>
    IReadOnlyList<string> LossNames { get; }

    /// <summary>Steps of a pass over the data.</summary>
    long StepsPerEpoch { get; }

    /// <summary>Hashes of what makes this run beside its options, by name. Asked only of a run that is kept.</summary>
    IReadOnlyDictionary<string, string> Parts { get; }

    /// <summary>Examples that are not trained on as a whole.</summary>
    int Cropped => 0;

    /// <summary>Whether <see cref="Batches"/> gives each rank its own part of a step (<see cref="TrainingOptions.Ranks"/>). False: it runs in one
    /// process.</summary>
    bool IsShared => false;

    /// <summary>What guessing gives, by the loss's name: where a loss stays there, the run says that it does not learn. Nothing known by default.</summary>
    IReadOnlyDictionary<string, double> Guesses => new Dictionary<string, double>();

    /// <summary>What in the data or the frozen parts keeps it from learning, and what to do, a sentence each. Asked after the first step.</summary>
    IEnumerable<string> Faults => [];

    /// <summary>Texts whose ends are not trained on.</summary>
    IReadOnlyList<CutText> CutTexts => [];

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="steps">All steps of the run.</param>
    double RateAt(long step, long steps);

    /// <summary>The batches whose gradients make up a step. Steps are asked for in order, from the one with which this process begins.</summary>
    IReadOnlyList<TrainingBatch> Batches(long step);
}

/// <summary>A batch of a step.</summary>
/// <param name="Examples">How many examples it has, on all ranks.</param>
/// <param name="Weight">What it counts among those accumulated with it; this rank's part of it.</param>
/// <param name="Losses">Its losses, the one to descend first, as one vector. What is drawn beside torch's own random numbers comes from the argument.</param>
/// <param name="Names">What an error calls its examples.</param>
/// <param name="Cropped">Examples of which a part is left out.</param>
public sealed record TrainingBatch(int Examples, long Weight, Func<Generator, Tensor> Losses, Func<IEnumerable<string>> Names, int Cropped = 0);
