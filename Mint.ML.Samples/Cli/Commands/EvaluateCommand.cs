using System.CommandLine;
using System.Globalization;
using System.Text;
using Mint.ML.Answering;
using Mint.ML.Distributed;
using Mint.ML.Evaluation;
using Mint.ML.LanguageModels;
using Mint.ML.Metrics;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint evaluate</c>: a data set's manifest in, the columns of a table out.</summary>
internal static class EvaluateCommand
{
    private const string CommonWordNet = "/usr/share/wordnet"; // of Debian's wordnet-base

    public static Command Create()
    {
        var recipes = new Argument<string[]>("recipe")
        {
            Description = "What to measure: recipes/notes.json runs at once; recipes/table*.json are the paper's",
            Arity = ArgumentArity.OneOrMore,
        };
        var model = new ModelOptions(Shipped.DefaultModelHelp);
        var output = new Option<string?>("--output", "-o")
        {
            Description = "Folder for the answers, evaluation.json and items.jsonl of one recipe; the same command goes on where it was stopped (default: "
                + "runs/evaluate/NAME-OF-RECIPE)",
        };
        var manifest = new Option<string?>("--manifest") { Description = "Measures on this manifest instead of the recipe's" };
        var format = new Option<string>("--format") { Description = "table, json or csv", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json", "csv");
        var onError = new Option<string>("--on-error")
        {
            Description = "What a clip that cannot be read does: stop, or skip, which leaves it out and counts it",
            DefaultValueFactory = _ => "stop",
        };
        onError.AcceptOnlyFromAmong("stop", "skip");
        var wordNet = new Option<string?>("--wordnet")
        {
            Description = $"Folder with WordNet's data files, for METEOR's synonyms (default: {CommonWordNet}, where it is); \"\" for none: METEOR "
                + "then matches words and stems, and says so",
        };
        var bert = new Option<string?>("--bert") { Description = "A BERT's folder, for BERTScore" };
        var spice = new Option<string?>("--spice")
        {
            Description = "Program that computes SPICE, called as COMMAND INPUT -out OUTPUT -silent: for instance \"java -Xmx8G -jar spice-1.0.jar\"; "
                + "a bare name is looked for in PATH alone, and a path with spaces stands in quotes",
        };
        var batch = new NumberOption<int>("--batch-size")
        {
            Description = "Clips answered at once; answers do not depend on it",
            DefaultValueFactory = _ => 16,
        };
        var hearing = AnswerArguments.Hearing();
        var (device, languageModelType) = (DeviceOption.Create(), LanguageModelTypeOption.Create());
        var command = new Command("evaluate", "Measure a model on data sets: classification, tagging, captioning, retrieval, questions, with 95 % intervals.")
        {
            recipes, output, manifest, format, onError, wordNet, bert, spice, batch, device, languageModelType,
        };
        model.AddTo(command);
        command.Add(hearing);
        command.SetAction((parse, cancel) =>
        {
            string[] files = parse.GetValue(recipes)!;
            var errors = new OptionErrors();
            errors.Require(files.Length == 1 || (parse.GetValue(output) ?? parse.GetValue(manifest)) is null, "--output and --manifest are for one recipe.");
            errors.Require(parse.GetValue(batch) >= 1, $"--batch-size is {parse.GetValue(batch)}; at least one clip is answered at once.");
            if (parse.GetValue(bert) is { } bertFolder) errors.Gather(() => ModelCatalog.Require(bertFolder, nameof(Bert)));
            errors.Gather(() => CheckSpice(parse.GetValue(spice)));
            if (parse.GetValue(wordNet) is { Length: > 0 } words) errors.Gather(() => WordNetSynonyms.Check(words));
            string? path = null;
            errors.Gather(() => path = model.Read(parse));
            errors.Throw();
            var read = files.Select(EvaluationRecipe.Read)
                .Select(recipe => parse.GetValue(manifest) is { } other ? recipe with { Manifest = Path.GetFullPath(other) } : recipe)
                .Select(recipe => recipe with { Hearing = hearing.Read(parse, recipe.Hearing) }).ToList();
            CheckTools(read, parse.GetValue(wordNet) is { Length: > 0 }, parse.GetValue(bert) is not null, parse.GetValue(spice) is not null);
            var place = DeviceOption.Parse(parse.GetValue(device)!);
            string type = parse.GetValue(languageModelType)!;
            using var loaded = LanguageModelTypeOption.Load(type, place, () => model.Load(parse, path, place));
            var tools = read.Any(recipe => recipe.Task is "captioning" or "answering")
                ? Tools(parse.GetValue(wordNet), parse.GetValue(bert), parse.GetValue(spice))
                : new CaptionTools();
            var settings = new EvaluationSettings(loaded.Model, loaded.Path)
            {
                Batch = parse.GetValue(batch),
                SkipErrors = parse.GetValue(onError) == "skip",
                Tools = tools,
                Ranks = Ranks.Present,
                LanguageModelType = OptionNames.Parse<LanguageModelType>(type),
            };
            Stopping.Listen();
            var evaluations = new List<EvaluationResult>();
            foreach (var (recipe, file) in read.Zip(files))
            {
                string folder = parse.GetValue(output) ?? Path.Combine("runs", "evaluate", Path.GetFileNameWithoutExtension(file));
                if (new EvaluationRun(recipe, settings, folder, StandardError.Report).Run(cancel) is not { } evaluation)
                {
                    if (!settings.Ranks.IsFirst && !cancel.IsCancellationRequested) continue;
                    Shared.Report("the same command goes on");
                    return Task.FromResult(130);
                }
                evaluations.Add(evaluation);
                StandardError.Report($"written: {Path.Combine(folder, "evaluation.json")} ({evaluation.Clips} "
                    + $"clips{(evaluation.Skipped > 0 ? $", {evaluation.Skipped} skipped" : "")})");
            }
            if (settings.Ranks.IsFirst) Print(evaluations, read, parse.GetValue(format)!);
            return Task.FromResult(0);
        });
        return command;
    }

    private static CaptionTools Tools(string? wordNet, string? bert, string? spice) => new()
    {
        Synonyms = wordNet is { Length: > 0 } ? WordNetSynonyms.Load(wordNet)
            : wordNet is null && Directory.Exists(CommonWordNet) ? WordNetSynonyms.Load(CommonWordNet) : null,
        Bert = bert is null ? null : BertScore.Load(bert),
        Spice = Spice(spice),
    };

    // A tool that nothing is measured with was meant for another recipe, or the recipe for it.
    private static void CheckTools(List<EvaluationRecipe> recipes, bool wordNet, bool bert, bool spice)
    {
        var errors = new OptionErrors();
        Needed(wordNet, "--wordnet", "METEOR");
        Needed(bert, "--bert", "BERTScore");
        Needed(spice, "--spice", "SPICE", "SPIDEr");
        errors.Throw();

        void Needed(bool given, string option, params string[] metrics) => errors.Require(!given
            || recipes.Any(recipe => recipe.Task is "captioning" or "answering" && (recipe.Metrics.Count == 0 || recipe.Metrics.Intersect(metrics).Any())),
            $"{option} is for {string.Join(" and ", metrics)} of captioning, which "
                + $"{(recipes.Count == 1 ? "this recipe does" : "these recipes do")} not measure.");
    }

    // Told before anything is loaded: an open quote, and a program that is not there.
    private static void CheckSpice(string? command)
    {
        if (command is null) return;
        if (Words(command) is not [var program, ..]) throw new ArgumentException("--spice is empty; it names a program and what stands before its input.");
        SpiceTool.Check(program);
    }

    internal static SpiceTool? Spice(string? command) => Words(command ?? "") is [var program, .. var arguments] ? new SpiceTool(program, arguments) : null;

    // As a shell's words, of which quotes of either kind are all that it knows: a\b stays, so that paths of Windows do.
    internal static string[] Words(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        char quote = '\0';
        bool begun = false;
        foreach (char c in line)
        {
            if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && (c is '"' or '\''))
            {
                (quote, begun) = (c, true);
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (begun) words.Add(word.ToString());
                word.Clear();
                begun = false;
            }
            else
            {
                word.Append(c);
                begun = true;
            }
        }
        if (quote != '\0') throw new ArgumentException($"--spice is {line}, of which a {quote} is not closed.");
        if (begun) words.Add(word.ToString());
        return [.. words];
    }

    private static void Print(List<EvaluationResult> evaluations, List<EvaluationRecipe> recipes, string format)
    {
        if (format == "json")
        {
            Console.WriteLine(EvaluationFiles.Text(evaluations));
            return;
        }
        string[] header = ["evaluation", "clips", "metric", "value", "low", "high", "paper", "note"];
        List<string[]> rows = [header, .. evaluations.Zip(recipes).SelectMany(pair => pair.First.Metrics.Select(metric => new[]
        {
            pair.First.Name, pair.First.Clips.ToString(CultureInfo.InvariantCulture), metric.Name, Number(metric.Value), Number(metric.Low),
                Number(metric.High),
            Number(pair.Second.Paper.TryGetValue(metric.Name, out double paper) ? paper : null), metric.Note ?? "",
        }))];
        int[] widths = [.. header.Select((_, column) => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
        {
            Console.WriteLine(format == "csv" ? string.Join(',', row.Select(CsvFormat.Quoted))
                : string.Join("  ", row.Select((cell, column) => column is >= 3 and <= 6 ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column])))
                .TrimEnd());
        }
    }

    private static string Number(double? value) => value?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "";
}
