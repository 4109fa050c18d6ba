using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mint.ML.Files;

namespace Mint.ML.Evaluation;

/// <summary>A metric with its 95 % interval, or why there is none.</summary>
/// <param name="Name">What tables call it.</param>
/// <param name="Value">The value; null where the metric is not defined, and <paramref name="Note"/> says why.</param>
/// <param name="Low">Lower end of the interval; null without one.</param>
/// <param name="High">Upper end.</param>
/// <param name="Note">What the value depends on, or why there is none.</param>
public sealed record EvaluationMetric(string Name, double? Value, double? Low = null, double? High = null, string? Note = null);

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
public sealed record EvaluationResult(string Name, string Task, string Model, string Manifest, string? Instruction, int Clips, int Skipped,
    IReadOnlyList<string>? Labels, IReadOnlyList<EvaluationMetric> Metrics)
{
    /// <summary>What the language model's products were computed in, bfloat16 or int8; null, and not written, for float32.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LanguageModelType { get; init; }
}

/// <summary>One clip (of retrieval, one caption): a line of items.jsonl.</summary>
/// <param name="Path">The clip, as its manifest names it.</param>
/// <param name="Reference">The label, the labels or the captions that are right.</param>
/// <param name="Answer">What the model said; of retrieval, the clip that it found first.</param>
public sealed record EvaluationItem(string Path, IReadOnlyList<string> Reference, string Answer)
{
    /// <summary>A probability a label.</summary>
    public IReadOnlyList<float>? Scores { get; init; }

    /// <summary>Metrics of this item alone, where they are defined.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>Of retrieval, the place of the right clip, from 1.</summary>
    public int? Rank { get; init; }

    /// <summary>What a listener should know of the sound (<see cref="Audio.AudioClip.Notes"/>); null where there is nothing to say.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Notes { get; init; }

    /// <summary>Of tagging, the labels that are known to be false; null where all others are.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Negative { get; init; }
}

/// <summary>An evaluation on the disk.</summary>
public static class EvaluationFiles
{
    private static readonly JsonSerializerOptions Lines = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions Indented = new(Lines) { WriteIndented = true };

    /// <summary>Writes evaluation.json and items.jsonl, each beside and renamed.</summary>
    /// <param name="folder">A folder that exists.</param>
    /// <param name="evaluation">What was measured.</param>
    /// <param name="items">What it was measured on.</param>
    public static void Write(string folder, EvaluationResult evaluation, IEnumerable<EvaluationItem> items)
    {
        AtomicFile.WriteText(Path.Combine(folder, "items.jsonl"), string.Concat(items.Select(item => JsonSerializer.Serialize(item, Lines) + "\n")));
        AtomicFile.WriteText(Path.Combine(folder, "evaluation.json"), JsonSerializer.Serialize(evaluation, Indented) + "\n");
    }

    /// <summary>Evaluations as JSON.</summary>
    public static string Text(IReadOnlyList<EvaluationResult> evaluations) => JsonSerializer.Serialize(evaluations, Indented);
}
