using System.CommandLine;
using Mint.ML.Files;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Demo;
using Mint.ML.Samples.Making.Ablation;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint ablate</c>: a table of the paper on the notes set, mean and spread over seeds.</summary>
internal static class AblateCommand
{
    public static Command Create()
    {
        var defaults = new DemoOptions();
        var recipes = new Argument<string[]>("recipe")
        {
            Description = "Tables to make (default: recipes/table5-losses.json and recipes/table6-stages.json)",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var data = new Option<string?>("--data")
        {
            Description = "Folder with manifest-train.csv and manifest-test.csv of the notes set (default: what ships)",
        };
        var models = new Option<string?>("--models") { Description = "Folder with the frozen models encoder and language-model (default: what ships)" };
        var output = new Option<string>("--output", "-o")
        {
            Description = "Folder for the results of finished trainings; a second call does what is missing",
            DefaultValueFactory = _ => "runs/ablation",
        };
        var page = new Option<string?>("--page") { Description = "The page of tables (default: docs/ablation.md)" };
        var stage1 = new NumberOption<int>("--stage1-epochs")
        {
            Description = "Passes over the clips in stage 1",
            DefaultValueFactory = _ => defaults.Stage1Epochs,
        };
        var stage2 = new NumberOption<int>("--stage2-epochs")
        {
            Description = "Passes over the instructions in stage 2",
            DefaultValueFactory = _ => defaults.Stage2Epochs,
        };
        var command = new Command("ablate", "Train the rows of the paper's tables 5 and 6 on the notes set, with several seeds each, and write their tables.")
        {
            recipes, data, models, output, page, stage1, stage2,
        };
        command.SetAction((parse, cancel) =>
        {
            var options = defaults with
            {
                Data = parse.GetValue(data) ?? Shipped.Folder("--data DIR", "data", "notes"),
                Models = parse.GetValue(models) ?? Shipped.Folder("--models DIR", "models"),
                Stage1Epochs = parse.GetValue(stage1),
                Stage2Epochs = parse.GetValue(stage2),
            };
            options.Validate();
            string[] files = parse.GetValue(recipes) is { Length: > 0 } named ? named
                : [Checkout.Path("RECIPE", "recipes", "table5-losses.json"), Checkout.Path("RECIPE", "recipes", "table6-stages.json")];
            AblationRecipe[] tables = [.. files.Select(AblationRecipe.Read)];
            string path = parse.GetValue(page) ?? Checkout.Path("--page FILE", "docs", "ablation.md"),
                own = $"./mint ablate --stage1-epochs {options.Stage1Epochs} --stage2-epochs {options.Stage2Epochs}";
            AtomicFile.Check(path);
            using var held = FolderLock.Take(parse.GetValue(output)!);
            var runs = new AblationRuns(options, parse.GetValue(output)!, cancel);
            // A signal ends the process at once: what is finished is kept, and a training that is not leaves nothing to go on with.
            runs.Run(tables, Write);
            Write();
            Console.WriteLine($"written: {Path.GetRelativePath(".", path)}");
            return Task.FromResult(0);

            // After every training: an ablation that is stopped leaves the tables of what is finished.
            void Write() => AtomicFile.WriteText(path, AblationPage.Write(tables, runs.Find, options, own));
        });
        return command;
    }
}
