using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mint.ML.Files;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Reports;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint report</c>: a training run or an evaluation as one page that opens in any browser.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "A run folder (log.jsonl), an evaluation folder (evaluation.json), or one that is both" };
        var output = new Option<string?>("--output", "-o") { Description = "The page to write (default: report.html in the folder)" };
        var model = new Option<string?>("--model")
        {
            Description = "Model file whose queries' attention is shown (default: the one that evaluation.json names)",
        };
        var audio = new Option<string?>("--audio")
        {
            Description = "Folder that the clips' paths are relative to (default: that of the manifest that the folder names)",
        };
        var limit = new NumberOption<double>("--audio-limit")
        {
            Description = "Megabytes of sound in the page; what is left out is said there",
            DefaultValueFactory = _ => 20,
        };
        var examples = new NumberOption<int>("--examples")
        {
            Description = "Retrieval examples, or worst clips with spectrogram and attention",
            DefaultValueFactory = _ => 12,
        };
        var report = new Command("report", "Show a training run or an evaluation as one self-contained page: curves, metrics, examples that can be played.")
        {
            folder, output, model, audio, limit, examples,
        };
        report.SetAction((parse, cancel) =>
        {
            var errors = new OptionErrors();
            errors.Require(parse.GetValue(limit) is >= 0 and <= 1000, $"--audio-limit is {parse.GetValue(limit)}; it must be between 0 and 1000 megabytes.");
            errors.Require(parse.GetValue(examples) >= 0, $"--examples is {parse.GetValue(examples)}; it must not be below 0.");
            errors.Throw();
            Run(parse.GetValue(folder)!, parse.GetValue(output), parse.GetValue(model), parse.GetValue(audio),
                (long)(parse.GetValue(limit) * 1e6), parse.GetValue(examples), new ConsoleLines(), cancel);
            return Task.FromResult(0);
        });
        return report;
    }

    internal static string Run(string folder, string? output, string? model, string? audio, long limit, int examples, IProgress<string> progress,
        CancellationToken cancel)
    {
        bool isRun = File.Exists(Path.Combine(folder, "log.jsonl")), isEvaluation = File.Exists(Path.Combine(folder, "evaluation.json"));
        if (!isEvaluation && model is not null)
            throw new ArgumentException($"--model says nothing about {folder}, which is no evaluation: it has no evaluation.json. Leave it out.");
        if (!isRun && !isEvaluation)
            throw new FileNotFoundException($"{folder} is neither a run folder (it has no log.jsonl) nor an evaluation folder (it has no evaluation.json).");
        string path = output ?? Path.Combine(folder, "report.html");
        AtomicFile.Check(path);
        var notes = new List<string>();
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var page = new JsonObject { ["folder"] = name };
        var evaluation = isEvaluation ? new EvaluationFolder(folder, notes) : null;
        var sounds =
            new SoundShelf([.. audio is null ? [] : new[] { Path.GetFullPath(audio) }, .. evaluation is null ? [] : Folders(folder, evaluation),
                .. isRun ? RunReport.Folders(folder) : []], limit);
        if (isRun) page["run"] = RunReport.Read(folder, sounds, examples, notes);
        if (evaluation is not null)
        {
            using var file = Model(folder, model, evaluation, examples, out string? missing);
            var listener = file is null ? null : new Listener(file.Model, evaluation.Text("instruction"));
            page["evaluation"] = EvaluationReport.Read(evaluation, sounds, examples, listener is null ? null : listener.Listen, missing, progress, cancel);
            page["evaluation"]!["listener"] = listener?.Source;
        }
        page["sounds"] = sounds.ToJson();
        if (sounds.Missing > 0)
        {
            notes.Add(FormattableString.Invariant($"{sounds.Missing} clips were not found, lie outside the folders that are read (--audio) or are no sound; ")
                + "each place says why.");
        }
        if (sounds.OverLimit > 0)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"{sounds.OverLimit} clips are left out, because the page holds at most {limit / 1e6:0.#} MB of sound (--audio-limit)."));
        }
        page["notes"] = new JsonArray([.. notes.Select(note => (JsonNode)note)]);
        ReportPage.Write(path, $"{name} · mint report", page);
        foreach (string note in notes) progress.Report(note);
        progress.Report(string.Create(CultureInfo.InvariantCulture,
            $"written: {path} ({new FileInfo(path).Length / 1e6:F1} MB, of which {sounds.Used * 4 / 3 / 1e6:F1} MB sound)"));
        return path;
    }

    private static IEnumerable<string> Folders(string folder, EvaluationFolder evaluation) =>
        Found(folder, evaluation.Text("manifest")) is { } manifest && RunReport.IsManifest(manifest)
            ? [Path.GetDirectoryName(manifest)!, folder, "."] : [folder, "."];

    // A file that evaluation.json names: absolute, or relative to that folder or to the current one.
    private static string? Found(string folder, string? path) => path is null || path.Contains('\0') ? null
        : new[] { Path.GetFullPath(path, Path.GetFullPath(folder)), Path.GetFullPath(path) }.FirstOrDefault(File.Exists);

    private static ModelFile? Model(string folder, string? given, EvaluationFolder evaluation, int examples, out string? missing)
    {
        missing = null;
        if (examples == 0 || evaluation.Clips.Count == 0) return null;
        string? named = given ?? Found(folder, evaluation.Text("model"));
        if (named is null)
        {
            missing = evaluation.Text("model") is { } model ? $"The model file {model} was not found; name it with --model."
                : "evaluation.json names no model file; name one with --model.";
            return null;
        }
        try
        {
            return ModelFile.Load(named);
        }
        // A page without attention is better than none; a model the user named on the command line must be right.
        catch (Exception e) when (given is null && e.Cause() is InvalidDataException or InvalidOperationException or IOException or FormatException)
        {
            missing = $"The model file cannot be loaded: {e.Cause().Message}";
            return null;
        }
    }
}
