using System.Runtime.InteropServices;

namespace Mint.ML.Native;

/// <summary>Asks Linux for pages of 2 MB instead of 4 KB.</summary>
/// <remarks>
/// Finding and clearing a quarter of a million small pages takes several times as long as copying a gigabyte into them, and mapping those of a file, where a
/// virtual machine does it in software, longer than searching the file. Most distributions give large pages only to who asks (transparent_hugepage is
/// "madvise"). It is advice: where it is not taken, on other systems and for little memory, everything works as before.
/// </remarks>
internal static unsafe partial class HugePages
{
    private const int WillUseHugePages = 14;    // MADV_HUGEPAGE
    private const long Smallest = 4 << 20;      // below, no aligned 2 MB may lie inside

    /// <summary>Advises for memory that has not been written yet, or for a mapped file: what the system has not cached is then read in large pages.</summary>
    public static void Advise(byte* memory, long bytes)
    {
        if (!OperatingSystem.IsLinux() || bytes < Smallest) return;
        nint page = Environment.SystemPageSize, first = (nint)memory & -page;
        _ = Madvise(first, (nint)memory + (nint)bytes - first, WillUseHugePages);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(nint address, nint length, int advice);
}
