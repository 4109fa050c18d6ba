using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Distributed;

/// <summary>The GPUs of all ranks, joined by NCCL: sums and broadcasts go from GPU to GPU.</summary>
/// <remarks>Calls are put into libtorch's own stream, so that they stand between what was computed before and what is computed after.</remarks>
internal sealed unsafe class NcclGroup : IDisposable
{
    private const int Watch = 1000; // milliseconds
    private const int InvalidUsage = 5;

    private readonly nint communicator;
    private readonly int rank;
    private readonly Timer timer;

    /// <summary>Whether this NCCL takes the CPU's memory too: a test's does, NVIDIA's does not.</summary>
    internal static bool TakesHostMemory { get; set; }

    private NcclGroup(Device device, int rank, int count, NcclLibrary.UniqueId id, Action<string> lost)
    {
        (Device, this.rank) = (device, rank);
        nint joined = 0;
        OnDevice(_ => Check(NcclLibrary.ncclCommInitRank(out joined, count, id, rank), "join it with the others", 0));
        communicator = joined;
        timer = new Timer(_ => Listen(lost), null, Watch, Watch);
    }

    /// <summary>This rank's GPU.</summary>
    public Device Device { get; }

    /// <summary>Joins the ranks' GPUs where every rank has one and the same NCCL; rank 0 says how tensors go. A collective.</summary>
    /// <param name="ranks">The ranks, joined by MPI.</param>
    /// <param name="device">Where this rank's tensors are.</param>
    /// <param name="lost">Told why the group is broken, on another thread: whoever waits for it waits for ever.</param>
    /// <returns>Null where MPI has to do, on all ranks alike.</returns>
    /// <exception cref="InvalidOperationException">NCCL refuses; the message says why.</exception>
    public static NcclGroup? Join(Ranks ranks, Device device, Action<string> lost)
    {
        const string OnCpu = "computes on the CPU", Without = "finds no " + NcclLibrary.Name;
        string own = device.type != DeviceType.CUDA && !TakesHostMemory ? OnCpu
            : NcclLibrary.Version() is { } version ? $"has NCCL {version}" : Without;
        string[] all = ranks.Gather(own);
        if (Array.TrueForAll(all, one => one == OnCpu)) return null;
        int other = all[0] is OnCpu or Without ? 0 : Array.FindIndex(all, one => one != all[0]);
        if (other >= 0)
        {
            if (ranks.IsFirst)
                Console.Error.WriteLine($"gradients go through the CPU's memory and MPI: rank {other} {all[other]}{(other > 0 ? $", rank 0 {all[0]}" : "")}");
            return null;
        }
        if (ranks.IsFirst) Console.Error.WriteLine($"gradients go from GPU to GPU: every rank {own}");
        return new NcclGroup(device, ranks.Rank, ranks.Count, Id(ranks, device), lost);
    }

    // By MPI, as text.
    private static NcclLibrary.UniqueId Id(Ranks ranks, Device device)
    {
        NcclLibrary.UniqueId id = default;
        if (ranks.IsFirst) Check(NcclLibrary.ncclGetUniqueId(out id), "begin a group", 0, 0, device);
        string text = ranks.Broadcast(Convert.ToHexString(new ReadOnlySpan<byte>(id.Internal, NcclLibrary.UniqueId.Size)));
        Convert.FromHexString(text).CopyTo(new Span<byte>(id.Internal, NcclLibrary.UniqueId.Size));
        return id;
    }

    /// <summary>Whether a tensor lies where this group sums.</summary>
    public bool Reaches(Tensor values) => values.device_type == Device.type;

    /// <summary>Replaces a tensor by its sum over all ranks, the same bits on each.</summary>
    public void Sum(Tensor values)
    {
        int type = NcclLibrary.TypeOf(values.dtype) ?? throw new NotSupportedException($"Ranks add floating point and int64, not {values.dtype}.");
        InPlace(values, (start, count, stream) =>
            Check(NcclLibrary.ncclAllReduce(start, start, (nuint)count, type, NcclLibrary.Sum, communicator, stream), "add up", communicator));
    }

    /// <summary>Replaces a tensor by rank 0's.</summary>
    public void Broadcast(Tensor values)
    {
        long size = values.ElementSize;
        InPlace(values, (start, count, stream) => Check(
            NcclLibrary.ncclBroadcast(start, start, (nuint)(count * size), NcclLibrary.Bytes, 0, communicator, stream), "broadcast", communicator));
    }

    /// <summary>Leaves the group.</summary>
    public void Dispose()
    {
        timer.Dispose();
        OnDevice(_ => NcclLibrary.ncclCommDestroy(communicator));
    }

    private void InPlace(Tensor values, Action<nint, long, nint> collective)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var dense = values.detach().contiguous(); // the tensor's own memory, where its numbers stand together
        OnDevice(stream => collective(NcclLibrary.THSTensor_data(dense.Handle), dense.numel(), stream));
        GC.KeepAlive(dense);
        if (!values.is_contiguous()) values.copy_(dense);
    }

    // NCCL takes the thread's current GPU, which libtorch leaves at the first one.
    private void OnDevice(Action<nint> work)
    {
        if (Device.type != DeviceType.CUDA)
        {
            work(0);
            return;
        }
        int failed = NcclLibrary.aoti_torch_create_cuda_guard(Device.index, out nint guard);
        if (failed != 0) throw new InvalidOperationException($"libtorch cannot use {Device} on rank {rank} ({Environment.MachineName}).");
        try
        {
            if (NcclLibrary.aoti_torch_get_current_cuda_stream(Device.index, out nint stream) != 0)
                throw new InvalidOperationException($"libtorch has no stream on {Device}, rank {rank} ({Environment.MachineName}).");
            work(stream);
        }
        finally
        {
            _ = NcclLibrary.aoti_torch_delete_cuda_guard(guard);
        }
    }

    // A GPU that waits for one that is gone cannot be asked; its communicator can.
    private void Listen(Action<string> lost)
    {
        if (NcclLibrary.ncclCommGetAsyncError(communicator, out int error) == NcclLibrary.Success && error == NcclLibrary.Success) return;
        timer.Dispose();
        lost(Explain(error, "go on", communicator, rank, Device));
    }

    private void Check(int result, string what, nint group) => Check(result, what, group, rank, Device);

    private static void Check(int result, string what, nint group, int rank, Device device)
    {
        if (result != NcclLibrary.Success) throw new InvalidOperationException(Explain(result, what, group, rank, device));
    }

    private static string Explain(int result, string what, nint group, int rank, Device device)
    {
        string said = Marshal.PtrToStringUTF8(NcclLibrary.ncclGetErrorString(result))?.TrimEnd('.') ?? "unknown";
        try
        {
            if (Marshal.PtrToStringUTF8(NcclLibrary.ncclGetLastError(group)) is { Length: > 0 } last) said += $" ({last.Trim().TrimEnd('.')})";
        }
        catch (EntryPointNotFoundException)
        {
            // Before 2.13 it had no words.
        }
        string advice = result == InvalidUsage
            ? "Two ranks may have one GPU: name no number after --device cuda, and start no more ranks on a machine than it has GPUs."
            : "NCCL_DEBUG=WARN tells more; NCCL_SOCKET_IFNAME names the network interface by which the machines reach each other.";
        return $"NCCL could not {what} on rank {rank} ({Environment.MachineName}, {device}): error {result}, {said}. {advice}";
    }
}
