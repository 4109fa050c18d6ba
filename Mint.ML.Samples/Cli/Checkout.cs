namespace Mint.ML.Samples.Cli;

/// <summary>The checkout that the program runs from.</summary>
internal static class Checkout
{
    /// <summary>A path below the folder that holds Mint.ML.sln.</summary>
    /// <exception cref="DirectoryNotFoundException">The program does not run from a checkout.</exception>
    public static string Path(string option, params string[] parts) => Find(parts)
        ?? throw new DirectoryNotFoundException($"This program does not run from a checkout of Mint.ML; say where to look with {option}.");

    /// <summary>The same, or null where there is no checkout.</summary>
    public static string? Find(params string[] parts)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Mint.ML.sln")))
                return System.IO.Path.Combine([folder.FullName, .. parts]);
        }

        return null;
    }

    /// <summary>A default that names what the repository has, wherever the program is called from.</summary>
    public static string Default(string path) => Find(path) is { } there && System.IO.Path.Exists(there) ? there : path;
}
