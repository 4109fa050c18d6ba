using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Metrics;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>What the page shows of a training run.</summary>
internal static class RunReport
{
    /// <summary>The folders beside which the clips of a run are looked for: those of the manifests that run.json names, that of validation first, then the
    /// run's own.</summary>
    public static IReadOnlyList<string> Folders(string folder) =>
    [
        .. Flatten(RunJson(folder, [])).Where(option => !option.Value.Contains('\0') && IsManifest(option.Value) && File.Exists(option.Value))
            .OrderByDescending(option => option.Name == "validation")
            .Select(option => Path.GetDirectoryName(Path.GetFullPath(option.Value))!).Distinct(),
        folder, ".",
    ];

    /// <summary>Whether a file is a list of sounds by its ending: any other that a stranger's run.json names does not open its folder.</summary>
    public static bool IsManifest(string file) => Path.GetExtension(file).ToLowerInvariant() is ".csv" or ".tsv" or ".jsonl" or ".json" or ".ndjson";

    /// <summary>Reads a run folder.</summary>
    /// <param name="folder">With log.jsonl, and perhaps run.json and retrieval.jsonl.</param>
    /// <param name="sounds">Takes the clips of the retrieval examples.</param>
    /// <param name="examples">Retrieval examples to show.</param>
    /// <param name="notes">Receives what could not be read.</param>
    public static JsonObject Read(string folder, SoundShelf sounds, int examples, List<string> notes)
    {
        var log = new TrainingLog(Path.Combine(folder, "log.jsonl"), notes);
        // A fortieth of the run follows its bends and evens out the batches; a short run needs ten steps for that.
        int steps = log.Losses.Select(curve => curve.Count).DefaultIfEmpty().Max(), span = Math.Max(steps / 40, Math.Min(10, steps / 4));
        var run = new JsonObject
        {
            ["step"] = log.Step,
            ["steps"] = log.Steps,
            ["epoch"] = log.Epoch,
            ["secondsLeft"] = log.SecondsLeft,
            ["span"] = span,
            ["losses"] = Curves(log.Losses, span),
            ["others"] = Curves([.. log.Others.Where(curve => curve.Values.Any(value => value != 0))], 0), // what never leaves zero tells nothing
            ["validation"] = Curves(log.Validation, 0),
            ["options"] = new JsonArray([.. Flatten(RunJson(folder, notes)).Select(option => (JsonNode)new JsonArray(option.Name, option.Value))]),
        };
        string retrieval = Path.Combine(folder, "retrieval.jsonl");
        if (File.Exists(retrieval)) run["retrieval"] = Retrieval(retrieval, sounds, examples, notes);
        return run;
    }

    private static JsonArray Curves(IReadOnlyList<Curve> curves, int span) => [.. curves.Select(curve => curve.ToJson(span))];

    private static JsonObject? RunJson(string folder, List<string> notes)
    {
        string path = Path.Combine(folder, "run.json");
        if (!File.Exists(path)) return null;
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new JsonException("it holds no object");
        }
        catch (JsonException e)
        {
            notes.Add($"run.json cannot be read and is left out: {e.Message}");
            return null;
        }
    }

    // Options within options by their path, training.rate; of a list each by the list's name.
    private static IEnumerable<(string Name, string Value)> Flatten(JsonNode? node, string name = "") => node switch
    {
        JsonObject inner => inner.SelectMany(pair => Flatten(pair.Value, name.Length == 0 || name == "options" ? pair.Key : $"{name}.{pair.Key}")),
        JsonValue => [(name, JsonLines.Text(node) ?? node.ToJsonString())],
        JsonArray inner => inner.SelectMany(one => Flatten(one, name)),
        _ => [],
    };

    private static JsonObject Retrieval(string path, SoundShelf sounds, int examples, List<string> notes)
    {
        var found = JsonLines.Read(path, notes)
            .Select(line => (Line: line, Caption: JsonLines.Text(line["caption"]), Path: JsonLines.Text(line["path"]), Rank: JsonLines.Number(line["rank"])))
            .Where(one => one is { Caption: not null, Path: not null, Rank: >= 1 }).OrderBy(one => one.Rank).ToList();
        var json = new JsonObject { ["count"] = found.Count };
        if (found.Count == 0) return json;
        int[] ranks = [.. found.Select(one => (int)one.Rank! - 1)];
        json["recall"] =
            new JsonArray([.. ((int[])[1, 5, 10]).Select(k => (JsonNode)new JsonArray($"R@{k}", Curve.Short(RetrievalMetrics.RecallAt(ranks, k))))]);
        json["medianRank"] = RetrievalMetrics.MedianRank(ranks);
        // Evenly from the best to the worst: a page of successes alone would tell nothing.
        int shown = Math.Min(examples, found.Count);
        json["examples"] =
            new JsonArray([.. Enumerable.Range(0, shown).Select(i => found[shown == 1 ? 0 : (int)((long)i * (found.Count - 1) / (shown - 1))])
            .Select(one => (JsonNode)new JsonObject
        {
            ["caption"] = one.Caption, ["rank"] = one.Rank, ["sound"] = sounds.Add(one.Path!),
            ["top"] =
                new JsonArray([.. (one.Line["top"] as JsonArray ?? []).OfType<JsonObject>()
                .Select(hit => (Path: JsonLines.Text(hit["path"]), Score: JsonLines.Number(hit["score"])))
                .Where(hit => hit.Path is not null).Take(10)
                // A clip with the same caption is as right as its own: the rank tells.
                .Select((hit, i) => (JsonNode)new JsonObject { ["sound"] = sounds.Add(hit.Path!), ["score"] = hit.Score is double score ? Curve.Short(score)
                    : null, ["right"] = hit.Path == one.Path || i + 1 == one.Rank })]),
        })]);
        return json;
    }
}
