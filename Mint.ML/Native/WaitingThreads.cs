using System.Globalization;
using System.Runtime.CompilerServices;

namespace Mint.ML.Native;

/// <summary>Says how libtorch's threads wait for work, unless the user did.</summary>
/// <remarks>
/// OpenMP's threads spin while they wait, for milliseconds by default. On cores that another thread or process needs, spinning costs more than the work:
/// ranking with two threads took 35 s instead of 1.15 s on a busy machine. On an idle one sleeping costs more: waking takes longer than many a product of
/// decoding, and beam search with two threads took 6.9 s instead of 3.9. So they sleep at once where the machine is busy when libtorch is loaded, and spin
/// for a tenth of a millisecond first where it is idle; that much made ranking at a load of 8 a core 1.8 times as long. The runtime reads these variables once.
/// </remarks>
internal static class WaitingThreads
{
    private const string Policy = "OMP_WAIT_POLICY", Spins = "GOMP_SPINCOUNT";

    /// <summary>Of 1,000, 10,000 and 100,000 the middle one gains most of what there is: 7.0, 5.5 and 5.1 s, where sleeping took 9.4.</summary>
    private const string Few = "10000";

    // CA2255: a library that must act before another one is loaded has no other place.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void Wait()
#pragma warning restore CA2255
    {
        if (Environment.GetEnvironmentVariable(Policy) is { Length: > 0 } || Environment.GetEnvironmentVariable(Spins) is { Length: > 0 }) return;
        if (IsIdle("/proc/loadavg", Environment.ProcessorCount)) CEnvironment.Default(Spins, Few); // GNU's runtime, which libtorch has on Linux
        CEnvironment.Default(Policy, "passive");
    }

    /// <summary>Whether fewer threads than cores wanted to run in the last minute; false where that cannot be told.</summary>
    internal static bool IsIdle(string load, int cores)
    {
        try
        {
            return double.TryParse(File.ReadAllText(load).Split(' ')[0], CultureInfo.InvariantCulture, out double threads) && threads < cores;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
