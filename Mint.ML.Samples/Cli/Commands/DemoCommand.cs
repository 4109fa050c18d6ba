using System.CommandLine;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Demo;
using Mint.ML.Samples.Demo.Apt;
using Mint.ML.Samples.Making.Systems;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint demo</c>: the main job once through, on real audio.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var defaults = new DemoOptions();
        var data = new Option<string?>("--data")
        {
            Description = "Folder with manifest-train.csv and manifest-test.csv of the notes set (default: what ships)",
        };
        var sounds = new Option<string?>("--sounds")
        {
            Description = "Manifest of everyday sounds with Label and, in Note, the fold: 'fold 5' is held out (default: what ships)",
        };
        var models = new Option<string?>("--models")
        {
            Description = "Folder with the frozen models encoder and language-model, everyday-encoder and everyday-language-model (default: what ships)",
        };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "The model file of notes to write; that of everyday sounds is written beside it (default: artifacts/demo/mint.zip)",
        };
        var stage1 = new NumberOption<int>("--stage1-epochs")
        {
            Description = "Passes over the clips in stage 1",
            DefaultValueFactory = _ => defaults.Stage1Epochs,
        };
        var stage2 = new NumberOption<int>("--stage2-epochs")
        {
            Description = "Passes over the instructions in stage 2; twice as many with everyday sounds, which are fewer",
            DefaultValueFactory = _ => defaults.Stage2Epochs,
        };
        var rate1 = new NumberOption<double>("--stage1-learning-rate")
        {
            Description = "Learning rate of stage 1",
            DefaultValueFactory = _ => defaults.Stage1LearningRate,
        };
        var rate2 = new NumberOption<double>("--stage2-learning-rate")
        {
            Description = "Learning rate of stage 2; two thirds of it with everyday sounds",
            DefaultValueFactory = _ => defaults.Stage2LearningRate,
        };
        var seed = new NumberOption<int>("--seed") { Description = "Decides initial weights, order and dropout", DefaultValueFactory = _ => defaults.Seed };
        var dev = new Option<bool>("--dev")
        {
            Description = "Trains on one training soundfont, and two folds, and measures on others, to choose settings by; what is held out is not read",
        };
        var system = new Option<string?>("--system") { Description = "Another system than MINT, in small, beside its controls: pengi, musilingo or apt" };
        system.AcceptOnlyFromAmong("pengi", "musilingo", "apt");
        var seeds = new NumberOption<int>("--seeds")
        {
            Description = "With pengi and musilingo: how many trainings, by the seeds from 1 on",
            DefaultValueFactory = _ => 3,
        };
        var music = new Option<string?>("--music") { Description = "With musilingo: a folder of 'mint data music', whose pieces are heard instead of our own" };
        var make = new Option<string?>("--make") { Description = "With --system: makes the frozen models that ship, in this folder, instead", Hidden = true };
        var verify = new Option<string?>("--verify-model")
        {
            Description = "What the demo starts in a fresh process: loads this model file and compares its predictions with those kept beside it",
            Hidden = true,
        };
        var demo = new Command("demo", "Train, evaluate, save and reload a whole audio-language pipeline on real audio, in five minutes on two cores.")
        {
            data, sounds, models, output, stage1, stage2, rate1, rate2, seed, dev, system, seeds, music, make, verify,
        };
        demo.SetAction((parse, cancel) =>
        {
            if (parse.GetValue(system) == "apt")
            {
                return Task.FromResult(new AptDemo(parse.GetValue(data) ?? Shipped.Folder("--data DIR", "data", "sounds"),
                    parse.GetValue(models) ?? Shipped.Folder("--models DIR", "models"), parse.GetValue(seed))
                {
                    HeldOutFold = parse.GetValue(dev) ? 3 : 5,
                }.Run(cancel));
            }
            var options = new DemoOptions
            {
                Data = parse.GetValue(data) ?? Shipped.Folder("--data DIR", "data", "notes"),
                Models = parse.GetValue(models) ?? Shipped.Folder("--models DIR", "models"),
                Output = parse.GetValue(output) ?? Shipped.DemoModel,
                Stage1Epochs = parse.GetValue(stage1),
                Stage2Epochs = parse.GetValue(stage2),
                Stage1LearningRate = parse.GetValue(rate1),
                Stage2LearningRate = parse.GetValue(rate2),
                Seed = parse.GetValue(seed),
                Dev = parse.GetValue(dev),
            };
            options.Validate();
            var errors = new OptionErrors();
            errors.Unused(parse, parse.GetValue(system) != "musilingo", "without --system musilingo", music);
            errors.Throw();
            if (parse.GetValue(system) is { } name)
                return Task.FromResult(Other(options, name, parse.GetValue(seeds), parse.GetValue(make), parse.GetValue(music), cancel));
            var everyday = options.Everyday(parse.GetValue(sounds) ?? Shipped.Folder("--sounds FILE", "data", "sounds", "manifest.csv"));
            if (parse.GetValue(verify) is { } model) return Task.FromResult(Reload.Verify(parse.GetValue(sounds) is null ? options : everyday, model));
            Console.WriteLine("Notes of instruments\n");
            int notes = new DemoRun(options, cancel).Run();
            Console.WriteLine("\nEveryday sounds\n");
            return Task.FromResult(Math.Max(notes, new DemoRun(everyday, cancel).Run()));
        });
        return demo;
    }

    private static int Other(DemoOptions options, string system, int seeds, string? make, string? music, CancellationToken cancel)
    {
        if (seeds < 1) throw new ArgumentException($"--seeds is {seeds}; at least one training is shown.");
        bool isPengi = system == "pengi";
        if (make is not null)
        {
            if (isPengi) SmallPengi.Make(options.Data, make, Console.WriteLine, cancel);
            else SmallMusiLingo.Make(make, Console.WriteLine, cancel);
            return 0;
        }
        if (isPengi)
        {
            string pengi = Path.Combine(options.Models, "small-pengi");
            var notes = SmallPengi.Hear(pengi, options.Data);
            return SystemDemo.Run("Pengi", seeds, (seed, say) => SmallPengi.Run(pengi, options.Data, notes, seed, say, cancel));
        }
        string llama = Path.Combine(options.Models, "small-llama");
        var pieces = SmallMusiLingo.Hear(Path.Combine(options.Models, "encoder"), llama, options.Data, music, cancel);
        try
        {
            return SystemDemo.Run("MusiLingo", seeds, (seed, say) => music is null ? SmallMusiLingo.Run(pieces, llama, seed, say, cancel)
                : SmallMusiLingo.Run(pieces, llama, seed, say, cancel, captionEpochs: 3, answerEpochs: 5)); // of three times as many pieces
        }
        finally
        {
            Directory.Delete(pieces.Folder, recursive: true);
        }
    }
}
