namespace Mint.ML.Tests;

/// <summary>What work takes: bytes, not time, so that a test says the same on any machine.</summary>
internal static class Allocation
{
    /// <summary>Bytes that this thread allocates. The work is done once before, as what is made once does not count.</summary>
    public static long Measure(Action work)
    {
        work();
        long before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
