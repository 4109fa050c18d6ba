using System.CommandLine;
using Microsoft.ML;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Samples.Training;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Commands;

/// <summary><c>mint tune</c>: stage 2, a bridge and a projection by which a frozen language model answers about sound.</summary>
internal static class TuneCommand
{
    public static Command Create()
    {
        var data = InstructionData.Option();
        var validation = InstructionData.Option("--validation", "Other clips, in the form of --data, measured during the run");
        var language = new Option<string?>("--language-model") { Description = "Folder of the frozen language model" };
        var run = new RunArguments("runs/tune");
        var start = new BridgeArguments();
        var training = TrainingArguments.Training(new TrainingOptions { Epochs = 3 });
        var command = new Command("tune", "Stage 2: tune a bridge so that a frozen language model answers instructions about sound.") { data, validation, language };
        run.AddTo(command);
        start.AddTo(command);
        command.Add(training);
        command.SetRecipeAction((parse, cancel) =>
        {
            if (parse.GetValue(data) is not { Length: > 0 } sources) throw new ArgumentException("There is nothing to train on: give --data.");
            string modelFolder = parse.GetValue(language) ?? throw new ArgumentException("Give --language-model: the folder of a T5, GPT-2 or LLaMA.");
            var options = training.Read(parse) with { RunFolder = run.Folder(parse) };
            var (files, mix) = InstructionData.Read(sources, new ConsoleLines());
            using var place = RunFiles.Hold(options.RunFolder);
            RunFiles.WriteSettings(options.RunFolder, command, parse, run.Encoder(parse));
            var audio = run.Frames(parse, files, cancel);
            var heldOut = parse.GetValue(validation) is { Length: > 0 } held ? HeldOut(held) : null;
            var texts = mix.Examples.SelectMany(example => new[] { example.Instruction, example.Response }).Distinct();
            var (bridge, words, folder) = start.Start(parse, options.RunFolder, texts, audio.HiddenSize, options.Seed, run.Device(parse));
            var model = MintModel.Begin(bridge, ModelCatalog.LoadLanguageModel(modelFolder, device: run.Device(parse)), options.Seed);

            var result = InstructionTraining.Run(model, words, TextTokenizer.Load(modelFolder), audio, mix, options, heldOut, new TrainingLines(), cancel);

            BridgeFolder.Write(folder, bridge);
            Safetensors.Write(Path.Combine(options.RunFolder, "projection.safetensors"), model.Projection.state_dict());
            var ml = new MLContext();
            using var tuned = ml.AudioLanguage().UseTunedModel(model, folder, modelFolder, maxTextTokens: options.MaxTextTokens);
            // Stage 1's own bridge goes into the model too: it is what searches.
            using var stage1 = start.Stage1(parse) is { } from && BridgeNet.Load(from) is { Config.HasAlignmentHeads: true } before ? ml.AudioLanguage().UseBridge(before, folder, maxTextTokens: options.MaxTextTokens) : null;
            RunFiles.WriteModel(options.RunFolder, ml, sources[0].Manifest, run.Encoder(parse), stage1 is null ? [tuned] : [stage1, tuned]);
            return Task.FromResult(run.Finish(options.RunFolder, result));

            InstructionValidation HeldOut(InstructionData[] sets)
            {
                var (clips, asked) = InstructionData.Read(sets, new ConsoleLines());
                return new InstructionValidation(run.Frames(parse, clips, cancel), asked.Examples);
            }
        });
        return command;
    }
}
