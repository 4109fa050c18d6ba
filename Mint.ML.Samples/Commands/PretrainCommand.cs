using System.CommandLine;
using Microsoft.ML;
using Mint.ML.Audio;
using Mint.ML.Samples.Training;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Commands;

/// <summary><c>mint pretrain</c>: stage 1, a bridge from sound files and captions.</summary>
internal static class PretrainCommand
{
    public static Command Create()
    {
        var manifest = new Argument<string[]>("manifest") { Description = "CSV or JSON lines with Path and Caption; several are joined", Arity = ArgumentArity.ZeroOrMore };
        var run = new RunArguments("runs/pretrain");
        var validation = new Option<string?>("--validation") { Description = "Manifest of other clips, measured during the run; what their captions find among them is written to retrieval.jsonl" };
        var start = new BridgeArguments();
        var (training, objective) = (TrainingArguments.Training(new TrainingOptions()), TrainingArguments.Objective());
        var command = new Command("pretrain", "Stage 1: train a bridge on sound files and captions.") { manifest, validation };
        run.AddTo(command);
        start.AddTo(command);
        command.Add(training);
        command.Add(objective);
        command.SetRecipeAction((parse, cancel) =>
        {
            if (parse.GetValue(manifest) is not { Length: > 0 } manifests) throw new ArgumentException("There is nothing to train on: name a manifest.");
            var options = training.Read(parse) with { RunFolder = run.Folder(parse) };
            var losses = objective.Read(parse);
            AudioManifestRow[] rows = [.. manifests.SelectMany(file => AudioManifest.Read(file).Rows)], held = parse.GetValue(validation) is { } other ? [.. AudioManifest.Read(other).Rows] : [];
            string[] captions = [.. rows.Select(row => row["Caption"])];
            using var place = RunFiles.Hold(options.RunFolder);
            RunFiles.WriteSettings(options.RunFolder, command, parse, run.Encoder(parse));
            var audio = run.Frames(parse, [.. rows.Select(row => row.Path)], cancel);
            var heldOut = held.Length == 0 ? null : new AlignmentValidation(run.Frames(parse, [.. held.Select(row => row.Path)], cancel), [.. held.Select(row => row["Caption"])]);
            var (bridge, words, folder) = start.Start(parse, options.RunFolder, captions, audio.HiddenSize, options.Seed, run.Device(parse));

            var result = AlignmentTraining.Run(bridge, words, audio, captions, losses, options, heldOut, new TrainingLines(), cancel);

            BridgeFolder.Write(folder, bridge);
            if (heldOut is not null && !result.Cancelled) Search.Write(options.RunFolder, bridge, words, options.MaxTextTokens, heldOut.Audio, held, cancel);
            var ml = new MLContext();
            using var step = ml.AudioLanguage().UseBridge(bridge, folder, maxTextTokens: options.MaxTextTokens);
            RunFiles.WriteModel(options.RunFolder, ml, manifests[0], run.Encoder(parse), step);
            return Task.FromResult(run.Finish(options.RunFolder, result));
        });
        return command;
    }
}
