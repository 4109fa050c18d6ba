using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Runtime;
using Mint.ML.Training;

namespace Mint.ML.Transforms;

/// <summary>Hands a training loop's progress to ML.NET: to its progress channel at every step, to its log every few seconds, and to the caller's own.</summary>
internal sealed class ProgressReport : IProgress<TrainingProgress>
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5); // often enough to see that it lives, seldom enough to read

    private readonly IChannel _channel;
    private readonly IProgressChannel _progress;
    private readonly IProgress<TrainingProgress>? _own;
    private readonly Stopwatch _sinceLast = Stopwatch.StartNew();
    private TrainingProgress? _last;
    private bool _header;

    public ProgressReport(IChannel channel, IProgressChannel progress, IProgress<TrainingProgress>? own) => (_channel, _progress, _own) = (channel, progress, own);

    public void Report(TrainingProgress value)
    {
        _last = value;
        if (!_header)
        {
            _header = true;
            string[] names = [.. value.Losses.Keys];
            _progress.SetHeader(new ProgressHeader(names, ["steps"]), entry =>
            {
                if (_last is not { } now) return;
                entry.SetProgress(0, now.Step, now.Steps);
                for (int i = 0; i < names.Length; i++) entry.SetMetric(i, now.Losses[names[i]]);
            });
        }
        _progress.Checkpoint([.. value.Losses.Values.Select(loss => (double?)loss)]);
        _own?.Report(value);
        if (value.Step > 1 && value.Step < value.Steps && _sinceLast.Elapsed < Pause) return;
        _sinceLast.Restart();
        _channel.Info(MessageSensitivity.None, "{0}", string.Create(CultureInfo.InvariantCulture,
            $"step {value.Step}/{value.Steps}  {string.Join("  ", value.Losses.Select(loss => FormattableString.Invariant($"{loss.Key} {loss.Value:F3}")))}  rate {value.LearningRate:0.0e+0}  {value.ClipsPerSecond:F0} clips/s  {value.Remaining:m\\:ss} left"));
    }
}
