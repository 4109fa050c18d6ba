namespace Mint.ML.Metrics;

/// <summary>How well queries find their items.</summary>
/// <param name="Ranks">For each query, the place of its first right item, 0 for the first.</param>
/// <param name="MedianRank">Median place, 1 for the first.</param>
/// <param name="MeanAveragePrecisionAt10">Mean over queries of Σ precision at each right item of the first ten / number of right items.</param>
public sealed record RetrievalScores(IReadOnlyList<int> Ranks, double MedianRank, double MeanAveragePrecisionAt10)
{
    /// <summary>R@k: share of queries with a right item among the first k.</summary>
    public double RecallAt(int k) => k > 0 ? Ranks.Count(rank => rank < k) / (double)Ranks.Count : throw new ArgumentOutOfRangeException(nameof(k), k, "k must be above 0.");
}

/// <summary>Recall, median rank and average precision of retrieval.</summary>
public static class RetrievalMetrics
{
    /// <summary>Scores a similarity matrix.</summary>
    /// <param name="similarity">(queries, items); of equal ones the lower item comes first.</param>
    /// <param name="relevant">The right items of each query, at least one.</param>
    public static RetrievalScores Score(double[,] similarity, IReadOnlyList<IReadOnlyList<int>> relevant)
    {
        int queries = similarity.GetLength(0), items = similarity.GetLength(1);
        if (queries == 0 || queries != relevant.Count) throw new ArgumentException($"There are {queries} queries and right items for {relevant.Count}.");
        var ranks = new int[queries];
        double precision = 0;
        for (int q = 0; q < queries; q++)
        {
            var right = relevant[q].ToHashSet();
            if (right.Count == 0 || right.Any(item => item < 0 || item >= items)) throw new ArgumentException($"The right items of query {q} are [{string.Join(", ", relevant[q])}]; at least one of 0 to {items - 1} is needed.");
            double[] row = [.. Enumerable.Range(0, items).Select(item => similarity[q, item])];
            int unordered = Array.FindIndex(row, double.IsNaN);
            if (unordered >= 0) throw new ArgumentException($"The similarity of query {q} and item {unordered} is not a number.");
            int[] order = [.. Enumerable.Range(0, items).OrderByDescending(item => row[item])]; // stable
            ranks[q] = Array.FindIndex(order, right.Contains);
            int hits = 0;
            for (int place = 0; place < Math.Min(10, items); place++)
                if (right.Contains(order[place])) precision += ++hits / (place + 1.0) / right.Count;
        }
        return new RetrievalScores(ranks, Median(ranks) + 1, precision / queries);
    }

    private static double Median(int[] values)
    {
        int[] sorted = [.. values.Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2.0;
    }
}
