using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace Mint.ML.Distributed;

/// <summary>Ranks joined by MPI.</summary>
/// <remarks>
/// Everything is made of few collectives, of which the sum over all ranks is the one that counts. Each begins with <see cref="Meet"/>: a rank that waits for a
/// slower one then sleeps, where MPI's own waiting would take a processor that the slower one may need.
/// </remarks>
internal sealed unsafe class MpiRanks : Ranks
{
    private const int World = MPI.Unsafe.MPI_COMM_WORLD, MeetingTag = 12;
    private const int Piece = 1 << 26; // numbers that one call takes: MPI counts with 32 bits
    private static readonly nint inPlace = -1;

    private readonly MPI.Environment environment;
    private readonly Heartbeat heartbeat;
    private NcclGroup? gpus;

    private MpiRanks(MPI.Environment environment)
    {
        this.environment = environment;
        Check(MPI.Unsafe.MPI_Comm_rank(World, out int rank));
        Check(MPI.Unsafe.MPI_Comm_size(World, out int count));
        (Rank, Count) = (rank, count);
        string[] hosts = Gather(Environment.MachineName);
        LocalRank = hosts.Take(rank).Count(host => host == hosts[rank]);
        Turn = Rank == 0 ? 0 : Array.IndexOf(hosts, hosts[rank]) == Rank ? 1 : 2;
        heartbeat = Heartbeat.Start(rank, count, Broadcast);
    }

    public override int Rank { get; }

    public override int Count { get; }

    public override int LocalRank { get; }

    protected override int Turn { get; }

    public static MpiRanks Join()
    {
        MpiLibrary.Require();
        string[] arguments = [];
        var ranks = new MpiRanks(new MPI.Environment(ref arguments, MPI.Threading.Serialized));
        if (Launcher.Threads(Environment.GetEnvironmentVariable, Environment.ProcessorCount) is { } threads) set_num_threads(threads);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => ranks.Leave();
        return ranks;
    }

    // What ends before the others waits for them: they may still fail, and MPI's own end would spin.
    private void Leave()
    {
        if (heartbeat.HasFailed) heartbeat.EndFailed();
        Meet();
        gpus?.Dispose();
        heartbeat.Dispose();
        environment.Dispose();
    }

    public override void Fail(string reason) => heartbeat.Fail(reason);

    internal override void Use(Device device)
    {
        bool same = gpus is not null && gpus.Device.type == device.type && gpus.Device.index == device.index;
        if (gpus is not null && !Any(!same)) return;
        gpus?.Dispose();
        gpus = null; // while the next one is made, MPI alone
        gpus = NcclGroup.Join(this, device, Lost);

        void Lost(string reason)
        {
            Console.Error.WriteLine($"mint: {reason}");
            Fail(reason);
            heartbeat.EndFailed();
        }
    }

    /// <summary>Hensgen, Finkel and Manber's dissemination barrier: after log2(Count) rounds everyone has heard of everyone.</summary>
    public override void Meet()
    {
        for (int distance = 1; distance < Count; distance *= 2)
        {
            Span<int> requests = [0, 0];
            Check(MPI.Unsafe.MPI_Irecv(0, 0, MPI.Unsafe.MPI_BYTE, (Rank - distance % Count + Count) % Count, MeetingTag, World, out requests[0]));
            Check(MPI.Unsafe.MPI_Isend(0, 0, MPI.Unsafe.MPI_BYTE, (Rank + distance) % Count, MeetingTag, World, out requests[1]));
            foreach (ref int request in requests) Await(ref request);
        }
    }

    private static void Await(ref int request)
    {
        for (int asked = 0; ; asked++)
        {
            Check(MPI.Unsafe.MPI_Test(ref request, out int done, out _));
            if (done != 0) return;
            if (asked < 200) Thread.SpinWait(20);
            else if (asked < 1000) Thread.Yield();
            else Thread.Sleep(1);
        }
    }

    internal override void Sum(Span<double> values)
    {
        Meet();
        fixed (double* start = values) Check(MPI.Unsafe.MPI_Allreduce(inPlace, (nint)start, values.Length, MPI.Unsafe.MPI_DOUBLE, MPI.Unsafe.MPI_SUM, World));
    }

    internal override void Sum(Tensor values)
    {
        if (gpus?.Reaches(values) == true)
        {
            gpus.Sum(values);
            return;
        }
        int type = values.dtype switch
        {
            ScalarType.Float32 => MPI.Unsafe.MPI_FLOAT,
            ScalarType.Float64 => MPI.Unsafe.MPI_DOUBLE,
            ScalarType.Int64 => MPI.Unsafe.MPI_LONG_LONG,
            _ => throw new NotSupportedException($"Ranks add float32, float64 and int64, not {values.dtype}."),
        };
        Meet();
        InPlace(values, (start, count) => Check(MPI.Unsafe.MPI_Allreduce(inPlace, start, count, type, MPI.Unsafe.MPI_SUM, World)));
    }

    internal override void Broadcast(Tensor values)
    {
        if (gpus?.Reaches(values) == true)
        {
            gpus.Broadcast(values);
            return;
        }
        Meet();
        InPlace(values, (start, count) => Check(MPI.Unsafe.MPI_Bcast(start, checked((int)(count * values.ElementSize)), MPI.Unsafe.MPI_BYTE, 0, World)));
    }

    internal override string Broadcast(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Span<double> length = [IsFirst ? bytes.Length : 0];
        Sum(length);
        if (!IsFirst) bytes = new byte[(int)length[0]];
        fixed (byte* start = bytes) Check(MPI.Unsafe.MPI_Bcast((nint)start, bytes.Length, MPI.Unsafe.MPI_BYTE, 0, World));
        return Encoding.UTF8.GetString(bytes);
    }

    internal override string[] Gather(string text)
    {
        byte[] own = Encoding.UTF8.GetBytes(text);
        double[] lengths = new double[Count];
        lengths[Rank] = own.Length;
        Sum(lengths);
        int[] counts = [.. lengths.Select(length => (int)length)], starts = [.. counts.Select((_, i) => counts.Take(i).Sum())];
        byte[] all = new byte[counts.Sum()];
        fixed (byte* from = own, to = all)
            Check(MPI.Unsafe.MPI_Allgatherv((nint)from, own.Length, MPI.Unsafe.MPI_BYTE, (nint)to, counts, starts, MPI.Unsafe.MPI_BYTE, World));
        return [.. counts.Select((count, i) => Encoding.UTF8.GetString(all, starts[i], count))];
    }

    /// <summary>Hands a tensor's numbers to MPI piece by piece: where they lie, or on the CPU and back.</summary>
    private static void InPlace(Tensor values, Action<nint, int> collective)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        bool lies = values.device_type == TorchSharp.DeviceType.CPU && values.is_contiguous();
        var here = (lies ? values.detach() : values.detach().cpu().contiguous()).view(-1);
        for (long from = 0, all = here.numel(); from < all; from += Piece)
        {
            var piece = here.narrow(0, from, Math.Min(Piece, all - from));
            collective((nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(piece.bytes)), (int)piece.numel());
            GC.KeepAlive(piece);
        }
        if (!lies) values.copy_(here.view(values.shape));
    }

    private static void Check(int code)
    {
        if (code != MPI.Unsafe.MPI_SUCCESS) throw MPI.Environment.TranslateErrorIntoException(code);
    }
}
