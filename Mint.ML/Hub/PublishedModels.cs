using System.Globalization;

namespace Mint.ML.Hub;

/// <summary>A model whose checkpoints are known to fit, by the name that <c>mint pull</c> takes.</summary>
/// <param name="Name">The name.</param>
/// <param name="Repository">Owner and name on the hub.</param>
/// <param name="Licence">As its card says; the pull shows what the card says then.</param>
/// <param name="Gigabytes">Size of the weights, about.</param>
/// <param name="For">What it is used for here.</param>
public sealed record PublishedModel(string Name, string Repository, string Licence, double Gigabytes, string For);

/// <summary>The list of known names (published-models.csv).</summary>
public static class PublishedModels
{
    /// <summary>All, in the list's order.</summary>
    public static IReadOnlyList<PublishedModel> All { get; } = Read();

    /// <summary>The repository of a known name, whatever its case, or what is a repository's name itself.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static string Repository(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return All.FirstOrDefault(model => model.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Repository
            ?? (name.Contains('/') ? name : throw new ArgumentException($"'{name}' is no known name; give OWNER/NAME, or one of: "
                + $"{string.Join(", ", All.Select(model => model.Name))}."));
    }

    private static PublishedModel[] Read()
    {
        using var stream = typeof(PublishedModels).Assembly.GetManifestResourceStream("Mint.ML.Hub.published-models.csv")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.TrimEnd('\r').Split(','))
            .Select(cells => new PublishedModel(cells[0], cells[1], cells[2], double.Parse(cells[3], CultureInfo.InvariantCulture), cells[4]))];
    }
}
