using System.Globalization;
using System.Text.Json;
using Mint.ML.Transforms.Experiments;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>What <c>mint experiment</c> searches: a JSON file whose options are those of <c>mint pretrain</c>, by their names.</summary>
internal sealed record ExperimentRecipe
{
    /// <summary>Clips with captions, relative to the recipe.</summary>
    public string Manifest { get; init; } = "";

    /// <summary>Other clips to measure on, relative to the recipe; null parts <see cref="TestFraction"/> of the manifest's.</summary>
    public string? Validation { get; init; }

    /// <summary>Share of the rows that is measured on, where there is no <see cref="Validation"/>.</summary>
    public double TestFraction { get; init; } = 0.3;

    /// <summary>Folder of the frozen audio encoder; null takes the one that ships.</summary>
    public string? Encoder { get; init; }

    /// <summary>ranking (which label fits, by similarity) or retrieval (R@5: a caption finds its clip).</summary>
    public string Metric { get; init; } = "retrieval";

    /// <summary>Of ranking, the column of labels.</summary>
    public string LabelColumn { get; init; } = "Label";

    /// <summary>random, grid or halving.</summary>
    public string Tuner { get; init; } = "random";

    /// <summary>Configurations to try.</summary>
    public int Trials { get; init; } = 8;

    /// <summary>Fixes what is tried and what each trial draws.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Options that every trial has.</summary>
    public IReadOnlyDictionary<string, JsonElement> Fixed { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Options that are searched: a list of values, or a range { "min": 1e-4, "max": 1e-2, "log": true }.</summary>
    public IReadOnlyDictionary<string, JsonElement> Search { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Reads a recipe; its manifests are then absolute.</summary>
    /// <exception cref="InvalidDataException">It is not one; the message names the file and what is wrong.</exception>
    public static ExperimentRecipe Read(string file)
    {
        var recipe = OptionFile.Read<ExperimentRecipe>(file);
        var errors = new OptionErrors();
        errors.Require(recipe.Manifest.Length > 0, "'manifest' is missing: clips with captions, relative to the recipe.");
        errors.Require(recipe.TestFraction is > 0 and < 1, $"'test-fraction' is {recipe.TestFraction}; expected above 0 and below 1.");
        errors.Require(recipe.Metric is "ranking" or "retrieval", $"'metric' is '{recipe.Metric}'; expected ranking or retrieval.");
        errors.Require(recipe.Tuner is "random" or "grid" or "halving", $"'tuner' is '{recipe.Tuner}'; expected random, grid or halving.");
        errors.Require(recipe.Trials >= 1, $"'trials' is {recipe.Trials}; at least 1 is tried.");
        errors.Require(recipe.Search.Count > 0, "'search' is missing: the options that are searched, with their values.");
        foreach (string twice in recipe.Search.Keys.Intersect(recipe.Fixed.Keys)) errors.Require(false, $"'{twice}' is both fixed and searched.");
        foreach (var (name, value) in recipe.Search) errors.Gather(() => _ = new Searched(new(), name, value));
        try
        {
            errors.Throw();
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{file}: {error.Message}", error);
        }
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return recipe with
        {
            Manifest = Path.GetFullPath(recipe.Manifest, folder),
            Validation = recipe.Validation is null ? null : Path.GetFullPath(recipe.Validation, folder),
        };
    }

    /// <summary>A value as a command line has it.</summary>
    public static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw new ArgumentException($"{value.GetRawText()} is no value of an option; expected a number, a text, true or false."),
    };
}

/// <summary>An option that is searched, as a parameter of the space.</summary>
internal sealed class Searched
{
    private readonly Func<TrialSettings, string> of;

    /// <exception cref="ArgumentException">It is neither a list of values nor a range.</exception>
    public Searched(SearchSpace space, string name, JsonElement value)
    {
        Name = name;
        if (value.ValueKind == JsonValueKind.Array)
        {
            Ends = [.. value.EnumerateArray().Select(ExperimentRecipe.Text)];
            var choice = space.AddChoice(name, Ends);
            of = trial => trial.Get(choice);
            return;
        }
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Any(part => part.Name is not ("min" or "max" or "log"))
            || !value.TryGetProperty("min", out var low) || !value.TryGetProperty("max", out var high)
            || low.ValueKind != JsonValueKind.Number || high.ValueKind != JsonValueKind.Number)
        {
            throw new ArgumentException($"'search.{name}' is {value.GetRawText()}; expected a list of values, or {{ \"min\": a, \"max\": b, \"log\": true }}.");
        }
        bool log = value.TryGetProperty("log", out var scale) && scale.ValueKind == JsonValueKind.True;
        Ends = [low.GetRawText(), high.GetRawText()];
        if (low.TryGetInt32(out int from) && high.TryGetInt32(out int to))
        {
            var whole = space.AddUniformInt(name, from, to, log);
            of = trial => trial.Get(whole).ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            var range = space.AddUniformDouble(name, low.GetDouble(), high.GetDouble(), log);
            of = trial => trial.Get(range).ToString("R", CultureInfo.InvariantCulture);
        }
    }

    public string Name { get; }

    /// <summary>Values that are checked before the first trial: all of a list, both ends of a range.</summary>
    public IReadOnlyList<string> Ends { get; }

    public string Of(TrialSettings trial) => of(trial);
}
