using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Checkpoints;
using Mint.ML.Distributed;
using Mint.ML.Files;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Cli.Runs;

/// <summary>What a training command leaves in its run folder beside log and checkpoints: run.json, and model.zip.</summary>
internal static class RunFiles
{
    private static readonly JsonSerializerOptions Written = new() { WriteIndented = true };

    public static string Model(string run) => Path.Combine(run, "model.zip");

    private static readonly string[] Names = ["run.json", "model.zip", "retrieval.jsonl", "projection.safetensors"];

    /// <summary>Keeps other processes out of a run folder, removes what a killed one left of these files, and writes run.json. Rank 0 does it for
    /// all.</summary>
    /// <returns>What keeps the folder; null on other ranks.</returns>
    /// <exception cref="IOException">Another process trains there.</exception>
    /// <exception cref="InvalidDataException">The folder holds a run with other settings; nothing of it is changed.</exception>
    public static FolderLock? Begin(string run, Command command, ParseResult parse, string encoder)
    {
        if (!Ranks.Present.IsFirst) return null;
        var held = FolderLock.Take(run);
        try
        {
            AtomicFile.Sweep(run, Names.Contains);
            WriteSettings(run, command, parse, encoder);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>run.json: the command and every option's value, given or by default.</summary>
    /// <exception cref="InvalidDataException">The folder holds a run with other settings; nothing of it is changed.</exception>
    private static void WriteSettings(string run, Command command, ParseResult parse, string encoder)
    {
        var options = new JsonObject();
        foreach (var symbol in command.Arguments.Cast<Symbol>().Concat(command.Options.Where(option => option.Name != "--help")))
            options[symbol.Name.TrimStart('-')] = JsonSerializer.SerializeToNode(Value(parse, symbol), Written);
        var settings = new JsonObject
        {
            ["command"] = command.Name,
            ["options"] = options,
            ["ranks"] = Ranks.Present.Count,
            ["model"] = Path.GetFileName(Model(run)),
            ["encoder"] = encoder,
            ["files"] = Files(options),
        };
        Directory.CreateDirectory(run);
        RefuseOther(run, settings);
        AtomicFile.WriteText(Path.Combine(run, "run.json"), settings.ToJsonString(Written) + "\n");
    }

    // Where a run keeps what, and how often, does not decide what it computes.
    private static readonly string[] Indifferent = ["output", "cache", "checkpoint-every", "checkpoints-kept", "recipe"];

    // Options that name folders of models. What stands in a folder may be other weights tomorrow; a vocabulary is compared with the run's copy of it.
    private static readonly string[] Folders = ["from", "bridge", "bert", "encoder", "text-encoder", "language-model"];
    private const int HashShown = 16; // digits: enough to tell two files apart, and to be read

    private static JsonObject Files(JsonObject options)
    {
        var files = new JsonObject();
        foreach (string name in Folders)
        {
            if ((string?)options[name] is not { Length: > 0 } folder) continue;
            // Of another run, the bridge counts, and not its log.
            bool isRun = name == "bridge" && Directory.Exists(BridgeFolder.InRun(folder));
            files[name] = ModelFolder.HashWhole(isRun ? BridgeFolder.InRun(folder) : folder)[..HashShown];
        }
        return files;
    }

    private static void RefuseOther(string run, JsonObject settings)
    {
        string path = Path.Combine(run, "run.json");
        if (!File.Exists(path) || !Directory.EnumerateFiles(run, "step-*.safetensors").Any()) return;
        var before = RecordedSettings.Read(path);
        if (RecordedSettings.Differences(Deciding(before), Deciding(JsonNode.Parse(settings.ToJsonString())!.AsObject())) is not { } different) return;
        string counted = (((int?)before["ranks"] ?? 1) > 1 || Ranks.Started > 1) && different.Contains("batch-size", StringComparison.Ordinal)
            ? " (Its batch-size is that of all ranks together.)" : "";
        throw new InvalidDataException($"{run} holds a run with other settings: {different}. Go on with those, or name another run folder with "
            + $"--output.{counted}");

        static JsonObject Deciding(JsonObject run)
        {
            var deciding = new JsonObject { ["command"] = run["command"]?.DeepClone(), ["encoder"] = run["encoder"]?.DeepClone() };
            foreach (var (key, value) in run["options"] as JsonObject ?? [])
            {
                // "encoder" is an option too, and the same.
                if (!Indifferent.Contains(key)) deciding[key] = value?.DeepClone();
            }
            // Any number of ranks may share a batch.
            if ((int?)deciding["batch-size"] is { } batch) deciding["batch-size"] = batch * ((int?)run["ranks"] ?? 1);
            foreach (var (key, value) in run["files"] as JsonObject ?? []) deciding[$"what --{key} holds"] = value?.DeepClone();
            return deciding;
        }
    }

    private static object? Value(ParseResult parse, Symbol symbol) => symbol switch
    {
        Option option => parse.GetResult(option)?.GetValueOrDefault<object>(),
        Argument argument => parse.GetResult(argument)?.GetValueOrDefault<object>(),
        _ => null,
    };

    /// <summary>model.zip: the pipeline from a manifest's paths to what was trained.</summary>
    public static void WriteModel(string run, MLContext ml, string manifest, RunPlace place, params ITransformer[] trained)
    {
        var data = ml.Data.LoadFromAudioManifest(manifest);
        var heard = ml.Transforms.LoadAudio(new AudioLoadingEstimator.Options { Damaged = place.Hearing.Damaged })
            .Append(ml.Transforms.FeaturizeAudio(new AudioFeaturizer.Options { Encoder = place.Encoder, Short = place.Hearing.Short })).Fit(data);
        AtomicFile.Write(Model(run), stream => ml.Model.Save(new TransformerChain<ITransformer>([.. heard, .. trained]), data.Schema, stream));
    }
}
