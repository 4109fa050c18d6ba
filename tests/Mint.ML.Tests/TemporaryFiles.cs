namespace Mint.ML.Tests;

/// <summary>What tests, and the programs that they start, put into the system's folder for temporary files: a folder of its own, gone when the tests
/// end.</summary>
[TestClass]
public static class TemporaryFiles
{
    private static string? folder;

    /// <summary>Called before the first test of an assembly.</summary>
    public static void Begin()
    {
        folder = Directory.CreateTempSubdirectory("mint-tests-").FullName;
        // As the system's own: what a test shows to another user must be reached.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_001_001);
        Environment.SetEnvironmentVariable(OperatingSystem.IsWindows() ? "TMP" : "TMPDIR", folder);
    }

    [AssemblyCleanup]
    public static void End()
    {
        if (folder is null) return;
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (OperatingSystem.IsWindows() && error is IOException or UnauthorizedAccessException)
        {
            // What is loaded or mapped stays there while the process lives.
        }
    }
}
