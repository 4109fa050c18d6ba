using System.Text.RegularExpressions;

namespace Mint.ML.ModelFiles;

/// <summary>A folder that is deleted when it is disposed, or when the process ends; what a killed process left goes when another one makes the next.</summary>
/// <remarks>In it a file .lock is kept open and locked: a folder whose lock can be had is nobody's any more.</remarks>
internal sealed partial class TemporaryFolder : IDisposable
{
    private const string Lock = ".lock";

    private static readonly HashSet<string> Swept = [];

    private readonly FileStream held;

    /// <param name="within">The folder that it is made in; null for the system's own for temporary files.</param>
    public TemporaryFolder(string? within = null)
    {
        within = System.IO.Path.GetFullPath(within is { Length: > 0 } ? within : System.IO.Path.GetTempPath());
        lock (Swept)
        {
            if (Swept.Add(within)) Sweep(within);
        }
        Path = System.IO.Path.Combine(within, $"mint-{Guid.NewGuid():N}");
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(Path);
        else Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        held = new FileStream(System.IO.Path.Combine(Path, Lock), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        AppDomain.CurrentDomain.ProcessExit += Delete;
    }

    public string Path { get; }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Delete;
        Delete(null, EventArgs.Empty);
    }

    /// <summary>Removes what killed processes left in a folder.</summary>
    internal static void Sweep(string within)
    {
        if (!Directory.Exists(within)) return;
        foreach (string left in Directory.EnumerateDirectories(within, "mint-*"))
        {
            if (Own().IsMatch(System.IO.Path.GetFileName(left)) && new DirectoryInfo(left).LinkTarget is null) Try(() => DeleteIfLeft(left));
        }
    }

    private static void DeleteIfLeft(string folder)
    {
        string file = System.IO.Path.Combine(folder, Lock);
        if (!File.Exists(file)) return; // one that is just being made
        using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0))
        {
            if (!OperatingSystem.IsWindows()) Directory.Delete(folder, recursive: true);
        }
        if (OperatingSystem.IsWindows()) Directory.Delete(folder, recursive: true); // an open file keeps its folder there
    }

    private void Delete(object? sender, EventArgs e)
    {
        if (OperatingSystem.IsWindows()) held.Dispose();
        Try(() => Directory.Delete(Path, recursive: true));
        held.Dispose();
    }

    // Somebody else's, or a file of it is open (Windows), or it is gone already: a folder that is left harms nobody.
    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    [GeneratedRegex("^mint-[0-9a-f]{32}$")]
    private static partial Regex Own();
}
