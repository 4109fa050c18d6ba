using System.CommandLine;
using Mint.ML.Files;

namespace Mint.ML.Samples.Cli.Options;

/// <summary><c>--labels</c>: with commas between them, or a file with one a line.</summary>
internal static class LabelsOption
{
    public static Option<string?> Create(string description) => new("--labels") { Description = description };

    /// <summary>The labels; none where nothing was said.</summary>
    public static string[] Read(string? labels) => labels is null ? []
        : (File.Exists(labels) ? [.. TextFile.ReadLines(labels)] : labels.Split(',')).Select(label => label.Trim()).Where(label => label.Length > 0).ToArray();
}
