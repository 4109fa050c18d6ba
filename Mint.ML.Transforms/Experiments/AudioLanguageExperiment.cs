using Microsoft.ML;
using Microsoft.ML.Runtime;
using Mint.ML.Metrics;
using static Microsoft.ML.DataOperationsCatalog;

namespace Mint.ML.Transforms.Experiments;

/// <summary>
/// Searches for the options with which a pipeline does best on held-out data, as <c>AutoMLExperiment</c> of Microsoft.ML.AutoML does: each trial fits the
/// pipeline with other values, and is measured. Get it by <c>mlContext.AudioLanguage().CreateExperiment()</c>; every call returns the experiment itself.
/// </summary>
/// <remarks>
/// Each trial has a context of its own with the experiment's seed: what it draws depends on no other trial, so that the same experiment gives the same trials,
/// on the CPU bit for bit, whether it was interrupted or not. The trials' messages come to the log of the context that made the experiment.
/// </remarks>
public sealed class AudioLanguageExperiment
{
    private readonly MLContext context;
    private readonly IHost host;
    private readonly int seed;

    private SearchSpace? space;
    private Func<MLContext, TrialSettings, IEstimator<ITransformer>>? pipeline;
    private TrialData? data;
    private TrialMetric? metric;
    private Tuner tuner = new RandomSearchTuner();
    private IMonitor? monitor;
    private string? folder;
    private TimeSpan? time;
    private int? most;

    internal AudioLanguageExperiment(MLContext context, IHostEnvironment environment, int seed) =>
        (this.context, host, this.seed) = (context, environment.Register(nameof(AudioLanguageExperiment)), seed);

    /// <summary>The trials that have ended, in their order; those of an earlier run of the same folder among them.</summary>
    public IReadOnlyList<TrialResult> Trials { get; private set; } = [];

