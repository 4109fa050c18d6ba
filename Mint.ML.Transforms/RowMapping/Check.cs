namespace Mint.ML.Transforms.RowMapping;

/// <summary>What is wrong with a step's options: all of it in one exception, when the step is made and before anything long begins.</summary>
internal static class Check
{
    /// <exception cref="ArgumentException">Something is wrong.</exception>
    public static void Options(string step, params IEnumerable<string>[] errors)
    {
        string[] all = [.. errors.SelectMany(some => some)];
        if (all.Length > 0) throw new ArgumentException($"{step}: {string.Join(" ", all)}", "options");
    }

    /// <summary>Column names: each there, and none twice.</summary>
    public static IEnumerable<string> Names(params (string Option, string? Name)[] columns) =>
    [
        .. columns.Where(column => string.IsNullOrEmpty(column.Name)).Select(column => $"{column.Option} is empty; it names a column."),
        .. columns.Where(column => !string.IsNullOrEmpty(column.Name)).GroupBy(column => column.Name).Where(same => same.Count() > 1)
            .Select(same => $"{string.Join(" and ", same.Select(column => column.Option))} name the same column '{same.Key}'."),
    ];

    public static IEnumerable<string> Text(string option, string? text) => text is null ? [$"{option} is null."] : [];

    public static IEnumerable<string> Batch(int rows) => rows >= 1 ? [] : [$"BatchSize is {rows}; at least one row goes through at once."];

    /// <summary>A folder of a frozen model, which must be there.</summary>
    public static IEnumerable<string> Folder(string option, string? path, bool required = true) =>
        string.IsNullOrEmpty(path) ? required ? [$"{option} is empty; give the path of a Hugging Face folder: config.json, weights, tokenizer files."] : []
        : Directory.Exists(path) ? []
        : [$"{option}: there is no model folder '{path}' (looked in {Path.GetFullPath(path)}). Give the path of a Hugging Face folder: config.json, weights, tokenizer files."];

    /// <summary>Options that can tell themselves what is wrong with them.</summary>
    public static IEnumerable<string> Valid(string option, object? value, Action validate)
    {
        if (value is null) return [$"{option} is null."];
        try
        {
            validate();
            return [];
        }
        catch (ArgumentException error)
        {
            return [error.Message];
        }
    }
}
