using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML;

namespace Mint.ML.Transforms.Experiments;

/// <summary>What one trial of an experiment is made of.</summary>
public sealed class TrialSettings
{
    private readonly double scale;

    internal TrialSettings(int id, Proposal proposal, bool scalesTraining, CancellationToken cancel)
    {
        (TrialId, Configuration, Rung, Share, CancellationToken) = (id, proposal.Configuration, proposal.Rung, proposal.Share, cancel);
        scale = scalesTraining ? proposal.Share : 1;
    }

    /// <summary>Its number, from 1.</summary>
    public int TrialId { get; }

    /// <summary>The round of successive halving, from 0; 0 in the other searches.</summary>
    public int Rung { get; }

    /// <summary>How much of a whole training it gets, in (0, 1]; less than 1 in the first rungs of successive halving alone.</summary>
    public double Share { get; }

    /// <summary>Cancelled when the experiment is, or its time is over. The steps of the trial's own context need not be told.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>The parameters' values by name, as the leaderboard shows them.</summary>
    public IReadOnlyDictionary<string, string> Parameters => Configuration.Json().ToDictionary(pair => pair.Key, pair => Shown(pair.Value!));

    internal Configuration Configuration { get; }

    /// <summary>Whether the pipeline asked for its share of the training.</summary>
    internal bool Scaled { get; private set; }

    /// <summary>The trial's value of a parameter.</summary>
    /// <param name="parameter">A handle that the experiment's own space gave.</param>
    /// <exception cref="ArgumentException">It is of another space.</exception>
    public T Get<T>(SearchParameter<T> parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        for (int i = 0; i < Configuration.Values.Count; i++)
            if (ReferenceEquals(Configuration.Space.Parameters[i], parameter)) return (T)Configuration.Values[i];
        throw new ArgumentException($"Parameter '{parameter.Name}' is not of the search space that this experiment was given.", nameof(parameter));
    }

    /// <summary>The trial's share of epochs or steps: all of them, but in the first rungs of a halving whose resource is the training.</summary>
    /// <param name="whole">Epochs or steps of a whole training.</param>
    /// <returns>The rounded share, at least 1.</returns>
    public int Scale(int whole)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(whole);
        Scaled = true;
        return Math.Max(1, (int)Math.Round(whole * scale, MidpointRounding.AwayFromZero));
    }

    /// <summary>Number and values in a line.</summary>
    public override string ToString() => $"trial {TrialId}: {string.Join(", ", Parameters.Select(pair => $"{pair.Key} {Short(pair.Value)}"))}"
        + (Share < 1 ? FormattableString.Invariant($", share {Share:0.###}") : "");

    /// <summary>Five digits of a number that was drawn say as much as seventeen; a trial's file has them all.</summary>
    internal static string Short(string value) => value.Contains('.') && double.TryParse(value, CultureInfo.InvariantCulture, out double number)
        ? number.ToString("G5", CultureInfo.InvariantCulture) : value;

    internal static string Shown(JsonNode value) => value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>()
        : value.ToJsonString();
}

/// <summary>How a trial ended.</summary>
public sealed class TrialResult
{
    internal TrialResult(TrialSettings settings, double metric, string? failure, TimeSpan duration) =>
        (TrialSettings, Metric, Failure, DurationInMilliseconds) = (settings, metric, failure, duration.TotalMilliseconds);

    /// <summary>What it was made of.</summary>
    public TrialSettings TrialSettings { get; }

    /// <summary>What its model is worth by the experiment's metric; NaN of a failed trial.</summary>
    public double Metric { get; }

    /// <summary>Why it failed; null where it did not.</summary>
    public string? Failure { get; }

    /// <summary>How long it took to train and to measure.</summary>
    public double DurationInMilliseconds { get; }

    /// <summary>The model, of the best trial alone: others' are disposed of as soon as the monitor has been told. Dispose it when it is no longer
    /// needed.</summary>
    public ITransformer? Model { get; internal set; }
}

/// <summary>Is told how an experiment goes, on the thread that runs it. What is not implemented is not told.</summary>
public interface IMonitor
{
    /// <summary>A trial begins.</summary>
    void ReportRunningTrial(TrialSettings settings) { }

    /// <summary>A trial has been measured; its model can be used within this call.</summary>
    void ReportCompletedTrial(TrialResult result) { }

    /// <summary>A trial is the best so far; called after <see cref="ReportCompletedTrial"/>, when its model has been saved.</summary>
    void ReportBestTrial(TrialResult result) { }

    /// <summary>A trial failed; the search goes on.</summary>
    void ReportFailTrial(TrialSettings settings, Exception? exception = null) { }
}
