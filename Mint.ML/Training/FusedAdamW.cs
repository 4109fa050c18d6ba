using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>Steps of AdamW of many parameters at once, by the kernel that PyTorch's <c>fused=True</c> takes: on a GPU the operators of
/// <see cref="Optimizer.Move"/> are ten kernels for each parameter, and read the memory three times as often.</summary>
/// <remarks>TorchSharp has no call for the kernel; TorchScript has. What follows from seed and data is the same but for last bits.</remarks>
internal static class FusedAdamW
{
    private const string Code = """
        def step(weights: List[Tensor], gradients: List[Tensor], means: List[Tensor], squares: List[Tensor], steps: List[Tensor], by: Tensor):
            none: List[Tensor] = []
            torch._fused_adamw_(weights, gradients, means, squares, none, steps, lr=float(by[0]), beta1=float(by[1]), beta2=float(by[2]),
                weight_decay=float(by[3]), eps=float(by[4]), amsgrad=False, maximize=False)
            return by

        """;

    private static readonly Lazy<jit.CompilationUnit> unit = new(() => jit.compile(Code));

    /// <summary>Whether a parameter lies on a GPU as the kernel takes it.</summary>
    public static bool Takes(TrainedParameter trained, Tensor gradient) => trained.Parameter.device_type == DeviceType.CUDA
        && gradient.dtype == trained.Parameter.dtype && trained.Parameter.is_contiguous() && gradient.is_contiguous();

    /// <summary>Makes the steps.</summary>
    /// <param name="moved">Parameters of one device and type, with their gradients.</param>
    /// <param name="rate">Learning rate.</param>
    public static void Run(IReadOnlyList<(TrainedParameter Trained, Tensor Gradient)> moved, double rate)
    {
        foreach (var alike in moved.GroupBy(one => (one.Trained.Decay, one.Trained.Steps)))
        {
            using var scope = NewDisposeScope();
            var device = alike.First().Gradient.device;
            using var count = tensor((float)alike.Key.Steps, device: device);
            // On the CPU: the script reads them without waiting for the GPU. A tensor, since numbers would be Scalars that nothing holds.
            using var by = tensor(new[] { rate, Optimizer.MeanShare, Optimizer.SquareShare, alike.Key.Decay, Optimizer.Epsilon });
            Tensor[] Each(Func<(TrainedParameter Trained, Tensor Gradient), Tensor> of) => [.. alike.Select(of)];
            unit.Value.invoke("step", Each(one => one.Trained.Parameter), Each(one => one.Gradient), Each(one => one.Trained.Mean),
                Each(one => one.Trained.Square), Each(_ => count), by);
        }
        GC.KeepAlive(moved);
    }
}
