using System.CommandLine;
using Microsoft.ML;
using Mint.ML.Bridges;
using Mint.ML.Distributed;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint tune</c>: stage 2, a bridge and a projection by which a frozen language model answers about sound.</summary>
internal static class TuneCommand
{
    public static Command Create()
    {
        var data = InstructionDataOption.Create();
        var validation = InstructionDataOption.Create("--validation", "Other clips, in the form of --data, measured during the run");
        var language = new Option<string?>("--language-model") { Description = "Folder of the frozen language model" };
        var run = new RunArguments("runs/tune");
        var start = new BridgeArguments();
        var training = TrainingArguments.Training(new TrainingOptions { Epochs = 3 });
        var command = new Command("tune", "Stage 2: tune a bridge so that a frozen language model answers instructions about sound.") { data, validation,
            language };
        run.AddTo(command);
        start.AddTo(command);
        command.Add(training);
        command.SetRecipeAction((parse, cancel) =>
        {
            var (sources, modelFolder, place, from) = (parse.GetValue(data) ?? [], parse.GetValue(language) ?? "", run.Read(parse), start.Read(parse));
            var options = training.Read(parse) with { RunFolder = place.Folder };
            OptionErrors.Check(options.Validate, () => from.Validate(options), place.Validate, Named);
            var (files, places, mix) = InstructionData.Read(sources, new ConsoleLines());
            var ranks = Ranks.Present;
            using var heldPlace = RunFiles.Begin(place.Folder, command, parse, place.Encoder);
            var audio = place.Frames(files, places, cancel);
            var heldOut = parse.GetValue(validation) is { Length: > 0 } held ? HeldOut(held) : null;
            var texts = mix.Examples.SelectMany(example => new[] { example.Instruction, example.Response }).Distinct();
            var (bridge, words, folder) = ranks.InTurn(() => from.Start(place.Folder, texts, audio.HiddenSize, options.Seed, place.Device));
            var tokenizers = new MintTokenizers(words, TextTokenizer.Load(modelFolder), options.MaxTokens);
            var model = MintModel.Begin(bridge, ModelCatalog.LoadLanguageModel(modelFolder, device: place.Device), tokenizers, options.Seed);

            Stopping.Listen();
            var result = InstructionTraining.Run(model, audio, mix, options, heldOut, new TrainingLines(), cancel);
            if (!ranks.IsFirst) return Task.FromResult(place.Finish(result));

            BridgeFolder.Write(folder, bridge);
            model.SaveProjection(Path.Combine(place.Folder, "projection.safetensors"));
            var ml = new MLContext();
            using var tuned = ml.AudioLanguage().UseTunedModel(model, folder, modelFolder);
            // Stage 1's own bridge goes into the model too: it is what searches.
            using var stage1 = from.Stage1 is { } stage1Folder && BridgeNet.Load(stage1Folder) is { Config.HasAlignmentHeads: true } before
                ? ml.AudioLanguage().UseBridge(before, folder, maxTextTokens: options.MaxTokens) : null;
            RunFiles.WriteModel(place.Folder, ml, sources[0].Manifest, place, stage1 is null ? [tuned] : [stage1, tuned]);
            return Task.FromResult(place.Finish(result));

            void Named()
            {
                var errors = new OptionErrors();
                errors.Require(sources.Length > 0, "There is nothing to train on: give --data.");
                errors.Require(sources.All(source => source.Instruction is not ""), "MINT is always asked something: give the instruction of --data.");
                errors.Require(modelFolder.Length > 0, "Give --language-model: the folder of a T5, GPT-2 or LLaMA.");
                if (modelFolder.Length > 0) errors.Gather(() => ModelCatalog.RequireLanguageModel(modelFolder));
                foreach (var source in sources.Where(source => !(source.Weight is null || (source.Weight > 0 && double.IsFinite(source.Weight.Value)))))
                    errors.Require(false, $"The weight of {source.Manifest} is {source.Weight}; expected a number above 0.");
                errors.Gather(() => TrainingArguments.CheckValidation(options, parse.GetValue(validation) is { Length: > 0 }, ["loss", "accuracy"]));
                errors.Throw();
            }

            InstructionValidation HeldOut(InstructionData[] sets)
            {
                var (clips, places, asked) = InstructionData.Read(sets, new ConsoleLines());
                return new InstructionValidation(place.Frames(clips, places, cancel), asked.Examples);
            }
        });
        return command;
    }
}
