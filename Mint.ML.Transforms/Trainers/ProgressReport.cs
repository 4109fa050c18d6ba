using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Runtime;
using Mint.ML.Training;

namespace Mint.ML.Transforms;

/// <summary>Hands a training loop's progress to ML.NET: to its progress channel at every step, to its log every few seconds, and to the caller's own.</summary>
internal sealed class ProgressReport : IProgress<TrainingProgress>
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5); // often enough to see that it lives, seldom enough to read

    private readonly IChannel channel;
    private readonly IProgressChannel progress;
    private readonly IProgress<TrainingProgress>? own;
    private readonly Stopwatch sinceLast = Stopwatch.StartNew();
    private TrainingProgress? last;
    private bool header;

    public ProgressReport(IChannel channel, IProgressChannel progress, IProgress<TrainingProgress>? own) =>
        (this.channel, this.progress, this.own) = (channel, progress, own);

    public void Report(TrainingProgress value)
    {
        last = value;
        if (!header)
        {
            header = true;
            if (value.CutTexts is { Count: > 0 } cut)
            {
                channel.Warning(MessageSensitivity.None, "{0}",
                    $"{cut.Count} {(cut.Count == 1 ? "text has" : "texts have")} more tokens than MaxTokens, "
                        + $"and training does not read their ends: {Brief.List(cut.Select(text => $"{text}"), "; ")}.");
            }
            string[] names = [.. value.Losses.Keys];
            progress.SetHeader(new ProgressHeader(names, ["steps"]), entry =>
            {
                if (last is not { } now) return;
                entry.SetProgress(0, now.Step, now.Steps);
                for (int i = 0; i < names.Length; i++) entry.SetMetric(i, now.Losses[names[i]]);
            });
            if (value.Guesses.Count > 0) channel.Info(MessageSensitivity.None, "{0}", $"guessing gives  {Values(value.Guesses)}");
        }
        if (value.Warning is { } warning) channel.Warning(MessageSensitivity.None, "{0}", warning);
        progress.Checkpoint([.. value.Losses.Values.Select(loss => (double?)loss)]);
        own?.Report(value);
        if (value.Validation is { } measured)
            channel.Info(MessageSensitivity.None, "{0}", $"validation after step {measured.Step}  {Values(measured.Metrics)}");
        if (value.Step > 1 && value.Step < value.Steps && sinceLast.Elapsed < Pause) return;
        sinceLast.Restart();
        channel.Info(MessageSensitivity.None, "{0}", string.Create(CultureInfo.InvariantCulture,
            $"step {value.Step}/{value.Steps}  {Values(value.Losses)}  rate {value.LearningRate:0.0e+0}  {value.ClipsPerSecond:F0} clips/s  "
                + $"{value.MemoryBytes / 1e6:F0} MB  {Left(value.Remaining)} left"));
    }

    /// <summary>Says what of a finished run is not plain from its steps.</summary>
    public static void Tell(IChannel channel, TrainingResult result)
    {
        if (result.Cropped > 0)
        {
            channel.Warning(MessageSensitivity.None, "{0}",
                $"{result.Cropped} clips are longer than MaxFrames: of each, training heard a random window an epoch.");
        }

        if (result.StoppedEarly) channel.Info(MessageSensitivity.None, "{0}", $"stopped after step {result.Steps}: the last validations were no better.");
        if (result.Best is { } best) channel.Info(MessageSensitivity.None, "{0}", $"the weights are those of step {best.Step}  {Values(best.Metrics)}");
    }

    private static string Left(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time:mm\\:ss}" : $"{time:m\\:ss}";

    private static string Values(IReadOnlyDictionary<string, double> values) =>
        string.Join("  ", values.Select(value => FormattableString.Invariant($"{value.Key} {value.Value:F3}")));
}
