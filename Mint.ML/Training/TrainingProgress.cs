namespace Mint.ML.Training;

/// <summary>Where a run stands after a step.</summary>
/// <param name="Step">Steps done, resumed ones included.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Epoch">Passes over the data done, in fractions.</param>
/// <param name="Losses">The step's losses by name; "total" is their weighted sum.</param>
/// <param name="LearningRate">The step's learning rate.</param>
/// <param name="ClipsPerSecond">Mean since this process began the run.</param>
/// <param name="Remaining">Time left at that rate.</param>
public sealed record TrainingProgress(
    long Step, long Steps, double Epoch, IReadOnlyDictionary<string, double> Losses, double LearningRate, double ClipsPerSecond, TimeSpan Remaining);

/// <summary>How a run ended.</summary>
/// <param name="Steps">Steps done, resumed ones included.</param>
/// <param name="Cancelled">Whether it was stopped before its last step.</param>
/// <param name="FirstLosses">Mean losses of the first ten steps, or of all where there are fewer; empty when none was done.</param>
/// <param name="LastLosses">Mean losses of the last ten steps.</param>
public sealed record TrainingResult(
    long Steps, bool Cancelled, IReadOnlyDictionary<string, double> FirstLosses, IReadOnlyDictionary<string, double> LastLosses);

/// <summary>A loss was not a finite number. The model has the weights of the step before.</summary>
public sealed class NonFiniteLossException(long step, IReadOnlyList<string> clips, string message) : ArithmeticException(message)
{
    /// <summary>The step that failed, from 1.</summary>
    public long Step => step;

    /// <summary>The clips of its batch.</summary>
    public IReadOnlyList<string> Clips => clips;
}
