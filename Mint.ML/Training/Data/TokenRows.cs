using static TorchSharp.torch;

namespace Mint.ML.Training.Data;

/// <summary>Texts tokenised once, from which batches are padded to their own longest.</summary>
internal sealed class TokenRows(IReadOnlyList<int[]> rows, int pad)
{
    /// <summary>Number of real ids of some rows.</summary>
    public long Tokens(IEnumerable<int> picked) => picked.Sum(row => (long)rows[row].Length);

    /// <summary>How often each id occurs, without the first few of every row.</summary>
    public IReadOnlyCollection<long> Counts(int without = 0) =>
        [.. rows.SelectMany(row => row.Skip(without)).CountBy(id => id).Select(pair => (long)pair.Value)];

    /// <summary>Ids of a row.</summary>
    public int Length(int row) => rows[row].Length;

    /// <summary>What the rows are, for a run's identity.</summary>
    public IEnumerable<string> Fingerprint => rows.Select(row => string.Join(' ', row));

    /// <summary>Ids (B, L) int64, padded on the right, and their mask (B, L).</summary>
    public (Tensor Ids, Tensor Mask) Pick(IReadOnlyList<int> picked, Device device)
    {
        int longest = Math.Max(1, picked.Max(row => rows[row].Length));
        var ids = new long[picked.Count, longest];
        var mask = new bool[picked.Count, longest];
        for (int i = 0; i < picked.Count; i++)
        {
            for (int j = 0; j < longest; j++)
                (ids[i, j], mask[i, j]) = j < rows[picked[i]].Length ? (rows[picked[i]][j], true) : (pad, false);
        }

        return (tensor(ids, device: device), tensor(mask, device: device));
    }
}
