using System.CommandLine;
using Microsoft.ML;
using Mint.ML.Audio;
using Mint.ML.Distributed;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Cli.Runs;
using Mint.ML.Training;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint pretrain</c>: stage 1, a bridge from sound files and captions.</summary>
internal static class PretrainCommand
{
    public static Command Create()
    {
        var manifest = new Argument<string[]>("manifest")
        {
            Description = "CSV or JSON lines with Path and Caption; several are joined",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var run = new RunArguments("runs/pretrain");
        var validation = new Option<string?>("--validation")
        {
            Description = "Manifest of other clips, measured during the run; what their captions find among them is written to retrieval.jsonl",
        };
        var start = new BridgeArguments();
        var (training, objective) = (TrainingArguments.Training(new TrainingOptions()), TrainingArguments.Objective());
        var command = new Command("pretrain", "Stage 1: train a bridge on sound files and captions.") { manifest, validation };
        run.AddTo(command);
        start.AddTo(command);
        command.Add(training);
        command.Add(objective);
        command.SetRecipeAction((parse, cancel) =>
        {
            var (manifests, place, from, losses) = (parse.GetValue(manifest)!, run.Read(parse), start.Read(parse), objective.Read(parse));
            var options = training.Read(parse) with { RunFolder = place.Folder };
            OptionErrors.Check(() => AlignmentTraining.Validate(losses, options), () => from.Validate(options), place.Validate, Named, Measured);
            AudioManifestRow[] rows = [.. manifests.SelectMany(file => AudioManifest.Read(file).Rows)], held = parse.GetValue(validation) is { } other
                ? [.. AudioManifest.Read(other).Rows] : [];
            string[] captions = [.. rows.Select(row => row["Caption"])];
            var ranks = Ranks.Present;
            using var heldPlace = RunFiles.Begin(place.Folder, command, parse, place.Encoder);
            var audio = place.Frames(rows, cancel);
            var heldOut = held.Length == 0 ? null
                : new AlignmentValidation(place.Frames(held, cancel), [.. held.Select(row => row["Caption"])]);
            var (bridge, words, folder) = ranks.InTurn(() => from.Start(place.Folder, captions, audio.HiddenSize, options.Seed, place.Device));

            Stopping.Listen();
            var result = AlignmentTraining.Run(bridge, words, audio, captions, losses, options, heldOut, new TrainingLines(), cancel);
            if (!ranks.IsFirst) return Task.FromResult(place.Finish(result));

            BridgeFolder.Write(folder, bridge);
            if (heldOut is not null && !result.Cancelled) RetrievalFile.Write(place.Folder, bridge, words, options.MaxTokens, heldOut.Audio, held, cancel);
            var ml = new MLContext();
            using var step = ml.AudioLanguage().UseBridge(bridge, folder, maxTextTokens: options.MaxTokens);
            RunFiles.WriteModel(place.Folder, ml, manifests[0], place, step);
            return Task.FromResult(place.Finish(result));

            // As HeldOutPairs measures: without contrast nothing trains what searches.
            void Measured() => TrainingArguments.CheckValidation(options, parse.GetValue(validation) is not null,
                ["loss", "contrastive", "matching", "generation", .. losses.ContrastiveWeight > 0 ? (string[])["r1", "r5", "r10"] : []]);

            void Named()
            {
                var errors = new OptionErrors();
                errors.Require(manifests.Length > 0, "There is nothing to train on: name a manifest.");
                errors.Unused(parse, losses.ContrastiveWeight == 0, "where --contrastive-weight is 0",
                    objective.Named("--contrastive-smoothing", "--detach-gathered"));
                errors.Unused(parse, losses.MatchingWeight == 0, "where --matching-weight is 0", objective.Named("--hard-negatives"));
                errors.Unused(parse, losses.GenerationWeight == 0, "where --generation-weight is 0", objective.Named("--generation-smoothing"));
                errors.Throw();
            }
        });
        return command;
    }
}
