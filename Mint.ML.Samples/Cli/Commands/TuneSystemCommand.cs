using System.CommandLine;
using Mint.ML.Distributed;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint tune-system</c>: Pengi's or MusiLingo's own training, whose result is a system's folder as <c>--system</c> takes it.</summary>
internal static class TuneSystemCommand
{
    public static Command Create()
    {
        var system = new Argument<string>("system") { Description = "pengi, clap (the contrastive step of Pengi's encoders, before it) or musilingo" };
        system.AcceptOnlyFromAmong("pengi", "clap", "musilingo");
        var data = InstructionDataOption.Create();
        var validation = InstructionDataOption.Create("--validation", "Other clips, in the form of --data, measured during the run");
        var from = new Option<string?>("--from") { Description = "The system's folder to start from: a published one, or one of an earlier run" };
        var language = new Option<string?>("--language-model")
        {
            Description = "From nothing: folder of the frozen LLaMA of MusiLingo (its MERT is --encoder) or GPT-2 of Pengi",
        };
        var text = new Option<string?>("--text-encoder")
        {
            Description = "Pengi from nothing: folder of a CLIP (the CLAP whose HTS-AT it hears with is --encoder)",
        };
        var layers = EnumOption.Create("--layers",
            "MusiLingo from nothing: MERT's layers averaged by learned weights (the paper), or their plain mean (the published "
            + "model)", MusiLingoLayers.Weighted);
        var window = new NumberOption<long>("--window")
        {
            Description = "MusiLingo from nothing: frames that make one token",
            DefaultValueFactory = _ => MusiLingo.Window,
        };
        var frozen = new Option<bool>("--frozen-encoder") { Description = "Pengi: the audio encoder stays as it is, and every clip is heard once" };
        var start = PengiArguments.Start();
        var run = new RunArguments("runs/tune-system");
        var training = TrainingArguments.Training(new TrainingOptions());
        var command = new Command("tune-system", "Train Pengi or MusiLingo as their papers do; what no option says is the paper's own. An empty instruction "
            + "(MANIFEST::COLUMN) trains MusiLingo on captions, and gives clap its captions.") { system, data, validation, from, language, text, layers, window,
                frozen };
        command.Add(start);
        run.AddTo(command);
        command.Add(training);
        command.SetRecipeAction((parse, cancel) =>
        {
            string name = parse.GetValue(system)!;
            bool isPengi = name != "musilingo", contrasts = name == "clap";
            var (sources, place) = (parse.GetValue(data) ?? [], run.Read(parse));
            string? folder = parse.GetValue(from), llama = parse.GetValue(language), clip = parse.GetValue(text);
            var defaults = contrasts ? ClapTraining.Paper : isPengi ? PengiTraining.Paper : sources.All(source => source.Instruction is "")
                ? MusiLingoTraining.Captions : MusiLingoTraining.Instructions;
            var options = training.Read(parse, defaults) with { RunFolder = place.Folder };
            var begun = start.Read(parse) with { Seed = options.Seed };
            OptionErrors.Check(options.Validate, begun.Validate, Named);
            var (files, places, mix) = InstructionData.Read(sources, new ConsoleLines());
            var ranks = Ranks.Present;
            using var held = RunFiles.Begin(place.Folder, command, parse, place.Encoder);
            string made = Path.Combine(place.Folder, "system");
            return Task.FromResult(place.FinishSystem(isPengi ? TrainPengi() : TrainMusiLingo(), made));

            TrainingResult TrainPengi()
            {
                string origin = folder ?? Path.Combine(place.Folder, "start");
                if (folder is null) ranks.InTurn(() => begun.Write(origin, place.Encoder, clip!, llama!));
                using var pengi = Pengi.Load(origin, place.Device);
                bool whole = contrasts || !parse.GetValue(frozen);
                string identity = FrameStore.EncoderIdentity(origin, place.Device.type) + (whole ? " spectrograms" : " embeddings");
                var audio = place.Frames(files, places, () => whole ? pengi.Spectrograms : pengi.Encoder, identity, cancel);
                var measured = HeldOut(() => whole ? pengi.Spectrograms : pengi.Encoder, identity);
                Stopping.Listen();
                var result = contrasts ? ClapTraining.Run(pengi, audio, mix, options, measured, new TrainingLines(), cancel)
                    : PengiTraining.Run(pengi, audio, mix, options, measured, new TrainingLines(), cancel);
                if (ranks.IsFirst && !result.Cancelled) pengi.Save(made, origin);
                return result;
            }

            TrainingResult TrainMusiLingo()
            {
                string mert = folder is null ? place.Encoder : Path.Combine(folder, "mert");
                using var musilingo = folder is null ? MusiLingo.Begin(mert, llama!, OptionNames.Parse<MusiLingoLayers>(parse.GetValue(layers)!),
                    parse.GetValue(window), options.Seed, place.Device) : MusiLingo.Load(folder, mert, device: place.Device);
                string identity = FrameStore.EncoderIdentity(mert, place.Device.type) + $" of {musilingo.FrameWidth}";
                var audio = place.Frames(files, places, () => musilingo.Encoder, identity, cancel);
                var measured = HeldOut(() => musilingo.Encoder, identity);
                Stopping.Listen();
                var result = MusiLingoTraining.Run(musilingo, audio, mix, options, measured, new TrainingLines(), cancel);
                if (ranks.IsFirst && !result.Cancelled) musilingo.Save(made, mert, folder ?? llama!);
                return result;
            }

            void Named()
            {
                var errors = new OptionErrors();
                errors.Require(sources.Length > 0, "There is nothing to train on: give --data.");
                bool parts = llama is not null && place.Encoder.Length > 0 && (!isPengi || clip is not null);
                errors.Require(!isPengi || folder is not null || parts,
                    "Give --from: the Pengi to start from, or --encoder, --text-encoder and --language-model: a CLAP, a CLIP and a GPT-2.");
                errors.Require(isPengi || folder is not null || parts,
                    "Give --from: the MusiLingo to start from, or --encoder and --language-model: a MERT and a LLaMA.");
                if (folder is not null)
                {
                    errors.Gather(() => ModelCatalog.Require(folder, isPengi ? nameof(Pengi) : nameof(MusiLingo)));
                }
                else if (parts && isPengi)
                {
                    errors.Gather(() => PengiStart.Check(place.Encoder, clip!, llama!));
                }
                else if (parts)
                {
                    errors.Gather(() => ModelCatalog.Require(place.Encoder, nameof(Hubert)));
                    errors.Gather(() => ModelCatalog.Require(llama!, nameof(Llama)));
                }
                errors.Require(!isPengi || contrasts || sources.All(source => source.Instruction is not ""),
                    "Pengi is always asked something: give the instruction of --data.");
                errors.Unused(parse, folder is not null, "beside --from, whose system has its own", [run.EncoderOption, text, language]);
                errors.Unused(parse, isPengi && folder is not null, "beside --from, whose system has its own", start);
                errors.Unused(parse, !isPengi && folder is not null, "beside --from, whose system has its own", layers, window);
                errors.Unused(parse, isPengi, "about a Pengi", layers, window);
                errors.Unused(parse, !isPengi, "about a MusiLingo", [text, frozen, .. start]);
                errors.Unused(parse, contrasts, "with clap, which trains the encoder", frozen);
                errors.Unused(parse, isPengi && !contrasts && parse.GetValue(frozen), "beside --frozen-encoder, which hears every clip once and whole",
                    training.Named("--max-frames"));
                errors.Unused(parse, options.ActivationCheckpointing, "about a system without a bridge", training.Named("--activation-checkpointing"));
                errors.Require(!contrasts || sources.All(source => source.Instruction is ""),
                    "clap takes captions, which answer nothing: give --data MANIFEST::COLUMN.");
                errors.Require(!contrasts || options.BatchSize > 1, "--batch-size is 1; clap contrasts a clip with the others of its batch.");
                errors.Require(parse.GetValue(window) >= 1, $"--window is {parse.GetValue(window)}; at least one frame makes a token.");
                errors.Gather(() => TrainingArguments.CheckValidation(options, parse.GetValue(validation) is { Length: > 0 },
                    contrasts ? ["loss", "r1", "r5", "r10"] : ["loss", "accuracy"]));
                errors.Throw();
            }

            InstructionValidation? HeldOut(Func<IAudioEncoder> encoder, string identity)
            {
                if (parse.GetValue(validation) is not { Length: > 0 } sets) return null;
                var (clips, rows, asked) = InstructionData.Read(sets, new ConsoleLines());
                return new InstructionValidation(place.Frames(clips, rows, encoder, identity, cancel), asked.Examples);
            }
        });
        return command;
    }
}
