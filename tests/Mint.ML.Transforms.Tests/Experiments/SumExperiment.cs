using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Transforms.Experiments;

namespace Mint.ML.Transforms.Tests.Experiments;

/// <summary>Experiments whose trials take no time: the model multiplies by a number that the test computes from the trial, and that number is the
/// metric.</summary>
internal static class SumExperiment
{
    public sealed class Row
    {
        public float X { get; set; } = 1;
        public string Group { get; set; } = "";
    }

    public static IDataView Rows(MLContext ml, int count = 4, int groups = 1) =>
        ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Row { Group = $"group {i % groups}" }).ToList());

    /// <summary>The step that multiplies; it can be saved.</summary>
    public static IEstimator<ITransformer> Times(MLContext ml, double worth) =>
        ml.Transforms.Expression("Score", string.Create(CultureInfo.InvariantCulture, $"x => x * ({worth:F6})"), "X");

    public static double Mean(IDataView view) => view.GetColumn<float>("Score").Average();

    public static AudioLanguageExperiment Create(MLContext ml, SearchSpace space, Func<TrialSettings, double> worth, int seed = 1) =>
        ml.AudioLanguage().CreateExperiment(seed).SetPipeline(space, (ml, trial) => Times(ml, worth(trial))).SetDataset(Rows(ml), Rows(ml))
            .SetEvaluateMetric("mean score", Mean);

    /// <summary>All that must be the same of two experiments, which time is not.</summary>
    public static string[] Lines(AudioLanguageExperiment experiment)
    {
        var board = experiment.GetLeaderboard();
        var preview = board.Preview(1000);
        return [.. preview.RowView.Select(row => string.Join('|', row.Values.Where(value => value.Key != "Seconds")
            .Select(value => $"{value.Key}={value.Value}")))];
    }
}

/// <summary>Writes down what it is told.</summary>
internal sealed class Notes : IMonitor
{
    public List<string> Lines { get; } = [];

    public void ReportRunningTrial(TrialSettings settings) => Lines.Add($"running {settings.TrialId}");

    public void ReportCompletedTrial(TrialResult result) => Lines.Add($"completed {result.TrialSettings.TrialId}");

    public void ReportBestTrial(TrialResult result) => Lines.Add($"best {result.TrialSettings.TrialId}");

    public void ReportFailTrial(TrialSettings settings, Exception? exception) => Lines.Add($"failed {settings.TrialId} {exception?.Message}");
}
