using System.Runtime.CompilerServices;

namespace Mint.ML.Native;

/// <summary>Has libtorch's threads sleep while they wait, unless the user said otherwise.</summary>
/// <remarks>
/// OpenMP's threads spin by default when they wait for work. On cores that another thread or process needs, spinning costs more than the work:
/// ranking with two threads took 35 s instead of 1.15 s on a busy machine. The runtime reads OMP_WAIT_POLICY once, when libtorch is loaded.
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
        CEnvironment.Default(Policy, "passive");
    }
}
