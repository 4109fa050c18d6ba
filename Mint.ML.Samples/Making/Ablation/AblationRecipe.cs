using Mint.ML.Objectives;

namespace Mint.ML.Samples.Making.Ablation;

/// <summary>A table of the paper as trainings of the small MINT: what its rows differ in.</summary>
internal sealed record AblationRecipe
{
    /// <summary>The table's heading.</summary>
    public string Title { get; init; } = "";

    /// <summary>What the table is to show, under the heading.</summary>
    public string About { get; init; } = "";

    /// <summary>Each row is trained once with each.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3];

    /// <summary>The rows.</summary>
    public IReadOnlyList<AblationRow> Rows { get; init; } = [];

    /// <summary>Reads a recipe.</summary>
    /// <exception cref="InvalidDataException">It is not one; the message names the file and what is wrong.</exception>
    public static AblationRecipe Read(string file)
    {
        var recipe = OptionFile.Read<AblationRecipe>(file);
        if (recipe.Rows.Count == 0 || recipe.Seeds.Count == 0)
            throw new InvalidDataException($"{file}: it has no rows or no seeds; there is nothing to train.");
        var errors = new OptionErrors();
        foreach (var row in recipe.Rows)
        {
            errors.Require(row.Stages is 1 or 2, $"Row '{row.Name}' has {row.Stages} stages; expected 1 or 2.");
            errors.Gather(new AlignmentOptions
            {
                ContrastiveWeight = row.ContrastiveWeight,
                MatchingWeight = row.MatchingWeight,
                GenerationWeight = row.GenerationWeight,
            }.Validate);
        }
        try
        {
            errors.Throw();
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{file}: {error.Message}", error);
        }
        return recipe;
    }
}

/// <summary>A row: weights of stage 1's losses, and the stage after which families are told.</summary>
internal sealed record AblationRow
{
    public string Name { get; init; } = "";

    public double ContrastiveWeight { get; init; } = 1;

    public double MatchingWeight { get; init; } = 1;

    public double GenerationWeight { get; init; } = 1;

    /// <summary>1 ranks the families by similarity to the clip, 2 by the language model.</summary>
    public int Stages { get; init; } = 2;

    /// <summary>What the paper reports for the row, on its own data.</summary>
    public string Paper { get; init; } = "";
}
