using System.Runtime.InteropServices;
using Mint.ML.Native;
using TorchSharp;

namespace Mint.ML.Distributed;

/// <summary>NVIDIA's collectives between GPUs, by the C interface of nccl.h (NCCL 2).</summary>
/// <remarks>
/// The library is looked for where libtorch has it: linked into libtorch_cuda.so or loaded with it, then beside libtorch, then where the system looks. What
/// libtorch says of its own device and stream comes from its C interface (torch/csrc/inductor/aoti_torch/c/shim.h).
/// </remarks>
internal static unsafe class NcclLibrary
{
    /// <summary>The name of the library.</summary>
    public const string Name = "libnccl.so.2";

    private const string TorchCuda = "libtorch_cuda.so";

    /// <summary>ncclResult_t's value where nothing went wrong.</summary>
    public const int Success = 0;

    /// <summary>ncclRedOp_t's sum.</summary>
    public const int Sum = 0;

    /// <summary>What tells a group of ranks from all others.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UniqueId
    {
        public const int Size = 128;

        public fixed byte Internal[Size];
    }

    private static readonly Lazy<nint> library = new(() =>
    {
        nint found = Find();
        if (found != 0) NativeLibrary.SetDllImportResolver(typeof(NcclLibrary).Assembly, (name, _, _) => name == Name ? found : 0);
        return found;
    });

    /// <summary>The version, "2.27.5"; null where there is no library.</summary>
    public static string? Version()
    {
        if (library.Value == 0 || ncclGetVersion(out int code) != Success) return null;
        int unit = code < 10_000 ? 1_000 : 10_000; // until 2.8 a digit fewer
        return $"{code / unit}.{code % unit / 100}.{code % 100}";
    }

    /// <summary>ncclDataType_t of a type; null where it has none that is added here.</summary>
    public static int? TypeOf(torch.ScalarType type) => type switch
    {
        torch.ScalarType.Int64 => 4,
        torch.ScalarType.Float16 => 6,
        torch.ScalarType.Float32 => 7,
        torch.ScalarType.Float64 => 8,
        torch.ScalarType.BFloat16 => 9,
        _ => null,
    };

    /// <summary>ncclDataType_t of bytes.</summary>
    public const int Bytes = 1;

    private static nint Find()
    {
        if (!OperatingSystem.IsLinux()) return 0; // there is no NCCL elsewhere
        string[] beside = [.. TorchFiles.ForThisProgram().Libtorch.Select(file => Path.Combine(Path.GetDirectoryName(file)!, Name))];
        if (NativeLibrary.TryLoad(TorchCuda, typeof(torch).Assembly, null, out nint torchs) && NativeLibrary.TryGetExport(torchs, "ncclCommInitRank", out _))
            return torchs;
        return Array.Find([.. ((string[])[.. beside, Name]).Select(path => NativeLibrary.TryLoad(path, out nint handle) ? handle : 0)], handle => handle != 0);
    }

    [DllImport(Name)]
    public static extern int ncclGetVersion(out int version);

    [DllImport(Name)]
    public static extern int ncclGetUniqueId(out UniqueId id);

    [DllImport(Name)]
    public static extern int ncclCommInitRank(out nint communicator, int ranks, UniqueId id, int rank);

    [DllImport(Name)]
    public static extern int ncclAllReduce(nint from, nint to, nuint count, int type, int operation, nint communicator, nint stream);

    [DllImport(Name)]
    public static extern int ncclBroadcast(nint from, nint to, nuint count, int type, int root, nint communicator, nint stream);

    [DllImport(Name)]
    public static extern int ncclCommGetAsyncError(nint communicator, out int error);

    [DllImport(Name)]
    public static extern int ncclCommDestroy(nint communicator);

    [DllImport(Name)]
    public static extern nint ncclGetErrorString(int result);

    [DllImport(Name)]
    public static extern nint ncclGetLastError(nint communicator);

    [DllImport(TorchCuda)]
    public static extern int aoti_torch_create_cuda_guard(int device, out nint guard);

    [DllImport(TorchCuda)]
    public static extern int aoti_torch_delete_cuda_guard(nint guard);

    [DllImport(TorchCuda)]
    public static extern int aoti_torch_get_current_cuda_stream(int device, out nint stream);

    /// <summary>Where a tensor's numbers lie, on whichever device: TorchSharp itself tells it of the CPU's alone.</summary>
    [DllImport("LibTorchSharp")]
    public static extern nint THSTensor_data(nint tensor);
}
