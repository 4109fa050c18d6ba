using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>One clip of an evaluation.</summary>
/// <param name="Path">As the manifest has it.</param>
/// <param name="References">Its labels, or its captions.</param>
/// <param name="Negatives">Of tagging, the labels that are known to be false; null where all but the references are.</param>
/// <param name="Answer">What the model answered; of retrieval the clip that was found first.</param>
/// <param name="Scores">One a label, in the labels' order; null where the task has none.</param>
/// <param name="Metrics">Of this clip alone.</param>
/// <param name="Rank">The place, from 1, at which the right one was found.</param>
internal sealed record EvaluatedClip(
    string Path, IReadOnlyList<string> References, IReadOnlyList<string>? Negatives, string? Answer, double[]? Scores, IReadOnlyDictionary<string,
        double> Metrics, double? Rank);

/// <summary>What <c>mint evaluate</c> left: evaluation.json and items.jsonl.</summary>
internal sealed class EvaluationFolder
{
    /// <summary>Reads the folder.</summary>
    /// <param name="folder">Its path.</param>
    /// <param name="notes">Receives what could not be read.</param>
    /// <exception cref="InvalidDataException">evaluation.json cannot be read.</exception>
    public EvaluationFolder(string folder, List<string> notes)
    {
        string path = Path.Combine(folder, "evaluation.json");
        try
        {
            Summary = JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new JsonException("it holds no object");
            _ = Summary.Count;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{path} is no evaluation: {e.Message} Run ./mint evaluate again.", e);
        }
        Labels = Summary["labels"] is JsonArray labels ? [.. labels.Select(JsonLines.Text).OfType<string>()] : [];
        string items = Path.Combine(folder, "items.jsonl");
        if (File.Exists(items)) Clips = [.. JsonLines.Read(items, notes).Select(Clip).OfType<EvaluatedClip>()];
        else notes.Add("items.jsonl is missing: what is shown of single clips is left out.");
    }

    /// <summary>evaluation.json.</summary>
    public JsonObject Summary { get; }

    /// <summary>classification, tagging, captioning or retrieval.</summary>
    public string Task => Text("task") ?? "";

    public IReadOnlyList<string> Labels { get; }

    public IReadOnlyList<EvaluatedClip> Clips { get; } = [];

    public string? Text(string key) => JsonLines.Text(Summary[key]);

    private EvaluatedClip? Clip(JsonObject line)
    {
        if (JsonLines.Text(line["path"]) is not { } path) return null;
        double[]? scores = line["scores"] is JsonArray given ? [.. given.Select(JsonLines.Number).OfType<double>()] : null;
        return new EvaluatedClip(path,
            line["reference"] is JsonArray references ? [.. references.Select(JsonLines.Text).OfType<string>()] : JsonLines.Text(line["reference"]) is { } one
                ? [one] : [],
            line["negative"] is JsonArray negatives ? [.. negatives.Select(JsonLines.Text).OfType<string>()] : null,
            JsonLines.Text(line["answer"]),
            scores?.Length == Labels.Count ? scores : null,
            line["metrics"] is JsonObject metrics ? metrics.Where(pair => JsonLines.Number(pair.Value) is not null)
                .ToDictionary(pair => pair.Key, pair => JsonLines.Number(pair.Value)!.Value) : new Dictionary<string, double>(),
            JsonLines.Number(line["rank"]));
    }
}
