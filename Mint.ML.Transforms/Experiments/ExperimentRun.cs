using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Mint.ML.Transforms.Experiments;

/// <summary>The search: what the tuner proposes is trained, measured, kept, and told, one trial after the other.</summary>
internal sealed class ExperimentRun(MLContext context, IHost host, SearchSpace space, Func<MLContext, TrialSettings, IEstimator<ITransformer>> pipeline,
    TrialData data, TrialMetric metric, Tuner tuner, int seed)
{
    private const double MostMilliseconds = uint.MaxValue - 1; // seven weeks, what a timer takes

    private readonly List<TrialResult> results = [];
    private TrialResult? best;
    private TimeSpan spent;

    public IMonitor? Monitor { get; init; }

    public string? Folder { get; init; }

    public TimeSpan? Time { get; init; }

    public int? Most { get; init; }

    /// <summary>Told of all trials when another has ended.</summary>
    public required Action<IReadOnlyList<TrialResult>> Ended { get; init; }

    private bool ScalesTraining => tuner is SuccessiveHalvingTuner { Resource: HalvingResource.Training };

    public TrialResult Run(CancellationToken cancel)
    {
        using var channel = host.Start("Run");
        using var progress = host.StartProgressChannel("Trials");
        progress.SetHeader(new ProgressHeader([metric.Name], ["trials"]), entry =>
        {
            entry.SetProgress(0, results.Count);
            if (best is not null) entry.SetMetric(0, best.Metric);
        });
        using var asked = host.Cancellation();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, asked.Token);
        using var folder = Folder is null ? null : ExperimentFolder.Open(Folder, ExperimentIdentity.Of(space, tuner, seed, metric, data, stop.Token));
        Ended([]);
        bool goesOn = folder is not null;
        try
        {
            foreach (var proposal in tuner.Propose(new(space, Most, seed, results, metric)))
            {
                if (folder?.Find(new(results.Count + 1, proposal, ScalesTraining, default)) is { } kept)
                {
                    Take(kept);
                    continue;
                }
                if (goesOn) GoOn(folder!, channel);
                goesOn = false;
                if (stop.IsCancellationRequested || Time <= spent) break;
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                if (Time is { } all) limit.CancelAfter(TimeSpan.FromMilliseconds(Math.Min((all - spent).TotalMilliseconds, MostMilliseconds)));
                if (!Try(new(results.Count + 1, proposal, ScalesTraining, limit.Token), folder, channel)) break;
                progress.Checkpoint(results[^1].Failure is null ? results[^1].Metric : null);
            }
            if (folder is not null) GoOn(folder, channel);
            return best ?? throw NoModel(cancel, stop.Token);
        }
        catch
        {
            (best?.Model as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <summary>Everything about a trial; false where it was given up.</summary>
    private bool Try(TrialSettings settings, ExperimentFolder? folder, IChannel channel)
    {
        channel.Info(MessageSensitivity.None, "{0}", settings.ToString());
        Monitor?.ReportRunningTrial(settings);
        var clock = Stopwatch.StartNew();
        using var trial = new TrialContext(context, host, settings, seed);
        TrialResult result;
        Exception? failure = null;
        try
        {
            var (worth, model) = Measure(trial, settings);
            result = new(settings, worth, null, clock.Elapsed) { Model = model };
        }
        catch (Exception) when (settings.CancellationToken.IsCancellationRequested)
        {
            channel.Info(MessageSensitivity.None, "{0}", $"trial {settings.TrialId} was given up.");
            return false;
        }
        catch (Exception error) when (error is not NotScaledException)
        {
            failure = error.Cause();
            result = new(settings, double.NaN, $"{failure.GetType().Name}: {failure.Message}", clock.Elapsed);
        }

        bool better = IsBetter(result);
        try
        {
            if (better) folder?.SaveModel(context, result, data.Parts[0].Train.Schema);
            folder?.Keep(result, metric);
            if (failure is null) Monitor?.ReportCompletedTrial(result);
        }
        catch
        {
            (result.Model as IDisposable)?.Dispose();
            throw;
        }
        Take(result);
        folder?.Tidy(best, results.Count);
        if (folder is not null) LeaderboardPage.Write(folder.Page, results, metric);
        Tell(channel, result, better);
        if (failure is not null) Monitor?.ReportFailTrial(settings, failure);
        if (better) Monitor?.ReportBestTrial(result);
        return true;
    }

    /// <summary>Trains and measures; with folds once each, and then a better model once more on all rows.</summary>
    private (double Worth, ITransformer? Model) Measure(TrialContext trial, TrialSettings settings)
    {
        double sum = 0;
        ITransformer? model = null;
        try
        {
            foreach (var (train, validation) in data.Parts)
            {
                (model as IDisposable)?.Dispose();
                model = Fit(trial, settings, train);
                double worth = metric.Evaluate(model.Transform(validation), settings.CancellationToken);
                settings.CancellationToken.ThrowIfCancellationRequested();
                if (!double.IsFinite(worth)) throw new NotFiniteNumberException($"{metric.Name} is {worth.ToString(CultureInfo.InvariantCulture)}.");
                sum += worth;
            }
            double mean = sum / data.Parts.Count;
            if (data.Whole is null) return (mean, model);
            (model as IDisposable)?.Dispose();
            model = null;
            if (IsBetter(new(settings, mean, null, default))) model = Fit(trial, settings, data.Whole);
            return (mean, model);
        }
        catch
        {
            (model as IDisposable)?.Dispose();
            throw;
        }
    }

    private ITransformer Fit(TrialContext trial, TrialSettings settings, IDataView train)
    {
        if (settings.Share < 1 && !ScalesTraining)
            train = context.Data.TrainTestSplit(train, testFraction: 1 - settings.Share, seed: seed).TrainSet; // one seed: a larger share holds the smaller
        var estimator = pipeline(trial.Context, settings) ?? throw new InvalidOperationException("SetPipeline's function made no pipeline.");
        if (settings.Share < 1 && ScalesTraining && !settings.Scaled) throw new NotScaledException();
        var model = estimator.Fit(train);
        if (!settings.CancellationToken.IsCancellationRequested) return model;
        (model as IDisposable)?.Dispose(); // a step that was told to stop ends with a model that is half trained
        throw new OperationCanceledException(settings.CancellationToken);
    }

    /// <summary>Counts a trial that has ended, and lets go of the model that is not the best.</summary>
    private void Take(TrialResult result)
    {
        results.Add(result);
        spent += TimeSpan.FromMilliseconds(result.DurationInMilliseconds);
        bool better = IsBetter(result);
        var worse = better ? best : result;
        if (worse is not null)
        {
            (worse.Model as IDisposable)?.Dispose();
            worse.Model = null;
        }
        if (better) best = result;
        Ended([.. results]); // a copy: another thread may be reading it
    }

    private bool IsBetter(TrialResult trial) => trial.Failure is null && (best is null || metric.Compare(trial, best) < 0);

    /// <summary>After trials of an earlier run: the best one's model must be there, which is known before another is trained.</summary>
    private void GoOn(ExperimentFolder folder, IChannel channel)
    {
        if (results.Count == 0 || best is not { Model: null }) return;
        channel.Info(MessageSensitivity.None, "{0}", $"{results.Count} trials have ended, trial {best.TrialSettings.TrialId} best.");
        best.Model = folder.LoadModel(context, best);
        folder.Tidy(best, results.Count);
        LeaderboardPage.Write(folder.Page, results, metric);
    }

    private void Tell(IChannel channel, TrialResult result, bool better)
    {
        int id = result.TrialSettings.TrialId;
        string worth = FormattableString.Invariant($"{metric.Name} {result.Metric:G5}") + (better ? ", the best so far" : "");
        if (result.Failure is { } why) channel.Warning(MessageSensitivity.None, "{0}", $"trial {id} failed: {why}");
        else channel.Info(MessageSensitivity.None, "{0}", $"trial {id}: {worth}");
    }

    private Exception NoModel(CancellationToken cancel, CancellationToken stop)
    {
        if (stop.IsCancellationRequested) return new OperationCanceledException("The experiment was cancelled before a trial was completed.", cancel);
        string reasons = string.Join(' ', results.GroupBy(trial => trial.Failure).Select(group =>
            $"Trial {Brief.List(group.Select(trial => $"{trial.TrialSettings.TrialId}"))}: {group.Key}"));
        if (Time <= spent || results.Count == 0)
        {
            return new TimeoutException(string.Create(CultureInfo.InvariantCulture,
                $"The training time of {Time?.TotalSeconds:0.###} s was over before a trial was completed. ") + reasons);
        }
        return new InvalidOperationException($"All {results.Count} trials failed. {reasons}");
    }

    /// <summary>A mistake in the program, which every trial would repeat: it ends the search.</summary>
    private sealed class NotScaledException() : InvalidOperationException("The first rungs of successive halving train less, and the pipeline does not ask "
        + $"how much: every rung would train the same. Say 'Epochs = trial.{nameof(TrialSettings.Scale)}(epochs)', or halve rows (HalvingResource.Rows).");
}
