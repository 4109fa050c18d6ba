using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Mint.ML.Native;

/// <summary>How many threads libtorch takes for what one thread of ours asks of it; libtorch's own setting is the whole process's.</summary>
/// <remarks>
/// OpenMP and MKL keep such a number for each thread that calls them. libtorch's builds for Linux bind GNU's OpenMP and export MKL's function; where one of
/// them is not found, <see cref="Available"/> is false.
/// </remarks>
internal static unsafe class CallersThreads
{
    private static readonly delegate* unmanaged<int, void> openMp;
    private static readonly delegate* unmanaged<int, int> mkl; // returns what was set before; 0 is the process's number

    static CallersThreads()
    {
        // libtorch's own library answers for those that it was linked with.
        if (!OperatingSystem.IsLinux() || Libtorch.Library is not { } library
            || !NativeLibrary.TryGetExport(library, "omp_set_num_threads", out nint ofOpenMp)
            || !NativeLibrary.TryGetExport(library, "MKL_Set_Num_Threads_Local", out nint ofMkl))
        {
            return;
        }
        openMp = (delegate* unmanaged<int, void>)ofOpenMp;
        mkl = (delegate* unmanaged<int, int>)ofMkl;
    }

    /// <summary>Whether this libtorch can be asked.</summary>
    public static bool Available => openMp != null;

    /// <summary>Until it is disposed, on the same thread, libtorch takes so many threads for the calls of this one.</summary>
    public static IDisposable Limit(int threads) => new Limited(threads);

    private sealed class Limited : IDisposable
    {
        private readonly int before = get_num_threads(); // libtorch sets a new thread's number at its first question, so that has to come first
        private readonly int ofMkl;

        public Limited(int threads)
        {
            openMp(threads);
            ofMkl = mkl(threads);
        }

        public void Dispose()
        {
            openMp(before);
            _ = mkl(ofMkl);
        }
    }
}
