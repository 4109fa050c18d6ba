using System.CommandLine;
using Mint.ML.Bridges;
using Mint.ML.Distributed;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint tune-apt</c>: APT's stages 1 and 2, whose result is a system's folder as <c>--system</c> takes it. Stage 0 is <c>mint
/// pretrain</c>.</summary>
internal static class TuneAptCommand
{
    public static Command Create()
    {
        var data = InstructionDataOption.Create();
        var events = new Option<string[]>("--events")
        {
            Description = "Manifest with a row an event (Path, Label, Onset, Offset in seconds): tagging, detection, retrieval and counting",
        };
        var fewShot = new Option<string[]>("--few-shot") { Description = "MANIFEST:COLUMN with a label a clip: episodes of few-shot classification" };
        var pairs = new Option<string[]>("--pairs") { Description = "Manifest of questions about two clips: Path, SecondPath, Question, Answer, Swapped" };
        var ways = new NumberOption<int>("--ways") { Description = "Classes of an episode", DefaultValueFactory = _ => 4 };
        var shots = new NumberOption<int>("--shots") { Description = "Labelled clips of each class", DefaultValueFactory = _ => 1 };
        var episodes = new NumberOption<int>("--episodes") { Description = "Episodes that are drawn of each --few-shot", DefaultValueFactory = _ => 1000 };
        var validation = InstructionDataOption.Create("--validation", "Other clips, in the form of --data, measured during the run");
        var from = new Option<string?>("--from") { Description = "The APT's folder to start from: of an earlier run (stage 1's for stage 2)" };
        var bridge = new Option<string?>("--bridge") { Description = "Stage 0's run folder ('mint pretrain --layers 4'), to start from" };
        var language = new Option<string?>("--language-model") { Description = "Folder of the frozen LLaMA or Vicuna, with --bridge" };
        var run = new RunArguments("runs/tune-apt");
        var training = TrainingArguments.Training(AptTraining.Paper);
        var command = new Command("tune-apt",
            "Train APT: stage 1 on single clips, stage 2 with --few-shot and --pairs too. What no option says is the paper's.")
        {
            data, events, fewShot, pairs, ways, shots, episodes, validation, from, bridge, language,
        };
        run.AddTo(command);
        command.Add(training);
        command.SetRecipeAction((parse, cancel) =>
        {
            var place = run.Read(parse);
            var options = training.Read(parse) with { RunFolder = place.Folder };
            string? folder = parse.GetValue(from), llama = parse.GetValue(language), stage0 = Stage0(parse.GetValue(bridge));
            OptionErrors.Check(options.Validate, Named);
            var read = new AptData();
            read.AddInstructions(parse.GetValue(data) ?? [], new ConsoleLines());
            foreach (string manifest in parse.GetValue(events) ?? []) read.AddEvents(manifest, options.Seed);
            foreach (string labelled in parse.GetValue(fewShot) ?? [])
            {
                int colon = labelled.LastIndexOf(':');
                read.AddEpisodes(labelled[..colon], labelled[(colon + 1)..], parse.GetValue(ways), parse.GetValue(shots), parse.GetValue(episodes),
                    options.Seed);
            }
            foreach (string manifest in parse.GetValue(pairs) ?? []) read.AddPairs(manifest);
            var (files, places, mix) = read.Read();
            string ear = folder is null ? place.Encoder : Path.Combine(folder, "encoder"), words = folder is null ? stage0! : Path.Combine(folder, "bert"),
                speaker = folder is null ? llama! : Path.Combine(folder, "language-model");
            var ranks = Ranks.Present;
            using var held = RunFiles.Begin(place.Folder, command, parse, ear);
            using var apt = folder is null ? Begin(stage0!, llama!, options.Seed, place) : Apt.Load(folder, place.Device);
            string identity = FrameStore.EncoderIdentity(ear, place.Device.type) + " of APT";
            var audio = Frames(files, places);
            InstructionValidation? heldOut = null;
            if (parse.GetValue(validation) is { Length: > 0 } sets)
            {
                var (clips, rows, asked) = InstructionData.Read(sets, new ConsoleLines());
                heldOut = new InstructionValidation(Frames(clips, rows), asked.Examples);
            }
            Stopping.Listen();
            var result = AptTraining.Run(apt, audio, mix, options, heldOut, new TrainingLines(), cancel);
            string made = Path.Combine(place.Folder, "system"), alignment = folder is null ? stage0! : Path.Combine(folder, "alignment");
            if (ranks.IsFirst && !result.Cancelled) apt.Save(made, ear, words, speaker, Directory.Exists(alignment) ? alignment : null);
            return Task.FromResult(place.FinishSystem(result, made));

            IFrameSource Frames(IReadOnlyList<string> sounds, IReadOnlyList<string> rows) =>
                place.Frames(sounds, rows, () => Apt.LoadEncoder(ear, place.Device), identity, cancel);

            void Named()
            {
                var errors = new OptionErrors();
                errors.Require((parse.GetValue(data)?.Length ?? 0) + (parse.GetValue(events)?.Length ?? 0) + (parse.GetValue(fewShot)?.Length ?? 0)
                    + (parse.GetValue(pairs)?.Length ?? 0) > 0, "There is nothing to train on: give --data, --events, --few-shot or --pairs.");
                foreach (string labelled in parse.GetValue(fewShot) ?? [])
                    errors.Require(labelled.LastIndexOf(':') > 0, $"--few-shot '{labelled}' must be MANIFEST:COLUMN, for instance sounds.csv:Label.");
                foreach (var (name, value, least) in new[] { ("--ways", parse.GetValue(ways), 2), ("--shots", parse.GetValue(shots), 1),
                    ("--episodes", parse.GetValue(episodes), 1) })
                {
                    errors.Require(value >= least, $"{name} is {value}; expected at least {least}.");
                }
                errors.Unused(parse, parse.GetValue(fewShot) is not { Length: > 0 }, "without --few-shot", ways, shots, episodes);
                errors.Unused(parse, folder is not null, "beside --from, whose APT has its own", run.EncoderOption, language);
                errors.Require(folder is null || stage0 is null, "--from and --bridge are both given; training starts from one of them.");
                if (folder is not null)
                {
                    errors.Gather(() => ModelCatalog.Require(folder, nameof(Apt)));
                }
                else if (stage0 is null || llama is null || place.Encoder.Length == 0)
                {
                    errors.Require(false, "Give --from: the APT to start from, or --bridge, --encoder and --language-model: stage 0's run, "
                        + "what it heard with, and a LLaMA.");
                }
                else
                {
                    errors.Gather(() => ModelCatalog.Require(stage0, nameof(BridgeNet)));
                    errors.Gather(() => ModelCatalog.RequireAudioEncoder(place.Encoder));
                    errors.Gather(() => ModelCatalog.RequireLanguageModel(llama));
                }
                errors.Gather(() => TrainingArguments.CheckValidation(options, parse.GetValue(validation) is { Length: > 0 }, ["loss", "accuracy"]));
                errors.Throw();
            }
        });
        return command;
    }

    // A run folder's bridge, or a bridge's folder itself.
    private static string? Stage0(string? given) =>
        given is not null && File.Exists(Path.Combine(BridgeFolder.InRun(given), "config.json")) ? BridgeFolder.InRun(given) : given;

    private static Apt Begin(string stage0, string llama, long seed, RunPlace place) => Apt.Begin(BridgeNet.Load(stage0, device: place.Device),
        ModelCatalog.LoadLanguageModel(llama, device: place.Device), new(TextTokenizer.Load(stage0), TextTokenizer.Load(llama), Apt.MaxTextTokens), seed);
}