    /// <summary>Sets what is searched.</summary>
    /// <param name="space">What the trials differ in.</param>
    /// <param name="pipeline">
    /// Makes a trial's pipeline of its values. The steps must be made by the context that is given, which is the trial's: it carries seed and cancellation.
    /// </param>
    public AudioLanguageExperiment SetPipeline(SearchSpace space, Func<MLContext, TrialSettings, IEstimator<ITransformer>> pipeline)
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(pipeline);
        if (space.Parameters.Count == 0) throw new ArgumentException("The search space has no parameters; there is nothing to search.", nameof(space));
        (this.space, this.pipeline) = (space, pipeline);
        return this;
    }

    /// <summary>Sets rows to train on, and rows to measure on.</summary>
    /// <param name="train">Rows to train on. A trial reads them as often as its pipeline does.</param>
    /// <param name="validation">Rows to measure on, of which the pipeline must see none in training. What is found is fitted to them, if a little: keep others
    /// for the last word.</param>
    public AudioLanguageExperiment SetDataset(IDataView train, IDataView validation)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(validation);
        data = new([(train, validation)], null);
        return this;
    }

    /// <summary>Sets rows to train on, and rows to measure on, as <c>Data.TrainTestSplit</c> parts them.</summary>
    public AudioLanguageExperiment SetDataset(TrainTestData trainValidation)
    {
        return SetDataset(trainValidation.TrainSet, trainValidation.TestSet);
    }

    /// <summary>Sets rows for cross validation: a trial trains once a fold, and its metric is the mean over the folds.</summary>
    /// <remarks>The model of the best trial is then trained once more, on all rows.</remarks>
    /// <param name="dataset">All rows.</param>
    /// <param name="fold">How many folds; at least 2.</param>
    /// <param name="samplingKeyColumnName">Rows with the same value here stay together, as those of one recording should; null parts row by row.</param>
    public AudioLanguageExperiment SetDataset(IDataView dataset, int fold, string? samplingKeyColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfLessThan(fold, 2);
        data = new([.. context.Data.CrossValidationSplit(dataset, fold, samplingKeyColumnName, seed).Select(part => (part.TrainSet, part.TestSet))], dataset);
        return this;
    }

    /// <summary>Sets what a model is worth: a number of the validation rows as the model has transformed them.</summary>
    /// <param name="name">What the leaderboard calls it.</param>
    /// <param name="evaluate">Measures. NaN, or an exception, is a failed trial.</param>
    /// <param name="maximize">Whether more is better.</param>
    public AudioLanguageExperiment SetEvaluateMetric(string name, Func<IDataView, double> evaluate, bool maximize = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(evaluate);
        metric = new(name, maximize, (view, _) => evaluate(view));
        return this;
    }

    /// <summary>Measures by the share of rows whose likeliest label is the right one (<see cref="AudioLanguageCatalog.EvaluateRanking"/>).</summary>
    /// <param name="labelColumnName">The right labels.</param>
    /// <param name="predictedLabelColumnName">The column of RankLabels.</param>
    public AudioLanguageExperiment SetRankingMetric(string labelColumnName = "Label", string predictedLabelColumnName = "PredictedLabel") =>
        SetEvaluateMetric($"accuracy of {predictedLabelColumnName} by {labelColumnName}",
            view => context.AudioLanguage().EvaluateRanking(view, labelColumnName, predictedLabelColumnName, scoreColumnName: null).Accuracy.Value);

    /// <summary>Measures by R@k: the share of captions that find their clip among the first k (<see cref="AudioLanguageCatalog.EvaluateRetrieval"/>).</summary>
    /// <param name="k">1, 5 or 10.</param>
    /// <param name="captionColumnName">The captions.</param>
    public AudioLanguageExperiment SetRetrievalMetric(int k = 1, string captionColumnName = "Caption")
    {
        Func<RecallAt, double> recall = k switch
        {
            1 => found => found.R1,
            5 => found => found.R5,
            10 => found => found.R10,
            _ => throw new ArgumentOutOfRangeException(nameof(k), $"k is {k}; R@k is measured at 1, 5 and 10."),
        };
        return SetEvaluateMetric($"R@{k} by {captionColumnName}", view =>
            recall(context.AudioLanguage().EvaluateRetrieval(view, captionColumnName).TextToAudio));
    }

    /// <summary>Measures by a metric of captions (<see cref="AudioLanguageCatalog.EvaluateCaptions"/>).</summary>
    /// <param name="captionMetric">The metric's name: CIDEr-D, METEOR, ROUGE-L, BLEU-4, ...</param>
    /// <param name="captionColumnName">The references.</param>
    /// <param name="generatedColumnName">What was generated.</param>
    /// <param name="tools">What some of the metrics need.</param>
    public AudioLanguageExperiment SetCaptionMetric(string captionMetric = "CIDEr-D", string captionColumnName = "Caption",
        string generatedColumnName = "GeneratedCaption", CaptionTools? tools = null)
    {
        string[] known = [.. CaptionMetrics.All(tools).Select(one => one.Name)];
        if (!known.Contains(captionMetric))
            throw new ArgumentException($"There is no caption metric '{captionMetric}'; expected one of {string.Join(", ", known)}.", nameof(captionMetric));
        metric = new($"{captionMetric} of {generatedColumnName} by {captionColumnName}", Maximize: true, (view, cancel) =>
        {
            var score = context.AudioLanguage().EvaluateCaptions(view, captionColumnName, generatedColumnName, tools, cancel)
                .Single(one => one.Name == captionMetric);
            return double.IsNaN(score.Corpus) ? throw new InvalidOperationException($"{captionMetric} is {score.Note}.") : score.Corpus;
        });
        return this;
    }

    /// <summary>Tries every combination of values, the last parameter's changing fastest.</summary>
    /// <param name="step">Values of a range, both ends among them; at least 2. Default 10, as in AutoML.</param>
    public AudioLanguageExperiment SetGridSearchTuner(int step = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 2);
        tuner = new GridSearchTuner(step);
        return this;
    }

    /// <summary>Tries combinations by chance, none twice: the default. <see cref="SetMaxModelToExplore"/> or <see cref="SetTrainingTimeInSeconds"/> ends
    /// it.</summary>
    public AudioLanguageExperiment SetRandomSearchTuner()
    {
        tuner = new RandomSearchTuner();
        return this;
    }

    /// <summary>
    /// Tries <see cref="SetMaxModelToExplore"/> configurations by chance with a small share of a training, the better half with twice that share, and so on
    /// to the best, which get a whole training.
    /// </summary>
    /// <remarks>Each rung trains from the beginning: the learning rate's course belongs to a training's length.</remarks>
    /// <param name="reductionFactor">One of so many goes on to the next rung, with so many times the share. Default 2: the method's name.</param>
    /// <param name="rungs">Rounds, the last one with whole trainings; null has as many as leave one configuration.</param>
    /// <param name="resource">What the first rungs have less of. Of <see cref="HalvingResource.Training"/> the pipeline asks for its share by
    /// <see cref="TrialSettings.Scale"/>; one that does not is an error.</param>
    public AudioLanguageExperiment SetSuccessiveHalvingTuner(int reductionFactor = 2, int? rungs = null, HalvingResource resource = HalvingResource.Training)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(reductionFactor, 2);
        if (rungs is not null) ArgumentOutOfRangeException.ThrowIfLessThan(rungs.Value, 1);
        var errors = new OptionErrors();
        errors.RequireKnown(nameof(resource), resource);
        errors.Throw();
        tuner = new SuccessiveHalvingTuner(reductionFactor, rungs, resource, Most: 0);
        return this;
    }

    /// <summary>Ends the search after so many configurations.</summary>
    public AudioLanguageExperiment SetMaxModelToExplore(int maxModel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxModel);
        most = maxModel;
        return this;
    }

    /// <summary>Ends the search when its trials, those of earlier runs of the same folder among them, have taken so long. A trial that is under way is
    /// given up.</summary>
    public AudioLanguageExperiment SetTrainingTimeInSeconds(double trainingTimeInSeconds)
    {
        if (!(trainingTimeInSeconds > 0 && trainingTimeInSeconds <= TimeSpan.MaxValue.TotalSeconds / 2))
            throw new ArgumentOutOfRangeException(nameof(trainingTimeInSeconds), $"The training time is {trainingTimeInSeconds} s; expected more than 0.");
        time = TimeSpan.FromSeconds(trainingTimeInSeconds);
        return this;
    }

    /// <summary>Sets who is told of running, completed, best and failed trials.</summary>
    public AudioLanguageExperiment SetMonitor(IMonitor monitor)
    {
        this.monitor = monitor ?? throw new ArgumentNullException(nameof(monitor));
        return this;
    }

    /// <summary>
    /// Keeps the experiment in a folder: each trial that has ended, the best model as soon as it is the best, and leaderboard.html. The same experiment with
    /// the same folder goes on where it was stopped or killed; another experiment is refused, and so is a second run at the same time.
    /// </summary>
    /// <param name="folder">The folder; made where it is not there.</param>
    public AudioLanguageExperiment SetCheckpoint(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        this.folder = folder;
        return this;
    }

    /// <summary>Runs the trials that have not ended yet.</summary>
    /// <param name="cancel">Gives up the trial under way, within a step.</param>
    /// <returns>The best trial, with its model and its values. Best is the metric's word; of equal ones that with the larger share, then the
    /// earlier.</returns>
    /// <exception cref="InvalidOperationException">Something is not set, every trial failed, or the folder holds another experiment.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before a trial was completed. Later, the best so far is returned, as AutoML does.</exception>
    /// <exception cref="TimeoutException">The time was over before a trial was completed.</exception>
    /// <exception cref="IOException">Another run, of this process or another, has the folder.</exception>
    public TrialResult Run(CancellationToken cancel = default)
    {
        var errors = new OptionErrors();
        errors.Require(space is not null, "There is no pipeline; call SetPipeline.");
        errors.Require(data is not null, "There are no rows; call SetDataset.");
        errors.Require(metric is not null, "There is no metric; call SetEvaluateMetric, SetRankingMetric, SetRetrievalMetric or SetCaptionMetric.");
        int? configurations = most ?? (space?.Count is { } all and <= int.MaxValue ? (int)all : null);
        if (tuner is RandomSearchTuner && space is not null)
        {
            errors.Require(configurations is not null || time is not null,
                "A search by chance has no end; call SetMaxModelToExplore or SetTrainingTimeInSeconds.");
        }
        var chosen = tuner;
        if (tuner is SuccessiveHalvingTuner halving && space is not null)
        {
            errors.Require(configurations is not null, "Successive halving begins with a number of configurations; call SetMaxModelToExplore.");
            int begin = (int)Math.Min(configurations ?? 1, space.Count ?? int.MaxValue), rungs = SuccessiveHalvingTuner.MostRungs(begin, halving.Factor);
            errors.Require(configurations is null || halving.Rungs is null || halving.Rungs <= rungs,
                $"{halving.Rungs} rungs are asked for; {begin} configurations are one after {rungs}.");
            chosen = halving with { Most = begin };
        }
        try
        {
            errors.Throw();
        }
        catch (ArgumentException error)
        {
            throw new InvalidOperationException(error.Message, error);
        }
        return new ExperimentRun(context, host, space!, pipeline!, data!, metric!, chosen, seed)
        {
            Monitor = monitor,
            Folder = folder,
            Time = time,
            Most = most,
            Ended = trials => Trials = trials,
        }.Run(cancel);
    }

    /// <summary>The same on another thread.</summary>
    /// <inheritdoc cref="Run"/>
    public Task<TrialResult> RunAsync(CancellationToken cancel = default) => Task.Run(() => Run(cancel), CancellationToken.None);

    /// <summary>The trials as data, the best first: number, state, metric, rung, share, seconds, and a column for each parameter.</summary>
    /// <exception cref="InvalidOperationException">No trial has ended.</exception>
    public IDataView GetLeaderboard() => Leaderboard.ToDataView(host, Trials, Metric);

    /// <summary>Writes the trials as a page: one HTML file that asks nothing of the network, written beside and renamed.</summary>
    /// <param name="path">The file; its folder exists.</param>
    /// <exception cref="InvalidOperationException">No trial has ended.</exception>
    public void SaveLeaderboard(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        LeaderboardPage.Write(path, Trials, Metric);
    }

    private TrialMetric Metric => Trials.Count > 0 ? metric! : throw new InvalidOperationException("No trial has ended yet; call Run.");
}

/// <summary>What a model is worth.</summary>
internal sealed record TrialMetric(string Name, bool Maximize, Func<IDataView, CancellationToken, double> Evaluate) : IComparer<TrialResult>
{
    /// <summary>The best first, failed trials last; of equal ones that with the larger share, then the earlier.</summary>
    public int Compare(TrialResult? a, TrialResult? b)
    {
        var (first, second) = (Key(a!), Key(b!));
        return first.CompareTo(second);

        (bool Failed, double Metric, double Share, int Id) Key(TrialResult trial) => (trial.Failure is not null,
            trial.Failure is not null ? 0 : Maximize ? -trial.Metric : trial.Metric, -trial.TrialSettings.Share, trial.TrialSettings.TrialId);
    }
}

/// <summary>Rows of the trials.</summary>
/// <param name="Parts">What is trained on and measured on: one pair, or one a fold.</param>
/// <param name="Whole">With folds, all rows.</param>
internal sealed record TrialData(IReadOnlyList<(IDataView Train, IDataView Validation)> Parts, IDataView? Whole);
