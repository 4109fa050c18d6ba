using System.CommandLine;
using System.Text.Json.Nodes;
using Mint.ML.Answering;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Distributed;
using Mint.ML.Generation;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>What <c>caption</c>, <c>classify</c> and <c>ask</c> have in common: the input, the model, windows, and where answers go.</summary>
internal sealed class AnswerOptions
{
    private readonly Argument<string> input = new("input")
    {
        Description = "A sound file, a folder of them, or a manifest (.csv, .tsv, .jsonl, .ndjson, .json or .txt, with a Path column)",
    };
    private readonly ModelOptions model = new(Shipped.DefaultModelHelp);
    private readonly Option<string?> output = new("--output", "-o")
    {
        Description = "File that takes the answers row by row; the same command goes on where it was stopped (default: the terminal)",
    };
    private readonly Option<string?> format = new("--format")
    {
        Description = "table, jsonl or csv (default: by the file's name, else table on the terminal and jsonl in a file)",
    };
    private readonly Option<string> onError = new("--on-error")
    {
        Description = "What a file that cannot be read does: stop, or skip with a row that says why",
        DefaultValueFactory = _ => "stop",
    };
    private readonly Option<int> batch = new NumberOption<int>("--batch-size")
    {
        Description = "Clips answered at once; answers do not depend on it",
        DefaultValueFactory = _ => 16,
    };
    private readonly OptionSet<LongAudioOptions> windows = AnswerArguments.LongAudio();
    private readonly OptionSet<HearingOptions> hearing = AnswerArguments.Hearing();
    private readonly Option<string> device = DeviceOption.Create();
    private readonly Option<string> languageModelType = LanguageModelTypeOption.Create();

    public AnswerOptions()
    {
        format.AcceptOnlyFromAmong("table", "jsonl", "csv");
        onError.AcceptOnlyFromAmong("stop", "skip");
    }

    /// <summary>The input comes before a command's own arguments.</summary>
    public Argument<string> Input => input;

    /// <summary>Whether answers are added to a file of an earlier run.</summary>
    public bool GoesOn(ParseResult parse) => File.Exists(parse.GetValue(output));

    public void AddTo(Command command)
    {
        model.AddTo(command);
        foreach (var option in (Option[])[output, format, onError, batch, .. windows, .. hearing, device, languageModelType]) command.Options.Add(option);
    }

    /// <summary>Checks the options, loads the model and answers.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="read">Reads the command's own options over those of the model file, and checks them; errors are told with the others.
    /// What it gives makes what answers, of a model, a batch size and the clips.</param>
    /// <param name="cancel">Stops within a batch.</param>
    /// <param name="list">Reads the input where an answer is about several clips; null where it is about one.</param>
    public Task<int> Run(ParseResult parse, Func<AnswerDefaults, Func<AudioLanguageModel, int, IReadOnlyList<ListedClip>, Answerer>> read,
        CancellationToken cancel, Func<string, IReadOnlyList<ListedClip>>? list = null)
    {
        var windows = this.windows.Read(parse);
        var hearing = this.hearing.Read(parse);
        int batch = parse.GetValue(this.batch);
        string? file = parse.GetValue(this.output);
        string format = parse.GetValue(this.format) ?? (file is null ? "table" : Path.GetExtension(file).ToLowerInvariant() == ".csv" ? "csv" : "jsonl");
        string? path = null;
        OptionErrors.Check(() => path = this.model.Read(parse));
        var defaults = ModelFile.Find(path) is { } saved ? AnswerDefaults.Read(saved) : new(); // none is told when it is loaded
        Func<AudioLanguageModel, int, IReadOnlyList<ListedClip>, Answerer>? answerer = null;
        OptionErrors.Check(() => answerer = read(defaults), windows.Validate, () => this.windows.CheckUsed(parse, windows), Own);
        var clips = (list ?? (given => ClipList.Read(given, Shared.Report)))(parse.GetValue(input)!);

        var place = DeviceOption.Parse(parse.GetValue(device)!);
        string type = parse.GetValue(languageModelType)!;
        using var model = LanguageModelTypeOption.Load(type, place, () => this.model.Load(parse, path, place));
        var answers = answerer!(model.Model, batch, clips);
        var rows = RowFormat.ForName(format, answers.Name, clips.Max(clip => clip.Name.Length));
        using var output = file is null ? AnswerOutput.ForConsole(rows) : AnswerOutput.ForFile(file, rows, Settings());
        Stopping.Listen();
        var result = new AnswerRun(answers, windows, batch, parse.GetValue(onError) == "skip", StandardError.Report, hearing) { Ranks = Ranks.Present }
            .Run(clips, output, cancel);
        if (result.Stopped && file is not null) Shared.Report($"the same command goes on with {file}");
        return Task.FromResult(result.ExitCode);

        JsonObject Settings()
        {
            var settings = AnswerSettings.ForRun(model.Path, parse.GetValue(input)!, answers, windows, hearing);
            settings[languageModelType.Name.TrimStart('-')] = type;
            return settings;
        }

        void Own()
        {
            var errors = new OptionErrors();
            errors.Unused(parse, list is not null, "about several clips, each of which is heard as one",
                this.windows.Named("--window-seconds", "--overlap-seconds"));
            if (list is not null && ModelFile.Find(path) is { } folder && Directory.Exists(folder)) errors.Gather(() => Sequences(folder));
            errors.Require(batch >= 1, $"--batch-size is {batch}; at least one clip is answered at once.");
            errors.Require(file is null || format != "table",
                "--output takes jsonl or csv, which a stopped run can go on with; a table is for the terminal (or a pipe).");
            errors.Throw();
        }
    }
    // A folder says what it is without its weights; of a zip the model is asked when it is loaded.
    private static void Sequences(string folder)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        if (ModelCatalog.Find(checkpoint) is { } system && !system.Capabilities.HasFlag(SystemCapabilities.Sequences))
            throw new NotSupportedException($"{system.Name} hears one clip at a time; APT reads sequences of clips and texts.");
    }
}
