namespace Mint.ML.Retrieval;

/// <summary>The best k of what is added; of equal scores the lower row.</summary>
/// <remarks>
/// A heap in two arrays, the worst on top. A sorted set of pairs does the same, in fifty methods that are compiled before the first answer.
/// </remarks>
internal sealed class TopK(int k)
{
    private readonly float[] scores = new float[k];
    private readonly long[] rows = new long[k];

    public int Count { get; private set; }

    /// <summary>One for each of some queries, empty.</summary>
    public static TopK[] Each(int queries, int k)
    {
        var each = new TopK[queries];
        for (int q = 0; q < queries; q++) each[q] = new TopK(k);
        return each;
    }

    /// <summary>Scores below it are not among the best.</summary>
    public float Worst => Count < scores.Length ? float.NegativeInfinity : scores[0];

    public void Add(long row, float score)
    {
        if (Count < scores.Length)
        {
            int at = Count++;
            for (int above; at > 0 && IsWorse(score, row, above = (at - 1) / 2); at = above) (scores[at], rows[at]) = (scores[above], rows[above]);
            (scores[at], rows[at]) = (score, row);
        }
        else if (!IsWorse(score, row, 0))
        {
            Sink(row, score);
        }
    }

    public void Add(TopK other)
    {
        for (int i = 0; i < other.Count; i++) Add(other.rows[i], other.scores[i]);
    }

    /// <summary>Removes the worst: from the last to the first, all of them in order.</summary>
    public void TakeWorst(out long row, out float score)
    {
        (row, score) = (rows[0], scores[0]);
        Count--;
        Sink(rows[Count], scores[Count]);
    }

    // Puts one in the place of the worst.
    private void Sink(long row, float score)
    {
        int at = 0;
        for (int below; (below = 2 * at + 1) < Count; at = below)
        {
            if (below + 1 < Count && IsWorse(scores[below + 1], rows[below + 1], below)) below++;
            if (IsWorse(score, row, below)) break;
            (scores[at], rows[at]) = (scores[below], rows[below]);
        }
        (scores[at], rows[at]) = (score, row);
    }

    private bool IsWorse(float score, long row, int than) => score < scores[than] || (score == scores[than] && row > rows[than]);
}
