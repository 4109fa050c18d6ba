namespace Mint.ML.Training;

/// <summary>Which clips form which batch, epoch by epoch.</summary>
/// <remarks>
/// All clips are shuffled; stretches of them are sorted by length and cut into batches, so that little of a batch is padding; the batches are
/// shuffled. Stretches are at most a quarter of the data: sorted as a whole, they would form the same batches every epoch.
/// </remarks>
internal sealed class BatchOrder(int batchSize, int smallest, long seed, IReadOnlyList<long> lengths)
{
    private const int MostBatchesSorted = 16;

    /// <summary>Batches an epoch; the clips left over form one of their own if they are enough.</summary>
    public int Batches { get; } = lengths.Count / batchSize + (lengths.Count % batchSize >= smallest && lengths.Count % batchSize > 0 ? 1 : 0);

    /// <summary>The batches of an epoch: a function of seed and epoch alone.</summary>
    public int[][] Epoch(long epoch)
    {
        ulong state = unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)epoch * 0xD1B54A32D192ED03);
        int[] clips = [.. Enumerable.Range(0, lengths.Count)];
        Shuffle(clips, ref state);
        int whole = clips.Length / batchSize;
        int sorted = Math.Clamp(whole / 4, 1, MostBatchesSorted) * batchSize;
        var batches = new List<int[]>();
        for (int start = 0; start < whole * batchSize; start += sorted)
            batches.AddRange(clips[start..Math.Min(start + sorted, whole * batchSize)].OrderBy(clip => lengths[clip]).Chunk(batchSize));
        // The rest is a draw of the shuffle, not the longest clips: whoever is left out once has its turn in another epoch.
        if (batches.Count < Batches) batches.Add(clips[(whole * batchSize)..]);
        int[][] order = [.. batches];
        Shuffle(order, ref state);
        return order;
    }

    private static void Shuffle<T>(T[] items, ref ulong state)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int other = (int)(Next(ref state) % (ulong)(i + 1));
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    // SplitMix64: the same numbers on every platform and runtime, and its whole state is one number.
    private static ulong Next(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
