namespace Mint.ML.ModelFiles;

/// <summary>Names that stand in a model file. Whoever wrote it may be a stranger, so none of them leads out of the folder that it is looked for in.</summary>
/// <remarks>The rules are the same on every system: a name that is a device or a path on one of them is none anywhere.</remarks>
internal static class ForeignNames
{
    private const int Longest = 255; // of a file's name, on the usual file systems

    private static readonly string[] Devices =
        ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", .. Enumerable.Range(0, 10).SelectMany(n => new[] { $"COM{n}", $"LPT{n}" })];

    /// <summary>Whether a name is that of a file in a folder, and no path.</summary>
    public static bool IsFile(string name) => name.Length is > 0 and <= Longest && name is not ("." or "..")
        && !name.Any(letter => letter is '/' or '\\' or ':' || char.IsControl(letter))
        && !Devices.Contains(name.Split('.')[0].TrimEnd(' '), StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a name is that of a file in a folder, or in a folder within it.</summary>
    public static bool IsFileOrInPart(string name) => name.Split('/') is { Length: 1 or 2 } steps && steps.All(IsFile);

    /// <summary>Whether a reference is a folder below another: no root, no drive, no server, and nowhere "..".</summary>
    public static bool IsFolder(string reference) => reference.Split('/').All(IsFile);
}
