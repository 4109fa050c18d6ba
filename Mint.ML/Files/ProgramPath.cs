using System.ComponentModel;

namespace Mint.ML.Files;

/// <summary>
/// Where a program is. <see cref="System.Diagnostics.Process"/> would look for a bare name in the current folder first, which may be a stranger's.
/// </summary>
public static class ProgramPath
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The full path of a program.</summary>
    /// <param name="command">A path, which is taken as it is, or a bare name, which is looked for in the absolute folders of PATH and nowhere else.</param>
    /// <exception cref="Win32Exception">PATH knows no such program.</exception>
    public static string Find(string command)
    {
        if (command.AsSpan().IndexOfAny('/', Path.DirectorySeparatorChar) >= 0) return Path.GetFullPath(command);
        string[] endings = OperatingSystem.IsWindows() && !Path.HasExtension(command) ? [".exe", ".com"] : [""];
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(Path.IsPathFullyQualified)
            .SelectMany(folder => endings.Select(ending => Path.Combine(folder, command + ending))).FirstOrDefault(Runs)
            ?? throw new Win32Exception(2, $"no program '{command}' is in the folders of PATH (one of the current folder is named with its path: ./{command})");
    }

    private static bool Runs(string file) => File.Exists(file) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(file) & Executable) != 0);
}
