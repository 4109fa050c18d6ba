using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Mint.ML.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Layers;

/// <summary>Dropout in one pass over the memory, and the sum with a residual with it; nothing is kept for the gradient but a number.</summary>
/// <remarks>
/// libtorch draws a mask number by number, writes and keeps it, and multiplies: drawing takes nine tenths of the time. Here whether an element stays is a
/// function of its place and of a key, which is drawn from libtorch's generator: a seed gives the same bits whatever the threads, and a restored state of
/// the generator goes on as it would have. The gradient computes the same function again. float32 on the CPU; elsewhere it is libtorch's.
/// </remarks>
internal sealed unsafe class DropoutPass : autograd.SingleTensorFunction<DropoutPass>
{
    private const int Lanes = 16;
    private const long Piece = 1 << 18; // elements a thread takes at a time: a megabyte

    public override string Name => nameof(DropoutPass);

    /// <summary>x with each element zero by a probability, else divided by the probability of staying; and the residual added.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">Of dropping an element, above 0 and below 1.</param>
    /// <param name="residual">Of x's shape, or null.</param>
    public static Tensor Of(Tensor x, double probability, Tensor? residual = null)
    {
        using var scope = NewDisposeScope();
        if (x.dtype != ScalarType.Float32 || x.device_type != DeviceType.CPU || x.numel() == 0 || residual is not null && residual.dtype != x.dtype)
        {
            var dropped = functional.dropout(x, probability, training: true);
            return (residual is null ? dropped : dropped.Plus_(residual)).MoveToOuterDisposeScope();
        }
        long key = randint(0, long.MaxValue, [1], dtype: ScalarType.Int64).item<long>();
        return (residual is null ? apply(x, probability, key) : apply(x, probability, key, residual)).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_data("probability", vars[1]);
        ctx.save_data("key", vars[2]);
        ctx.save_data("residual", vars.Length > 3);
        return Run((Tensor)vars[0], (double)vars[1], (long)vars[2], vars.Length > 3 ? (Tensor)vars[3] : null);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var slope = Run(grad_output, (double)ctx.get_data("probability"), (long)ctx.get_data("key"), null);
        return (bool)ctx.get_data("residual") ? HandedOn.Gradients(slope, null, null, grad_output.alias()) : HandedOn.Gradients(slope, null, null);
    }

    /// <summary>The computation: an element stays where its number, uniform over 32 bits, reaches the probability's share of them.</summary>
    internal static Tensor Run(Tensor x, double probability, long key, Tensor? residual)
    {
        using var scope = NewDisposeScope();
        uint least = (uint)Math.Min(Math.Round(probability * (1L << 32)), uint.MaxValue);
        float factor = (float)(1 / (1 - least / (double)(1L << 32))); // of what stays in truth, so that the mean is kept
        var (from, add) = (x.contiguous(), residual?.contiguous());
        var result = empty_like(from);
        long count = from.numel();
        float* source = Start(from), other = add is null ? null : Start(add), target = Start(result);
        long pieces = (count + Piece - 1) / Piece;
        int threads = (int)Math.Min(get_num_threads(), pieces);
        if (threads == 1) Move(0, count);
        else Parallel.For(0, pieces, new() { MaxDegreeOfParallelism = threads }, i => Move(i * Piece, Math.Min(Piece, count - i * Piece)));
        GC.KeepAlive(from);
        GC.KeepAlive(add);
        return result.MoveToOuterDisposeScope();

        void Move(long first, long length) =>
            DropoutPass.Move(source + first, other is null ? null : other + first, target + first, length, (ulong)key + (ulong)first / 2 * Step, least, factor);
    }

    private static float* Start(Tensor x)
    {
        // A span holds 2 GB; of a longer tensor it is asked for the beginning alone.
        using var flat = x.view(-1);
        using var first = flat.narrow(0, 0, 1);
        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    // Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014: SplitMix64, whose n-th number is a function of n. A number of 64 bits
    // serves two elements, its lower half the first.
    private const ulong Step = 0x9E3779B97F4A7C15;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Move(float* x, float* residual, float* to, long count, ulong state, uint least, float factor)
    {
        var counters = Vector512.Create(state) + Vector512.Create(1UL, 2, 3, 4, 5, 6, 7, 8) * Step;
        var bound = Vector512.Create(least);
        long i = 0;
        for (; i + Lanes <= count; i += Lanes, counters += Vector512.Create(unchecked(8 * Step)))
        {
            var stays = Vector512.GreaterThanOrEqual(Mix(counters).AsUInt32(), bound).AsSingle();
            var kept = Vector512.Load(x + i) * factor & stays;
            (residual is null ? kept : kept + Vector512.Load(residual + i)).Store(to + i);
        }
        if (i == count) return;
        var last = Mix(counters).AsUInt32();
        for (int lane = 0; i < count; i++, lane++)
            to[i] = (last[lane] >= least ? x[i] * factor : 0) + (residual is null ? 0 : residual[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Mix(Vector512<ulong> z)
    {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EB;
        return z ^ (z >>> 31);
    }
}
