using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Mint.ML.Transforms.Experiments;

/// <summary>Trials as rows, the best first.</summary>
internal static class Leaderboard
{
    /// <summary>The columns that every leaderboard has; a parameter has one of its own name.</summary>
    public static readonly string[] Columns = ["TrialId", "State", "Metric", "Rung", "Share", "Seconds", "Failure"];

    public static IEnumerable<TrialResult> Rows(IReadOnlyList<TrialResult> trials, TrialMetric metric) => trials.Order(metric);

    public static string State(TrialResult trial) => trial.Failure is null ? "completed" : "failed";

    public static IDataView ToDataView(IHostEnvironment environment, IReadOnlyList<TrialResult> trials, TrialMetric metric)
    {
        TrialResult[] rows = [.. Rows(trials, metric)];
        var table = new Interop.TableBuilder(environment);
        table.Add(Columns[0], NumberDataViewType.Int32, rows.Select(row => row.TrialSettings.TrialId));
        table.Add(Columns[1], TextDataViewType.Instance, rows.Select(State));
        table.Add(Columns[2], NumberDataViewType.Double, rows.Select(row => row.Metric));
        table.Add(Columns[3], NumberDataViewType.Int32, rows.Select(row => row.TrialSettings.Rung));
        table.Add(Columns[4], NumberDataViewType.Double, rows.Select(row => row.TrialSettings.Share));
        table.Add(Columns[5], NumberDataViewType.Double, rows.Select(row => row.DurationInMilliseconds / 1000));
        var parameters = rows[0].TrialSettings.Configuration.Space.Parameters;
        for (int i = 0; i < parameters.Count; i++)
        {
            var (parameter, values) = (parameters[i], rows.Select(row => row.TrialSettings.Configuration.Values[i]).ToArray());
            if (parameter.ColumnType is BooleanDataViewType) table.Add(parameter.Name, parameter.ColumnType, values.Cast<bool>());
            else if (parameter.ColumnType == NumberDataViewType.Int32) table.Add(parameter.Name, parameter.ColumnType, values.Cast<int>());
            else if (parameter.ColumnType == NumberDataViewType.Double) table.Add(parameter.Name, parameter.ColumnType, values.Select(Convert.ToDouble));
            else table.Add(parameter.Name, parameter.ColumnType, values.Select(value => TrialSettings.Shown(parameter.Json(value))));
        }
        table.Add(Columns[6], TextDataViewType.Instance, rows.Select(row => row.Failure ?? ""));
        return table.Build();
    }
}
