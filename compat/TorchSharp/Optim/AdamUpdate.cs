using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>One step of Adam or AdamW over the parameters of a group, in the order of operations of PyTorch, so that results agree to the bit.</summary>
/// <remarks>
/// g += wd·p (Adam) or p *= 1 - lr·wd (AdamW); m = β₁m + (1-β₁)g; v = β₂v + (1-β₂)g²;
/// p -= lr/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε). With amsgrad the greatest v so far stands in for v.
/// Parameters are taken in batches, each operation once over a batch: a call for each of hundreds of small parameters would
/// cost more than the arithmetic, and one over all of a large model would leave the processor's cache between operations.
/// </remarks>
internal sealed class AdamUpdate(double lr, double beta1, double beta2, double eps, double weightDecay, bool decoupled, bool maximize)
{
    private readonly List<Tensor> parameters = [], grads = [], averages = [], squares = [], greatest = [];
    private long step, elements;

    internal static void RequireValid(double lr, double beta1, double beta2, double eps, double weightDecay)
    {
        if (lr < 0) throw new ArgumentException($"Invalid learning rate: {lr}");
        if (beta1 is < 0 or >= 1) throw new ArgumentException($"Invalid beta1 value: {beta1}");
        if (beta2 is < 0 or >= 1) throw new ArgumentException($"Invalid beta2 value: {beta2}");
        if (eps < 0) throw new ArgumentException($"Invalid eps value: {eps}");
        if (weightDecay < 0) throw new ArgumentException($"Invalid weight_decay value: {weightDecay}");
    }

    internal void Add(Tensor parameter, Tensor grad, Tensor average, Tensor square, Tensor max, long step)
    {
        // The bias corrections are those of one step count, the operations those of one kind (amsgrad or not).
        long size = parameter.numel();
        bool fits = parameters.Count == 0 || (this.step == step && (max is null) == (greatest.Count == 0) && elements + size <= BatchElements(parameter));
        if (!fits) Finish();
        this.step = step;
        elements += size;
        parameters.Add(parameter);
        grads.Add(grad);
        averages.Add(average);
        squares.Add(square);
        if (max is not null) greatest.Add(max);
    }

    // On the CPU a batch's four arrays stay in the second-level cache; a GPU wants launches, not caches, kept few.
    private static long BatchElements(Tensor parameter) => parameter.is_cuda ? 1 << 26 : 1 << 16;

    internal void Finish()
    {
        if (parameters.Count == 0) return;
        using (NewDisposeScope()) Apply();
        foreach (var list in new[] { parameters, grads, averages, squares, greatest }) list.Clear();
        elements = 0;
    }

    private void Apply()
    {
        Tensor[] p = parameters.ToArray(), g = grads.ToArray(), m = averages.ToArray(), v = squares.ToArray();
        if (maximize) g = Foreach.Neg(g);
        if (weightDecay != 0) {
            if (decoupled) Foreach.Mul_(p, 1 - lr * weightDecay);
            else g = Foreach.Add(g, p, weightDecay);
        }
        Foreach.Mul_(m, beta1);
        Foreach.Add_(m, g, 1 - beta1);
        Foreach.Mul_(v, beta2);
        Foreach.AddCMul_(v, g, g, 1 - beta2);
        if (greatest.Count > 0) {
            for (int i = 0; i < v.Length; i++) greatest[i].copy_(maximum(greatest[i], v[i]));
            v = greatest.ToArray();
        }
        var denominator = Foreach.Sqrt(v);
        Foreach.Div_(denominator, Math.Sqrt(1 - Math.Pow(beta2, step)));
        Foreach.Add_(denominator, eps);
        Foreach.AddCDiv_(p, m, denominator, -(lr / (1 - Math.Pow(beta1, step))));
    }
}
