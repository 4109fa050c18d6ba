using System.Runtime.InteropServices;

namespace Mint.ML.Native;

/// <summary>The environment that C libraries read, which .NET's own SetEnvironmentVariable does not reach.</summary>
internal static class CEnvironment
{
    /// <summary>Gives a variable a value, unless the user has; on Linux alone.</summary>
    public static void Default(string name, string value)
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            setenv(name, value, overwrite: 0);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            // What is set here makes things better, and nothing wrong where it is missing.
        }
    }

    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int setenv(string name, string value, int overwrite);
}
