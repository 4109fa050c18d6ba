using System.CommandLine;
using Mint.ML.Distributed;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using TorchSharp;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint tune-system</c>: Pengi's or MusiLingo's own training, whose result is a system's folder as <c>--system</c> takes it.</summary>
internal static class TuneSystemCommand
{
    public static Command Create()
    {
        var system = new Argument<string>("system") { Description = "pengi or musilingo" };
        system.AcceptOnlyFromAmong("pengi", "musilingo");
        var data = InstructionDataOption.Create();
        var validation = InstructionDataOption.Create("--validation", "Other clips, in the form of --data, measured during the run");
        var from = new Option<string?>("--from") { Description = "The system's folder to start from: a published one, or one of an earlier run" };
        var language = new Option<string?>("--language-model") { Description = "MusiLingo from nothing: folder of the frozen LLaMA (its MERT is --encoder)" };
        var layers = EnumOption.Create("--layers",
            "MusiLingo from nothing: MERT's layers averaged by learned weights (the paper), or their plain mean (the published "
            + "model)", MusiLingoLayers.Weighted);
        var window = new Option<long>("--window")
        {
            Description = "MusiLingo from nothing: frames that make one token",
            DefaultValueFactory = _ => MusiLingo.Window,
        };
        var frozen = new Option<bool>("--frozen-encoder") { Description = "Pengi: the audio encoder stays as it is, and every clip is heard once" };
        var run = new RunArguments("runs/tune-system");
        var training = TrainingArguments.Training(new TrainingOptions());
        var command = new Command("tune-system", "Train Pengi or MusiLingo as their papers do; what no option says is the paper's own. An empty instruction "
            + "(MANIFEST::COLUMN) trains MusiLingo on captions.") { system, data, validation, from, language, layers, window, frozen };
        run.AddTo(command);
        command.Add(training);
        command.SetRecipeAction((parse, cancel) =>
        {
            bool isPengi = parse.GetValue(system) == "pengi";
            var (sources, place) = (parse.GetValue(data) ?? [], run.Read(parse));
            string? folder = parse.GetValue(from), llama = parse.GetValue(language);
            var defaults = isPengi ? PengiTraining.Paper : sources.All(source => source.Instruction is "") ? MusiLingoTraining.Captions
                : MusiLingoTraining.Instructions;
            var options = training.Read(parse, defaults) with { RunFolder = place.Folder };
            OptionErrors.Check(options.Validate, Named);
            var (files, places, mix) = InstructionData.Read(sources, new ConsoleLines());
            var ranks = Ranks.Present;
            using var held = RunFiles.Begin(place.Folder, command, parse, place.Encoder);
            string made = Path.Combine(place.Folder, "system");
            TrainingResult result;
            if (isPengi)
            {
                using var pengi = Pengi.Load(folder!, place.Device);
                bool whole = !parse.GetValue(frozen);
                string identity = FrameStore.EncoderIdentity(folder!, place.Device.type) + (whole ? " spectrograms" : " embeddings");
                var audio = ranks.InTurn(() => place.Frames(files, places, () => whole ? pengi.Spectrograms : pengi.Encoder, identity, cancel));
                Stopping.Listen();
                result = PengiTraining.Run(pengi, audio, mix, options, HeldOut(() => whole ? pengi.Spectrograms : pengi.Encoder, identity), new TrainingLines(),
                    cancel);
                if (ranks.IsFirst) pengi.Save(made, folder!);
            }
            else
            {
                string mert = folder is null ? place.Encoder : Path.Combine(folder, "mert");
                using var musilingo = folder is null ? MusiLingo.Begin(mert, llama!, OptionNames.Parse<MusiLingoLayers>(parse.GetValue(layers)!),
                    parse.GetValue(window), options.Seed, place.Device) : MusiLingo.Load(folder, mert, device: place.Device);
                string identity = FrameStore.EncoderIdentity(mert, place.Device.type) + $" of {musilingo.FrameWidth}";
                var audio = ranks.InTurn(() => place.Frames(files, places, () => musilingo.Encoder, identity, cancel));
                Stopping.Listen();
                result = MusiLingoTraining.Run(musilingo, audio, mix, options, HeldOut(() => musilingo.Encoder, identity), new TrainingLines(), cancel);
                if (ranks.IsFirst) musilingo.Save(made, mert, folder ?? llama!);
            }
            return Task.FromResult(place.Finish(result, made));

            void Named()
            {
                var errors = new OptionErrors();
                errors.Require(sources.Length > 0, "There is nothing to train on: give --data.");
                errors.Require(!isPengi || folder is not null, "Give --from: the Pengi to start from.");
                errors.Require(isPengi || folder is not null || (llama is not null && place.Encoder.Length > 0),
                    "Give --from: the MusiLingo to start from, or --encoder and --language-model: a MERT and a LLaMA.");
                if (folder is not null)
                {
                    errors.Gather(() => ModelCatalog.Require(folder, isPengi ? nameof(Pengi) : nameof(MusiLingo)));
                }
                else if (!isPengi && llama is not null && place.Encoder.Length > 0)
                {
                    errors.Gather(() => ModelCatalog.Require(place.Encoder, nameof(Hubert)));
                    errors.Gather(() => ModelCatalog.Require(llama, nameof(Llama)));
                }
                errors.Require(!isPengi || sources.All(source => source.Instruction is not ""),
                    "Pengi is always asked something: give the instruction of --data.");
                errors.Require(parse.GetValue(window) >= 1, $"--window is {parse.GetValue(window)}; at least one frame makes a token.");
                errors.Gather(() => TrainingArguments.CheckValidation(options, parse.GetValue(validation) is { Length: > 0 }, ["loss", "accuracy"]));
                errors.Throw();
            }

            InstructionValidation? HeldOut(Func<IAudioEncoder> encoder, string identity)
            {
                if (parse.GetValue(validation) is not { Length: > 0 } sets) return null;
                var (clips, rows, asked) = InstructionData.Read(sets, new ConsoleLines());
                return new InstructionValidation(ranks.InTurn(() => place.Frames(clips, rows, encoder, identity, cancel)), asked.Examples);
            }
        });
        return command;
    }
}
