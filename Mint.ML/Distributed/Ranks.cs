using static TorchSharp.torch;

namespace Mint.ML.Distributed;

/// <summary>The processes that do one piece of work together, each its part: those that <c>mpirun</c> started, on one machine or many.</summary>
/// <remarks>
/// What is called a collective below has to be called by all ranks, in the same order. With one rank a collective is nothing, and no MPI is loaded.
/// A rank that fails, is killed or is not heard any more ends the others (<see cref="Fail"/>).
/// </remarks>
public abstract class Ranks
{
    private static readonly Lazy<Ranks> present = new(() => Started == 1 ? Alone! : MpiRanks.Join());

    /// <summary>This process without any other.</summary>
    public static Ranks Alone { get; } = new OneRank();

    /// <summary>How many processes <c>mpirun</c> started together with this one, itself included; 1 without it. Nothing is loaded to find out.</summary>
    public static int Started { get; } = Launcher.Count(Environment.GetEnvironmentVariable);

    /// <summary>All that were started; the first call joins them, and is a collective.</summary>
    /// <exception cref="NotSupportedException">They were started by an MPI that does not fit; the message says what to do.</exception>
    public static Ranks Present => present.Value;

    /// <summary>This process's number, from 0.</summary>
    public abstract int Rank { get; }

    /// <summary>How many there are.</summary>
    public abstract int Count { get; }

    /// <summary>This process's number among those of its machine, from 0: the GPU that it should take.</summary>
    public abstract int LocalRank { get; }

    /// <summary>Whether this is the one that writes what there is once: checkpoints, logs, results.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>The ranks that a piece of work asks for.</summary>
    /// <param name="wanted">Null for all that were started, 1 for this process alone, or as many as were started.</param>
    /// <exception cref="ArgumentException">Another number was started.</exception>
    internal static Ranks Of(int? wanted)
    {
        if (Launcher.Mismatch(wanted, Started) is { } mismatch) throw new ArgumentException(mismatch);
        return wanted == 1 ? Alone : Present;
    }

    /// <summary>Waits until all ranks are here; a collective.</summary>
    public abstract void Meet();

    /// <summary>
    /// Does something that leaves files behind which the other ranks need: first rank 0, then one rank of each other machine, then the rest, who find it
    /// done, be the disk shared or not. A collective.
    /// </summary>
    /// <param name="work">What is done.</param>
    public T InTurn<T>(Func<T> work)
    {
        T? done = default;
        for (int turn = 0; turn < (Count == 1 ? 1 : 3); turn++)
        {
            if (turn == Turn) done = work();
            Meet();
        }
        return done!;
    }

    /// <inheritdoc cref="InTurn{T}"/>
    public void InTurn(Action work) => InTurn(() =>
    {
        work();
        return 0;
    });

    /// <summary>Tells the others that this rank cannot go on: they end within seconds, and the first one says why.</summary>
    /// <param name="reason">What went wrong.</param>
    public abstract void Fail(string reason);

    /// <summary>0 for rank 0, 1 for the first rank of each other machine, 2 for the rest.</summary>
    protected abstract int Turn { get; }

    /// <summary>Lets tensors of a GPU go from GPU to GPU from now on, where every rank can; a collective.</summary>
    /// <param name="device">Where this rank's tensors are.</param>
    internal abstract void Use(Device device);

    /// <summary>Replaces numbers by their sums over all ranks, the same bits on each; a collective.</summary>
    internal abstract void Sum(Span<double> values);

    /// <summary>The same with a tensor of float32, float64 or int64.</summary>
    internal abstract void Sum(Tensor values);

    /// <summary>Replaces a tensor by rank 0's; a collective.</summary>
    internal abstract void Broadcast(Tensor values);

    /// <summary>Rank 0's text; a collective.</summary>
    internal abstract string Broadcast(string text);

    /// <summary>Every rank's text, in their order; a collective.</summary>
    internal abstract string[] Gather(string text);

    /// <summary>Whether one rank says so; a collective.</summary>
    internal bool Any(bool one)
    {
        Span<double> said = [one ? 1 : 0];
        Sum(said);
        return said[0] > 0;
    }

    /// <summary>The rows of all ranks, without a graph; a collective.</summary>
    /// <param name="own">This rank's, (b, ...).</param>
    /// <param name="places">Where they stand among all, (b) int64.</param>
    /// <param name="all">How many rows there are.</param>
    internal Tensor Gather(Tensor own, Tensor places, long all)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        if (Count == 1) return own.detach().MoveToOuterDisposeScope();
        var whole = zeros([all, .. own.shape[1..]], dtype: own.dtype, device: own.device);
        whole.index_copy_(0, places, own.detach()); // all others are zeros, so that the sum is exact
        Sum(whole);
        return whole.MoveToOuterDisposeScope();
    }

    private sealed class OneRank : Ranks
    {
        public override int Rank => 0;

        public override int Count => 1;

        public override int LocalRank => 0;

        protected override int Turn => 0;

        public override void Meet()
        {
        }

        public override void Fail(string reason)
        {
        }

        internal override void Use(Device device)
        {
        }

        internal override void Sum(Span<double> values)
        {
        }

        internal override void Sum(Tensor values)
        {
        }

        internal override void Broadcast(Tensor values)
        {
        }

        internal override string Broadcast(string text) => text;

        internal override string[] Gather(string text) => [text];
    }
}
