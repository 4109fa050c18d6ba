using System.CommandLine;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Making.Music;
using Mint.ML.Samples.Making.Notes;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint data music</c>: pieces that the program mma writes, of which everything is known.</summary>
internal static class MusicCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder")
        {
            Description = "Where the pieces go, with manifest-train.csv, questions-train.csv, and both of test and unknown-grooves",
            DefaultValueFactory = _ => "data-cache/music",
        };
        var train = new NumberOption<int>("--train") { Description = "Pieces to train on", DefaultValueFactory = _ => 720 };
        var test = new NumberOption<int>("--test")
        {
            Description = "Pieces held out, of other soundfonts; as many again are of grooves that none to train on has",
            DefaultValueFactory = _ => 192,
        };
        var seed = new NumberOption<int>("--seed") { Description = "Decides the pieces", DefaultValueFactory = _ => 1 };
        var soundfonts = new Option<string>("--soundfonts")
        {
            Description = "Soundfonts, with commas between them: " + string.Join(", ", Soundfont.All.Select(font => $"{font.Name} ({font.Split})")),
            DefaultValueFactory = _ => "generaluser,csound,fluidr3", // those of the notes that ship
        };
        var fonts = new Option<string?>("--soundfont-folder")
        {
            Description = "Folder that holds the .sf2 files, when they are not where their packages put them",
        };
        var command = new Command("music", "Make music by the program mma, with its tempo, key, groove and instruments, and questions about them.")
        {
            folder, train, test, seed, soundfonts, fonts,
        };
        command.SetAction((parse, cancel) =>
        {
            IReadOnlyList<(Soundfont Font, string Path)>? found = null;
            var errors = new OptionErrors();
            errors.Gather(() => found = Soundfont.Find(parse.GetValue(soundfonts)!, parse.GetValue(fonts)));
            foreach (var (name, count) in new[] { ("train", parse.GetValue(train)), ("test", parse.GetValue(test)) })
            {
                errors.Require(count >= 1, $"--{name} is {count}; at least one piece is made.");
                errors.Require(found is null || found.Any(one => one.Font.Split == name), $"--soundfonts has none of {name}.");
            }
            errors.Gather(() => MmaScore.Find());
            errors.Throw();
            string place = parse.GetValue(folder)!;
            Stopping.Listen();
            MmaMusic.Make(place, found!, parse.GetValue(train), parse.GetValue(test), parse.GetValue(seed), Console.WriteLine, cancel);
            Console.WriteLine($"{place}: {parse.GetValue(train)} pieces to train on, twice {parse.GetValue(test)} held out");
            return Task.FromResult(0);
        });
        return command;
    }
}
