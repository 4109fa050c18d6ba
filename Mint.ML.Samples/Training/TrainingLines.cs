using System.Diagnostics;
using System.Globalization;
using Mint.ML.Training;

namespace Mint.ML.Samples.Training;

/// <summary>Prints a run's progress, at most a line a second: the log has every step.</summary>
internal sealed class TrainingLines : IProgress<TrainingProgress>
{
    private readonly Stopwatch sinceLast = new();

    public void Report(TrainingProgress value)
    {
        if (sinceLast.IsRunning && sinceLast.Elapsed.TotalSeconds < 1 && value.Step < value.Steps) return;
        sinceLast.Restart();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"step {value.Step}/{value.Steps}  {string.Join("  ", value.Losses.Select(loss => FormattableString.Invariant($"{loss.Key} {loss.Value:F3}")))}  rate {value.LearningRate:G3}  {value.ClipsPerSecond:F1} clips/s  {value.Remaining:hh\\:mm\\:ss} left"));
    }
}
