namespace Mint.ML.Training.Data;

/// <summary>Which clips form which batch, epoch by epoch.</summary>
/// <remarks>
/// All clips are shuffled; stretches of them are sorted by length and cut into batches, so that little of a batch is padding; the batches are
/// shuffled. Stretches are at most a quarter of the data: sorted as a whole, they would form the same batches every epoch.
/// </remarks>
internal sealed class BatchOrder(int batchSize, int smallest, long seed, IReadOnlyList<long> lengths, InstructionMix? mix = null)
{
    private const int MostBatchesSorted = 16;

    /// <summary>Batches an epoch; the clips left over form one of their own if they are enough.</summary>
    public int Batches { get; } = Count(mix?.EpochLength ?? lengths.Count, batchSize, smallest);

    /// <summary>The batches of an epoch: a function of seed and epoch alone.</summary>
    public int[][] Epoch(long epoch)
    {
        var chance = SplitMix.ForStream(seed, epoch);
        int[] clips = mix?.Epoch(epoch, seed) ?? [.. Enumerable.Range(0, lengths.Count)];
        chance.Shuffle(clips);
        int whole = clips.Length / batchSize;
        int sorted = Math.Clamp(whole / 4, 1, MostBatchesSorted) * batchSize;
        var batches = new List<int[]>();
        for (int start = 0; start < whole * batchSize; start += sorted)
            batches.AddRange(clips[start..Math.Min(start + sorted, whole * batchSize)].OrderBy(clip => lengths[clip]).Chunk(batchSize));
        // The rest is a draw of the shuffle, not the longest clips: whoever is left out once has its turn in another epoch.
        if (batches.Count < Batches) batches.Add(clips[(whole * batchSize)..]);
        int[][] order = [.. batches];
        chance.Shuffle(order);
        return order;
    }

    private static int Count(int clips, int batchSize, int smallest) => clips / batchSize + (clips % batchSize >= smallest && clips % batchSize > 0 ? 1 : 0);
}
