namespace Mint.ML.Samples.Cli;

/// <summary>What comes with the program: in a checkout below Mint.ML.Samples, in the .NET tool beside the program itself (eng/tool.props).</summary>
internal static class Shipped
{
    /// <summary>The models, a folder each; null where they did not come along.</summary>
    public static string? Models => Find("models");

    /// <summary>A folder that ships.</summary>
    /// <exception cref="DirectoryNotFoundException">It did not come along.</exception>
    public static string Folder(string option, params string[] parts) => Find(parts) ?? throw new DirectoryNotFoundException(
        $"{Path.Combine(parts)} did not come with this program (looked beside it, in {AppContext.BaseDirectory}); say where to look with {option}.");

    /// <summary>Where the demo writes its model: artifacts/demo of a checkout, or the user's folder for programs' data.</summary>
    public static string DemoModel => Checkout.Find("artifacts", "demo", "mint.zip") ?? Path.Combine(UserFolder, "mint", "demo", "mint.zip");

    /// <summary>The model that commands take where none is named: that of everyday sound, which came along; the demo's where it did not.</summary>
    public static string DefaultModel => Find("models", "everyday", "mint.zip") ?? DemoModel;

    /// <summary>Whether a path is that of the everyday model that came along.</summary>
    public static bool IsEverydayModel(string path) => Find("models", "everyday", "mint.zip") is { } file && Path.GetFullPath(path) == Path.GetFullPath(file);

    /// <summary>What commands' help says of it.</summary>
    public const string DefaultModelHelp = "the one of everyday sound that ships";

    private static string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify)
        is { Length: > 0 } folder ? folder : Directory.GetCurrentDirectory();

    private static string? Find(params string[] parts) =>
        Checkout.Find(["Mint.ML.Samples", .. parts]) is { } path && Path.Exists(path) ? path
            : Path.Combine([AppContext.BaseDirectory, .. parts]) is var beside && Path.Exists(beside) ? beside : null;
}
