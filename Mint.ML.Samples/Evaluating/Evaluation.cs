using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mint.ML.Files;

namespace Mint.ML.Samples.Evaluating;

/// <summary>A metric with its 95 % interval, or why there is none.</summary>
internal sealed record EvaluationMetric(string Name, double? Value, double? Low = null, double? High = null, string? Note = null);

/// <summary>What was measured: evaluation.json.</summary>
/// <param name="Name">The recipe's name.</param>
/// <param name="Task">classification, tagging, captioning or retrieval.</param>
/// <param name="Model">The model file, relative to the evaluation's folder.</param>
/// <param name="Manifest">The clips, relative to the evaluation's folder.</param>
/// <param name="Instruction">What the model was asked; null where it was not asked.</param>
/// <param name="Clips">How many clips were measured.</param>
/// <param name="Skipped">How many could not be answered.</param>
/// <param name="Labels">The labels, in the order of the items' scores.</param>
/// <param name="Metrics">The table's columns.</param>
internal sealed record Evaluation(string Name, string Task, string Model, string Manifest, string? Instruction, int Clips, int Skipped,
    IReadOnlyList<string>? Labels, IReadOnlyList<EvaluationMetric> Metrics);

/// <summary>One clip (of retrieval, one caption): a line of items.jsonl.</summary>
internal sealed record EvaluationItem(string Path, IReadOnlyList<string> Reference, string Answer)
{
    /// <summary>A probability a label.</summary>
    public IReadOnlyList<float>? Scores { get; init; }

    /// <summary>Metrics of this item alone.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>Of retrieval, the place of the right clip, from 1.</summary>
    public int? Rank { get; init; }

    /// <summary>Of tagging, the labels that are known to be false; null where all others are.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Negative { get; init; }
}

/// <summary>An evaluation on the disk.</summary>
internal static class EvaluationFiles
{
    private static readonly JsonSerializerOptions Lines = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions Indented = new(Lines) { WriteIndented = true };

    public static void Write(string folder, Evaluation evaluation, IEnumerable<EvaluationItem> items)
    {
        AtomicFile.WriteText(Path.Combine(folder, "items.jsonl"), string.Concat(items.Select(item => JsonSerializer.Serialize(item, Lines) + "\n")));
        AtomicFile.WriteText(Path.Combine(folder, "evaluation.json"), JsonSerializer.Serialize(evaluation, Indented) + "\n");
    }

    public static string Text(IReadOnlyList<Evaluation> evaluations) => JsonSerializer.Serialize(evaluations, Indented);
}
