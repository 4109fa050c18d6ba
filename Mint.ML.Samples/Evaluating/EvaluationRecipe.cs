using System.Text.Json;
using Mint.ML.Evaluation;
using Mint.ML.Generation;
using Mint.ML.Samples.Training;
using Mint.ML.Text;

namespace Mint.ML.Samples.Evaluating;

/// <summary>What a model is measured on, and how: a file of a dozen lines. The paper's tables are such files under recipes/.</summary>
internal sealed record EvaluationRecipe
{
    /// <summary>What tables call it.</summary>
    public string Name { get; init; } = "";

    /// <summary>classification (one label is true), tagging (several are), captioning, or retrieval (a caption searches for its clip).</summary>
    public string Task { get; init; } = "";

    /// <summary>The clips, relative to the recipe: CSV or JSON lines. Rows of the same Path are one clip with several references.</summary>
    public string Manifest { get; init; } = "";

    /// <summary>The manifest's columns with the label, the labels (semicolons between them) or the captions.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Of tagging, where not every label was judged of every clip (OpenMIC): the column with the labels that are known to be false.</summary>
    public string? NegativeColumn { get; init; }

    /// <summary>The labels to choose from; those that the manifest has when empty.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>What the model is asked.</summary>
    public string Instruction { get; init; } = "";

    /// <summary>ranking, by the language model; or similarity, by stage 1 alone.</summary>
    public string Mode { get; init; } = "ranking";

    /// <summary>sum, mean or pmi, see <see cref="RankingScore"/>.</summary>
    public RankingScore Score { get; init; }

    /// <summary>How captions are searched for.</summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>The metrics that are wanted; all of the task when empty.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = [];

    /// <summary>What the paper reports, by metric, in the metric's own unit.</summary>
    public IReadOnlyDictionary<string, double> Paper { get; init; } = new Dictionary<string, double>();

    private static readonly string[] Tasks = ["classification", "tagging", "captioning", "retrieval"];
    private static readonly string[] Keys =
        ["name", "task", "manifest", "columns", "negativeColumn", "labels", "instruction", "mode", "score", "beams", "maxTokens", "lengthPenalty", "metrics", "paper", "comment"];

    /// <summary>Reads a recipe.</summary>
    /// <exception cref="InvalidDataException">The file is no recipe; the message names the file and the key.</exception>
    public static EvaluationRecipe Read(string file)
    {
        using var document = Recipe.Open(file);
        var recipe = new EvaluationRecipe { Name = Path.GetFileNameWithoutExtension(file) };
        foreach (var (key, value) in document.RootElement.EnumerateObject().Select(property => (property.Name, property.Value)))
        {
            try
            {
                recipe = recipe.With(key, value);
            }
            catch (KeyNotFoundException)
            {
                throw new InvalidDataException($"{file}: an evaluation knows no '{key}'; the nearest key is '{Recipe.Nearest(key, Keys)}'. It knows: {string.Join(", ", Keys)}.");
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or ArgumentException)
            {
                throw new InvalidDataException($"{file}: '{key}' is {value.GetRawText()}: {e.Message}", e);
            }
        }
        return recipe.Checked(file) with { Manifest = Path.GetFullPath(recipe.Manifest, Path.GetDirectoryName(Path.GetFullPath(file))!) };
    }

    private EvaluationRecipe With(string key, JsonElement value) => key switch
    {
        "name" => this with { Name = value.GetString() ?? "" },
        "task" => this with { Task = OneOf(value, Tasks) },
        "manifest" => this with { Manifest = value.GetString() ?? "" },
        "columns" => this with { Columns = Texts(value) },
        "negativeColumn" => this with { NegativeColumn = value.GetString() },
        "labels" => this with { Labels = Texts(value) },
        "instruction" => this with { Instruction = value.GetString() ?? "" },
        "mode" => this with { Mode = OneOf(value, ["ranking", "similarity"]) },
        "score" => this with
        {
            Score = OneOf(value, ["sum", "mean", "pmi"]) switch { "mean" => RankingScore.MeanPerToken, "pmi" => RankingScore.PointwiseMutualInformation, _ => RankingScore.Sum },
        },
        "beams" => this with { Generation = Generation with { Beams = value.GetInt32() } },
        "maxTokens" => this with { Generation = Generation with { MaxLength = value.GetInt32() } },
        "lengthPenalty" => this with { Generation = Generation with { LengthPenalty = value.GetDouble() } },
        "metrics" => this with { Metrics = Texts(value) },
        "paper" => this with { Paper = value.EnumerateObject().ToDictionary(metric => metric.Name, metric => metric.Value.GetDouble()) },
        "comment" => this,
        _ => throw new KeyNotFoundException(),
    };

    private EvaluationRecipe Checked(string file)
    {
        List<string> errors = [];
        if (Task.Length == 0) errors.Add($"'task' is missing: {string.Join(", ", Tasks)}.");
        if (Manifest.Length == 0) errors.Add("'manifest' is missing: a CSV or JSON-lines file, relative to the recipe.");
        if (Columns.Count == 0) errors.Add("'columns' is missing: the manifest's columns that hold what is right.");
        if (Task is "classification" or "tagging" && Columns.Count > 1) errors.Add($"'columns' has {Columns.Count}; {Task} reads one.");
        if (NegativeColumn is not null && Task != "tagging") errors.Add("'negativeColumn' is for tagging.");
        string[] known = EvaluationScores.Of(Task);
        errors.AddRange(Metrics.Union(Paper.Keys).Where(metric => !known.Contains(metric)).Select(metric => $"'{metric}' is no metric of {Task}, which has: {string.Join(", ", known)}."));
        if (errors.Count > 0) throw new InvalidDataException($"{file}: {string.Join(" ", errors)}");
        Generation.Validate();
        return Instruction.Length > 0 ? this : this with
        {
            Instruction = Task switch { "captioning" => InstructionTemplates.Caption.Instruction, "tagging" => InstructionTemplates.Instruments.Instruction, _ => InstructionTemplates.Sound.Instruction },
        };
    }

    private static string[] Texts(JsonElement value) => [.. value.EnumerateArray().Select(text => text.GetString()!)];

    private static string OneOf(JsonElement value, string[] allowed) => value.GetString() is { } text && allowed.Contains(text) ? text
        : throw new FormatException($"one of {string.Join(", ", allowed)} is expected");
}
