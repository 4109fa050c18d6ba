using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mint.ML.Native;

/// <summary>Has glibc keep the memory that libtorch frees for what it allocates next, unless the user said otherwise.</summary>
/// <remarks>
/// glibc gives large blocks back to the system when they are freed and asks for them again, and each page of a block must be cleared at its first use: of a
/// step of training at BERT-base size, hundreds of thousands of pages. The tensors of a step are those of the step before, so that the memory is used again
/// at once. Blocks up to 32 MB, which is the most that glibc takes, come from one heap then, of which up to 2 GB that are free at its end stay.
/// </remarks>
internal static class Allocator
{
    private const int TrimThreshold = -1, MmapThreshold = -3, ArenaMax = -8; // malloc.h

    // A user who set one of these knows why.
    private static readonly string[] settings =
        ["MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES", "LD_PRELOAD"];

    // CA2255: a library that must act before another one is loaded has no other place.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void KeepMemory()
#pragma warning restore CA2255
    {
        if (!OperatingSystem.IsLinux() || settings.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 })) return;
        try
        {
            mallopt(MmapThreshold, 32 << 20);
            mallopt(TrimThreshold, int.MaxValue);
            mallopt(ArenaMax, 1);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another C library (musl): everything is right, and slower in training.
        }
    }

    /// <summary>Gives back to the system what is free now: after much was freed that nothing of its size will follow.</summary>
    public static void Trim()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            malloc_trim(0);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            // As above.
        }
    }

    [DllImport("libc.so.6")]
    private static extern int mallopt(int parameter, int value);

    [DllImport("libc.so.6")]
    private static extern int malloc_trim(nuint pad);
}
