using System.CommandLine;
using Mint.ML.Encoders;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Samples.Making.Music;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Samples.Making.World;
using Mint.ML.Systems;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint teach</c>: a model of everyday sound learns notes, made sounds, pairs and music in minutes, and keeps its other answers.</summary>
internal static class TeachCommand
{
    public static Command Create()
    {
        var model = new Option<string?>("--model") { Description = "mint.zip of 'mint make-world' (default: the one that ships)" };
        var sounds = new Option<string>("--sounds") { Description = "Folder from 'mint data sounds'", DefaultValueFactory = _ => "data-cache/sounds" };
        var notes = new Option<string>("--notes") { Description = "Folder from 'mint data notes'", DefaultValueFactory = _ => "data-cache/notes" };
        var music = new Option<string?>("--music") { Description = "Folder from 'mint data music', to learn music besides (default: none)" };
        var encoder = new Option<string?>("--encoder") { Description = "Folder of the model's encoder (default: the one that ships)" };
        var language = new Option<string?>("--language-model") { Description = "Folder of its language model (default: the one that ships)" };
        var work = new Option<string>("--work")
        {
            Description = "Folder for what is heard, and for the run",
            DefaultValueFactory = _ => "data-cache/world-taught",
        };
        var output = new Option<string>("--output", "-o") { Description = "Folder for mint.zip", DefaultValueFactory = _ => "runs/world-taught" };
        var threads = new NumberOption<int>("--threads") { Description = "Threads of the training", DefaultValueFactory = _ => 2 };
        var training = new OptionSet<WorldTeachingOptions>(new WorldTeachingOptions())
        {
            { "--steps", "Steps", o => o.Steps, (o, value) => o with { Steps = value } },
            { "--batch-size", "Sounds a step, half of them notes", o => o.BatchSize, (o, value) => o with { BatchSize = value } },
            { "--learning-rate", "Highest learning rate", o => o.LearningRate, (o, value) => o with { LearningRate = value } },
            { "--seed", "Decides what is drawn", o => o.Seed, (o, value) => o with { Seed = value } },
        };
        var command = new Command("teach", "Teach a model of everyday sound notes, made sounds, two sounds at once, and music; its other answers are kept.")
            { model, sounds, notes, music, encoder, language, work, output, threads };
        command.Add(training);
        command.SetAction((parse, cancel) =>
        {
            var options = training.Read(parse);
            string file = parse.GetValue(model) ?? Shipped.DefaultModel;
            string ear = parse.GetValue(encoder) ?? Shipped.Folder("--encoder", "models", "everyday-encoder");
            string answers = parse.GetValue(language) ?? Shipped.Folder("--language-model", "models", "everyday-language-model");
            OptionErrors.Check(options.Validate, Own, () => ModelCatalog.Require(ear, nameof(YamNet)));
            set_num_threads(parse.GetValue(threads));
            Stopping.Listen();
            WorldTeaching.Run(file, parse.GetValue(sounds)!, parse.GetValue(notes)!, parse.GetValue(music), ear, answers, parse.GetValue(work)!,
                parse.GetValue(output)!, options, Console.Out, new TrainingLines("sounds"), cancel);
            return Task.FromResult(cancel.IsCancellationRequested ? 130 : 0);

            void Own()
            {
                var errors = new OptionErrors();
                errors.Require(parse.GetValue(threads) is >= 1 and <= 1024, $"--threads is {parse.GetValue(threads)}; expected 1 to 1024.");
                errors.Require(File.Exists(file), $"--model: there is no file '{file}'.");
                foreach (var (option, path, how) in new (string Option, string? Path, string How)[]
                {
                    ("--sounds", Path.Combine(parse.GetValue(sounds)!, SoundCollection.Manifest), "'mint data sounds' writes it"),
                    ("--notes", Path.Combine(parse.GetValue(notes)!, "manifest-train.csv"), "'mint data notes --recorded' writes it"),
                    ("--music", parse.GetValue(music) is { } played ? MmaMusic.Manifest(played, MmaMusic.Train) : null, "'mint data music' writes it"),
                    ("--encoder", Path.Combine(ear, "labels.txt"), "it names the classes that the model's words are of"),
                })
                {
                    errors.Require(path is null || File.Exists(path), $"{option}: there is no {path}; {how}.");
                }
                errors.Throw();
            }
        });
        return command;
    }
}
