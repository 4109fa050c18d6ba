using Mint.ML.Distributed;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>Gradients added up over the ranks; each has weighed its own by its share of the step already.</summary>
/// <remarks>
/// After backward, not during it: TorchSharp 0.107 has no hook that tells when a gradient is done. A large one is added where it lies; small ones go together,
/// because a message costs its latency whatever its size.
/// </remarks>
internal static class Gradients
{
    private const long Bucket = 25 << 20; // bytes, as in PyTorch's DistributedDataParallel

    /// <summary>Replaces every gradient by its sum over all ranks; a collective.</summary>
    public static void Sum(Ranks ranks, IReadOnlyList<Parameter> parameters)
    {
        if (ranks.Count == 1) return;
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var bucket = new List<Tensor>();
        long bytes = 0;
        foreach (var gradient in parameters.Select(parameter => parameter.grad!))
        {
            long size = gradient.numel() * gradient.ElementSize;
            if (size >= Bucket)
            {
                ranks.Sum(gradient);
                continue;
            }
            if (bytes + size > Bucket) Flush();
            bucket.Add(gradient);
            bytes += size;
        }
        Flush();

        void Flush()
        {
            if (bucket.Count == 0) return;
            using var inner = NewDisposeScope();
            var flat = cat([.. bucket.Select(gradient => gradient.reshape(-1))], 0);
            ranks.Sum(flat);
            long start = 0;
            foreach (var gradient in bucket)
            {
                gradient.copy_(flat.narrow(0, start, gradient.numel()).view(gradient.shape));
                start += gradient.numel();
            }
            bucket.Clear();
            bytes = 0;
        }
    }
}
