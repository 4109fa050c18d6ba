using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.ML;
using Mint.ML.Files;

namespace Mint.ML.Transforms.Experiments;

/// <summary>
/// An experiment on the disk: experiment.json says which it is, trial-0001.json and so on how each trial ended, best-0001.zip is the best one's model,
/// leaderboard.html shows them. Each file is there as a whole or not at all.
/// </summary>
internal sealed partial class ExperimentFolder : IDisposable
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    private readonly string folder;
    private readonly FolderLock held;

    private ExperimentFolder(string folder, FolderLock held) => (this.folder, this.held) = (folder, held);

    /// <summary>The leaderboard page.</summary>
    public string Page => Path.Combine(folder, "leaderboard.html");

    /// <summary>Takes a folder for an experiment.</summary>
    /// <exception cref="IOException">Another process has it, or another run of this one.</exception>
    /// <exception cref="InvalidOperationException">It holds another experiment, or trials of one that does not say which.</exception>
    public static ExperimentFolder Open(string folder, JsonObject identity)
    {
        var held = FolderLock.TakeAlone(folder);
        try
        {
            AtomicFile.Sweep(folder, name => OwnFile().IsMatch(name)); // of a killed run
            string path = Path.Combine(folder, "experiment.json");
            if (File.Exists(path))
            {
                if (RecordedSettings.Differences(RecordedSettings.Read(path), identity) is { } different)
                {
                    throw new InvalidOperationException($"{folder} holds another experiment: {different}. Go on with that one, or name another folder in "
                        + "SetCheckpoint.");
                }
            }
            else if (Directory.EnumerateFiles(folder, "trial-*.json").FirstOrDefault() is { } trial)
            {
                throw new InvalidOperationException($"{trial} is there, and {path} is not, which would say of which experiment. Name another folder in "
                    + "SetCheckpoint.");
            }
            else
            {
                AtomicFile.WriteText(path, identity.ToJsonString(Readable));
            }

            return new(folder, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>How a trial ended in an earlier run; null where it did not.</summary>
    /// <exception cref="InvalidDataException">The file cannot be read, or is of a trial with other values.</exception>
    public TrialResult? Find(TrialSettings settings)
    {
        string path = TrialFile(settings);
        if (!File.Exists(path)) return null;
        var file = RecordedSettings.Read(path);
        var expected = Identity(settings);
        if (expected.FirstOrDefault(pair => !JsonNode.DeepEquals(pair.Value, file[pair.Key])) is { Key: { } key } other)
        {
            throw new InvalidDataException($"{path} is of another trial than this one: its {key} is {file[key]?.ToJsonString() ?? "not there"}, and is to be "
                + $"{other.Value!.ToJsonString()}. Delete it and the trials after it to run them again.");
        }
        try
        {
            string? failure = (string?)file["failure"];
            double metric = failure is null ? (double)file["metric"]! : double.NaN, milliseconds = (double)file["milliseconds"]!;
            if (failure is null && !double.IsFinite(metric) || !(milliseconds >= 0)) throw new FormatException("its numbers are out of range");
            return new(settings, metric, failure, TimeSpan.FromMilliseconds(milliseconds));
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException or NullReferenceException or ArgumentNullException
            or OverflowException)
        {
            throw new InvalidDataException($"{path} says neither what the trial was worth nor why it failed ({error.Message.TrimEnd('.')}). Delete it to run "
                + "the trial again.", error);
        }
    }

    /// <summary>Keeps how a trial ended.</summary>
    public void Keep(TrialResult trial, TrialMetric metric)
    {
        var file = Identity(trial.TrialSettings);
        file["metric"] = trial.Failure is null ? trial.Metric : null;
        file["metric name"] = metric.Name;
        file["milliseconds"] = trial.DurationInMilliseconds;
        file["failure"] = trial.Failure;
        AtomicFile.WriteText(TrialFile(trial.TrialSettings), file.ToJsonString(Readable));
    }

    /// <summary>Saves a trial's model. Before the trial itself is kept: what is kept as the best has its model.</summary>
    public void SaveModel(MLContext context, TrialResult trial, DataViewSchema schema) =>
        AtomicFile.Write(ModelFile(trial.TrialSettings.TrialId), stream => context.Model.Save(trial.Model, schema, stream));

    /// <summary>Loads the model of the best trial of an earlier run.</summary>
    /// <exception cref="FileNotFoundException">It is gone.</exception>
    public ITransformer LoadModel(MLContext context, TrialResult trial)
    {
        string path = ModelFile(trial.TrialSettings.TrialId);
        return File.Exists(path) ? context.AudioLanguage().LoadModel(path)
            : throw new FileNotFoundException($"{path} is gone, the model of the best trial. Delete {TrialFile(trial.TrialSettings)} to train it again.", path);
    }

    /// <summary>Deletes the models of the first trials that are not the best of them.</summary>
    public void Tidy(TrialResult? best, int trials)
    {
        for (int id = 1; id <= trials; id++)
            if (id != best?.TrialSettings.TrialId) File.Delete(ModelFile(id));
    }

    /// <inheritdoc/>
    public void Dispose() => held.Dispose();

    private static JsonObject Identity(TrialSettings settings) => new()
    {
        ["trial"] = settings.TrialId,
        ["rung"] = settings.Rung,
        ["share"] = settings.Share,
        ["parameters"] = settings.Configuration.Json(),
    };

    private string TrialFile(TrialSettings settings) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"trial-{settings.TrialId:D4}.json"));

    private string ModelFile(int trial) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"best-{trial:D4}.zip"));

    [GeneratedRegex(@"^(experiment\.json|leaderboard\.html|trial-\d{4,}\.json|best-\d{4,}\.zip)$")]
    private static partial Regex OwnFile();
}
