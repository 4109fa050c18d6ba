using System.Runtime.InteropServices;

namespace Mint.ML.Checkpoints;

/// <summary>Asks Linux to back a tensor's new memory with pages of 2 MB instead of 4 KB.</summary>
/// <remarks>
/// Finding and clearing a quarter of a million small pages takes several times as long as copying a gigabyte into them. Most
/// distributions give large pages only to who asks (transparent_hugepage is "madvise"). It is advice: where it is not taken, on other
/// systems and for small tensors, everything works as before.
/// </remarks>
internal static partial class HugePages
{
    private const int WillUseHugePages = 14;    // MADV_HUGEPAGE
    private const long Smallest = 4 << 20;      // below, no aligned 2 MB may lie inside

    /// <summary>Advises for memory that has not been written yet.</summary>
    public static unsafe void Advise(Span<byte> memory)
    {
        if (!OperatingSystem.IsLinux() || memory.Length < Smallest) return;
        fixed (byte* start = memory)
        {
            nint page = Environment.SystemPageSize, first = (nint)start & -page;
            _ = Madvise(first, (nint)start + memory.Length - first, WillUseHugePages);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(nint address, nint length, int advice);
}
