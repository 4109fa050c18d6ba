using System.Runtime.CompilerServices;

namespace TorchSharp.Native;

/// <summary>The reference a tensor holds in libtorch, with the finalizer that drops it when nobody disposed the tensor.</summary>
/// <remarks>
/// Registering an object for finalization costs more than a small operator. So the handle, not the tensor, is the finalizable object,
/// and an explicitly disposed tensor gives its (still registered) handle back for the next one on the thread.
/// </remarks>
internal sealed class TensorHandle
{
    internal nint pointer;
    private long bytes;

    // Handles of a thread that are free to be used again; a training step seldom holds more than this many tensors at once.
    private const int PoolSize = 4096;

    internal static TensorHandle Take(nint pointer, long bytes)
    {
        var thread = PerThread.Current;
        var handle = thread.freeCount > 0 ? thread.free[--thread.freeCount] : new TensorHandle();
        handle.pointer = pointer;
        handle.bytes = bytes;
        if (bytes >= LargeTensor) NativeMemory.Add(bytes);
        return handle;
    }

    internal void Release()
    {
        var released = pointer;
        if (released == 0) return; // the finalizer of this handle came first
        pointer = 0;
        if (bytes >= LargeTensor) NativeMemory.Remove(bytes);
        Libtorch.mint_release(released);
        var thread = PerThread.Current;
        if (thread.freeCount < PoolSize) thread.Return(this);
        else GC.SuppressFinalize(this);
    }

    /// <summary>Gives the reference to the caller: the tensor is invalid from here on and nothing is released.</summary>
    internal nint Decouple()
    {
        var taken = pointer;
        pointer = 0;
        if (bytes >= LargeTensor) NativeMemory.Remove(bytes);
        GC.SuppressFinalize(this);
        return taken;
    }

    ~TensorHandle()
    {
        if (pointer == 0) return;
        Libtorch.mint_release(pointer);
        pointer = 0;
        if (bytes >= LargeTensor) NativeMemory.Remove(bytes);
        LifetimeCounters.Collected();
    }

    // Only tensors of this size and more are accounted for; the objects of many smaller ones make the collector come by itself.
    private const long LargeTensor = 1 << 12;

    internal static long LargeBytes => NativeMemory.Held;

    /// <summary>Bytes held by large tensors. The collector does not see them, so it is called when they have grown by much.</summary>
    private static class NativeMemory
    {
        private const long Growth = 1L << 30;
        private static long held;
        private static long threshold = Growth;
        private static int collecting;

        internal static long Held => Volatile.Read(ref held);

        internal static void Add(long bytes)
        {
            if (Interlocked.Add(ref held, bytes) > Volatile.Read(ref threshold)) Collect();
        }

        internal static void Remove(long bytes) => Interlocked.Add(ref held, -bytes);

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Collect()
        {
            if (Interlocked.Exchange(ref collecting, 1) == 1) return;
            GC.Collect();
            GC.WaitForPendingFinalizers();
            // What is left is in use (weights, say): the next collection comes after as much again as was allowed before the first.
            Volatile.Write(ref threshold, Math.Max(0, Volatile.Read(ref held)) + Growth);
            Volatile.Write(ref collecting, 0);
        }
    }
}

/// <summary>Tensors alive in the process, and the most there have been.</summary>
internal static class LifetimeCounters
{
    private static long total;
    private static long peak;

    internal static long Total => Volatile.Read(ref total);
    internal static long Peak => Volatile.Read(ref peak);

    internal static void Created()
    {
        long now = Interlocked.Increment(ref total);
        if (now > Volatile.Read(ref peak)) Volatile.Write(ref peak, now); // a lost race costs one count of a statistic
    }

    internal static void Disposed() => Interlocked.Decrement(ref total);

    internal static void Collected() => Interlocked.Decrement(ref total);
}

/// <summary>What belongs to a thread: its stack of dispose scopes, and its free handles.</summary>
internal sealed class PerThread
{
    [ThreadStatic] private static PerThread current;

    internal static PerThread Current => current ??= new PerThread();

    internal TensorHandle[] free = new TensorHandle[64];
    internal int freeCount;
    internal DisposeScope scope;
    internal readonly ThreadDisposeScopeStatistics statistics = new();

    internal void Return(TensorHandle handle)
    {
        if (freeCount == free.Length) Array.Resize(ref free, 2 * freeCount);
        free[freeCount++] = handle;
    }
}
