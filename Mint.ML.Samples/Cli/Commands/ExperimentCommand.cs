using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Files;
using Mint.ML.Objectives;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Transforms;
using Mint.ML.Transforms.Experiments;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint experiment</c>: a search for the options of stage 1 with which held-out clips are told best.</summary>
internal static class ExperimentCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("recipe") { Description = "What is searched: recipes/experiment.json runs at once" };
        var output = new Option<string>("--output", "-o")
        {
            Description = "Folder for trials, best model and leaderboard; the same command goes on where it was stopped",
            DefaultValueFactory = _ => "runs/experiment",
        };
        var command = new Command("experiment", "Search for the best options of stage 1; the recipe says which, and among what.") { file, output };
        command.SetAction((parse, cancel) =>
        {
            string folder = parse.GetValue(output)!;
            FolderLock.Check(folder);
            var recipe = ExperimentRecipe.Read(parse.GetValue(file)!);
            string encoder = recipe.Encoder ?? Shipped.Folder("'encoder'", "models", "encoder");
            ModelCatalog.RequireAudioEncoder(encoder);
            var space = new SearchSpace();
            Searched[] searched = [.. recipe.Search.Select(option => new Searched(space, option.Key, option.Value))];
            // What is fixed decides, too: the experiment's identity has it.
            foreach (var (name, value) in recipe.Fixed) space.AddChoice(name, ExperimentRecipe.Text(value));
            Check(recipe, searched);
            foreach (string manifest in recipe.Validation is { } held ? [recipe.Manifest, held] : new[] { recipe.Manifest }) Columns(recipe, manifest);

            var ml = new MLContext(recipe.Seed);
            ml.Log += (_, message) =>
            {
                if (message.RawMessage.StartsWith("trial ", StringComparison.Ordinal)) Console.WriteLine(message.RawMessage);
            };
            ml.AudioLanguage().FrozenModels = new([Path.GetDirectoryName(Path.GetFullPath(encoder))!, .. Shipped.Models is { } models ? [models]
                : Array.Empty<string>()]);
            var rows = ml.Data.LoadFromAudioManifest(recipe.Manifest);
            string[] labels = recipe.Metric == "ranking" ? [.. rows.GetColumn<string>(recipe.LabelColumn).Distinct().Order(StringComparer.Ordinal)] : [];
            Directory.CreateDirectory(folder);
            var experiment = ml.AudioLanguage().CreateExperiment(recipe.Seed)
                .SetPipeline(space, (ml, trial) => Pipeline(ml, Settings(recipe, searched.Select(option => (option.Name, option.Of(trial)))), trial))
                .SetMaxModelToExplore(recipe.Trials).SetCheckpoint(folder);
            if (recipe.Validation is { } other) experiment.SetDataset(rows, ml.Data.LoadFromAudioManifest(other));
            else experiment.SetDataset(ml.Data.TrainTestSplit(rows, recipe.TestFraction, seed: recipe.Seed));
            if (recipe.Metric == "ranking") experiment.SetRankingMetric(recipe.LabelColumn);
            else experiment.SetRetrievalMetric(k: 5);
            if (recipe.Tuner == "grid") experiment.SetGridSearchTuner();
            else if (recipe.Tuner == "halving") experiment.SetSuccessiveHalvingTuner();

            Stopping.Listen();
            using var best = experiment.Run(cancel).Model as IDisposable;
            foreach (var trial in experiment.Trials.OrderByDescending(trial => trial.Metric)) Console.WriteLine(Line(trial));
            if (cancel.IsCancellationRequested) return Task.FromResult(130);
            string path = Path.Combine(folder, "model.zip");
            AtomicFile.Write(path, stream => ml.Model.Save((ITransformer)best!, rows.Schema, stream));
            Console.WriteLine($"written: {path}, {Path.Combine(folder, "leaderboard.html")}");
            return Task.FromResult(0);

            IEstimator<ITransformer> Pipeline(MLContext ml, PretrainSettings options, TrialSettings trial)
            {
                var heard = ml.Transforms.LoadAudio("Audio", "Path")
                    .Append(ml.Transforms.FeaturizeAudio("Features", "Audio", encoder, cache: Path.Combine(folder, "frames")))
                    .Append(ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
                    {
                        Bridge = options.Start.Config,
                        Bert = options.Start.Bert,
                        Vocabulary = options.Start.Tokenizer,
                        VocabularySize = options.Start.VocabularySize,
                        Objective = options.Objective,
                        Training = options.Training with { Epochs = trial.Scale(options.Training.Epochs) },
                    }));
                return recipe.Metric == "ranking" ? heard.Append(ml.AudioLanguage().RankLabels("PredictedLabel", "Features", labels)) : heard;
            }
        });
        return command;
    }

    // Without them, every trial fails, after its clips were heard.
    private static void Columns(ExperimentRecipe recipe, string manifest)
    {
        var columns = AudioManifest.Read(manifest).Columns;
        foreach (string column in recipe.Metric == "ranking" ? ["Caption", recipe.LabelColumn] : new[] { "Caption" })
        {
            if (!columns.Contains(column, StringComparer.OrdinalIgnoreCase))
                throw new InvalidDataException($"{manifest} has no column '{column}'; it has: {string.Join(", ", columns)}.");
        }
    }

    /// <summary>What <c>mint pretrain</c> would read from a command line of these options.</summary>
    private sealed record PretrainSettings(TrainingOptions Training, AlignmentOptions Objective, BridgeStart Start);

    private static PretrainSettings Settings(ExperimentRecipe recipe, IEnumerable<(string Name, string Value)> searched)
    {
        var (training, objective, bridge) = (TrainingArguments.Training(new TrainingOptions()), TrainingArguments.Objective(), new BridgeArguments());
        var pretrain = new Command("pretrain");
        bridge.AddTo(pretrain);
        pretrain.Add(training);
        pretrain.Add(objective);
        var all = recipe.Fixed.Select(option => (Name: option.Key, Value: ExperimentRecipe.Text(option.Value))).Concat(searched).ToList();
        string[] known = [.. pretrain.Options.Select(option => option.Name.TrimStart('-'))];
        var errors = new OptionErrors();
        foreach (var (name, _) in all.Where(option => !known.Contains(option.Name)))
            errors.Require(false, $"pretrain has no option '{name}'; the nearest is '{OptionFile.Nearest(name, known)}'.");
        foreach (string own in (string[])["bridge", "seed", "best-by", "patience", "validate-every", "checkpoint-every", "checkpoints-kept"])
        {
            errors.Require(all.All(option => option.Name != own),
                $"'{own}' is no option of an experiment: its trials begin anew, and are measured at their end.");
        }
        errors.Throw();
        var parse = pretrain.Parse([.. all.Select(option => $"--{option.Name}={option.Value}")]);
        foreach (var error in parse.Errors) errors.Require(false, error.Message);
        errors.Throw();
        var settings = new PretrainSettings(training.Read(parse), objective.Read(parse), bridge.Read(parse));
        OptionErrors.Check(() => AlignmentTraining.Validate(settings.Objective, settings.Training), () => settings.Start.Validate(settings.Training));
        return settings;
    }

    // Every value that can be tried, one option after the other: an error in the last trial of a night would come too late.
    private static void Check(ExperimentRecipe recipe, Searched[] searched)
    {
        var errors = new OptionErrors();
        var first = searched.ToDictionary(option => option.Name, option => option.Ends[0]);
        foreach (var option in searched)
        {
            foreach (string value in option.Ends)
                errors.Gather(() => Settings(recipe, first.Select(other => (other.Key, other.Key == option.Name ? value : other.Value))));
        }
        errors.Throw();
    }

    private static string Line(TrialResult trial) => trial.Failure is { } failure ? $"failed   {trial.TrialSettings}: {failure}"
        : string.Create(CultureInfo.InvariantCulture, $"{trial.Metric:F4}   {trial.TrialSettings}");
}
