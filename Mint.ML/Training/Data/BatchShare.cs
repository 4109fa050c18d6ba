using Mint.ML.Distributed;
using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Training.Data;

/// <summary>A batch, and what of it this rank computes: every Count-th example, so that long and short clips are shared out alike.</summary>
/// <param name="whole">Examples of all ranks.</param>
/// <param name="ranks">Who shares the batch.</param>
/// <param name="read">Reads frames of any of the examples.</param>
internal sealed class BatchShare(int[] whole, Ranks ranks, Func<int[], AudioEncoding> read)
{
    private readonly long[] places = [.. Enumerable.Range(0, whole.Length).Where(place => place % ranks.Count == ranks.Rank).Select(place => (long)place)];

    /// <summary>Examples of all ranks.</summary>
    public int[] Whole => whole;

    /// <summary>This rank's examples.</summary>
    public int[] Own => ranks.Count == 1 ? whole : [.. places.Select(place => whole[place])];

    /// <summary>Who shares the batch.</summary>
    public Ranks Ranks => ranks;

    /// <summary>Frames of some examples of the batch, (n, T, E) and (n, T).</summary>
    public AudioEncoding Read(int[] examples) => read(examples);

    /// <summary>Where this rank's examples stand in the batch, (b) int64.</summary>
    public Tensor Places(Device device) => tensor(places, device: device);

    /// <summary>All ranks' rows; a collective.</summary>
    public Tensor Gather(Tensor own)
    {
        using var at = Places(own.device);
        return ranks.Gather(own, at, whole.Length);
    }
}
