namespace Mint.ML.Tests;

/// <summary>Finds tests/fixtures from wherever the tests run.</summary>
internal static class Fixtures
{
    private static readonly Lazy<string> Root = new(() =>
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Mint.ML.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Mint.ML.sln.");
    });

    /// <summary>The repository's root.</summary>
    public static string Repository => Root.Value;

    /// <summary>A file or folder under tests/fixtures.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root.Value, "tests", "fixtures", .. parts]);
}
