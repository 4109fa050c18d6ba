using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mint.ML.Native;

/// <summary>Has libtorch's threads sleep while they wait, unless the user said otherwise.</summary>
/// <remarks>
/// OpenMP's threads spin by default when they wait for work. On cores that another thread or process needs, spinning costs more than the work:
/// ranking with two threads took 35 s instead of 1.15 s on a busy machine. The runtime reads OMP_WAIT_POLICY once, when libtorch is loaded, from the C
/// environment, which .NET's own SetEnvironmentVariable does not reach.
/// </remarks>
internal static class WaitingThreads
{
    private const string Policy = "OMP_WAIT_POLICY";

    // CA2255: a library that must act before another one is loaded has no other place.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void Sleep()
#pragma warning restore CA2255
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            setenv(Policy, "passive", overwrite: 0);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            // Without it everything is right, and slower where cores are busy.
        }
    }

    [DllImport("libc", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int setenv(string name, string value, int overwrite);
}
