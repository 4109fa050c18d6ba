using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>The numbers of a step of AdamW: p := Kept p; m := MeanShare m + GradientShare g; s := SquareShare s + GradientSquareShare g²;
/// p := p + Step m / (√s / Root + Epsilon).</summary>
internal readonly record struct AdamWFactors(
    double Kept, double MeanShare, double GradientShare, double SquareShare, double GradientSquareShare, double Root, double Epsilon, double Step);

/// <summary>A parameter's step of AdamW in one pass over the memory, where the operators of <see cref="Optimizer.Move"/> take seven.</summary>
/// <remarks>
/// The step waits for memory alone, so it takes as long as the passes. The arithmetic is that of libtorch's operators with AVX2 or AVX-512, product and
/// sum rounded once where they do: the means are equal to the bit there, and a few parameters in a hundred thousand differ in their last bit.
/// No number depends on another, so threads change nothing.
/// </remarks>
internal sealed unsafe class AdamWPass(TrainedParameter trained, Tensor gradient, AdamWFactors by)
{
    private const int Lanes = 16;
    private const long Piece = 1 << 16; // numbers a thread takes at a time: a megabyte of parameter, gradient and means

    // The tensors are held by the optimizer and the scope of its step, longer than these.
    private readonly float* parameter = Start(trained.Parameter), mean = Start(trained.Mean), square = Start(trained.Square), slope = Start(gradient);
    private readonly long count = gradient.numel();

    /// <summary>Whether a parameter's numbers lie in this machine's memory as float32, one after the other.</summary>
    public static bool Takes(TrainedParameter trained, Tensor gradient) =>
        Plain(trained.Parameter) && Plain(trained.Mean) && Plain(trained.Square) && Plain(gradient) && gradient.numel() == trained.Parameter.numel();

    private static bool Plain(Tensor x) => x.dtype == ScalarType.Float32 && x.device_type == TorchSharp.DeviceType.CPU && x.is_contiguous()
        && x.numel() is > 0 and <= int.MaxValue / sizeof(float);

    private static float* Start(Tensor x) => (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(x.bytes));

    /// <summary>Makes the steps of many parameters.</summary>
    public static void Run(IReadOnlyList<AdamWPass> passes, int threads)
    {
        (AdamWPass Pass, long From)[] pieces = [.. passes.SelectMany(pass => Pieces(pass.count).Select(from => (pass, from)))];
        if (threads == 1) Array.ForEach(pieces, piece => piece.Pass.Move(piece.From));
        else Parallel.ForEach(pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, piece => piece.Pass.Move(piece.From));
    }

    private static IEnumerable<long> Pieces(long count)
    {
        for (long from = 0; from < count; from += Piece) yield return from;
    }

    private void Move(long from) => Move(parameter + from, mean + from, square + from, slope + from, Math.Min(Piece, count - from), by);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Move(float* p, float* m, float* s, float* g, long count, AdamWFactors by)
    {
        var (kept, meanShare, gradientShare, squareShare, gradientSquareShare, root, epsilon, step) = ((float)by.Kept, (float)by.MeanShare,
            (float)by.GradientShare, (float)by.SquareShare, (float)by.GradientSquareShare, (float)by.Root, (float)by.Epsilon, (float)by.Step);
        long i = 0;
        for (; i + Lanes <= count; i += Lanes)
        {
            Vector512<float> gradient = Vector512.Load(g + i), mean = Vector512.Load(m + i) * meanShare, square = Vector512.Load(s + i) * squareShare;
            mean = Vector512.FusedMultiplyAdd(gradient, Vector512.Create(gradientShare), mean);
            square = Vector512.FusedMultiplyAdd(gradient * gradientSquareShare, gradient, square);
            mean.Store(m + i);
            square.Store(s + i);
            var size = Vector512.Sqrt(square) / Vector512.Create(root) + Vector512.Create(epsilon);
            (Vector512.Load(p + i) * kept + mean * step / size).Store(p + i);
        }
        for (; i < count; i++)
        {
            m[i] = MathF.FusedMultiplyAdd(g[i], gradientShare, m[i] * meanShare);
            s[i] = MathF.FusedMultiplyAdd(g[i] * gradientSquareShare, g[i], s[i] * squareShare);
            p[i] = p[i] * kept + m[i] * step / (MathF.Sqrt(s[i]) / root + epsilon);
        }
    }
}
