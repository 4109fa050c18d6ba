using System.Numerics;

namespace Mint.ML.Metrics;

/// <summary>How well queries find their items.</summary>
/// <param name="Ranks">For each query, the place of its first right item, 0 for the first.</param>
/// <param name="MedianRank">Median place, 1 for the first.</param>
/// <param name="MeanAveragePrecisionAt10">Mean over queries of Σ precision at each right item of the first ten / number of right items.</param>
public sealed record RetrievalScores(IReadOnlyList<int> Ranks, double MedianRank, double MeanAveragePrecisionAt10)
{
    /// <summary>R@k: share of queries with a right item among the first k.</summary>
    public double RecallAt(int k) => RetrievalMetrics.RecallAt(Ranks, k);
}

/// <summary>Recall, median rank and average precision of retrieval.</summary>
/// <remarks>
/// One rule for ties, everywhere: of equally similar items the wrong ones come first, so that a model to which all clips sound alike finds nothing.
/// Similarities of unit vectors in float32 are equal when they differ by no more than <see cref="Rounding"/>: a clip heard in another batch differs that much
/// from itself.
/// </remarks>
public static class RetrievalMetrics
{
    /// <summary>Similarities that differ by no more are equal: what rounding leaves between float32 dot products of the same unit vectors.</summary>
    public const double Rounding = 1e-5;

    private const int Judged = 10;

    /// <summary>Scores a similarity matrix.</summary>
    /// <param name="similarity">(queries, items); of equal ones the wrong item comes first.</param>
    /// <param name="relevant">The right items of each query, at least one.</param>
    /// <exception cref="ArgumentException">There are no queries, one has no right items, or a similarity is not a number; the message says which.</exception>
    public static RetrievalScores Score<T>(T[,] similarity, IReadOnlyList<IReadOnlyList<int>> relevant) where T : INumber<T>
    {
        int queries = similarity.GetLength(0);
        if (queries == 0 || queries != relevant.Count) throw new ArgumentException($"There are {queries} queries and right items for {relevant.Count}.");
        var ranks = new int[queries];
        double precision = 0;
        for (int q = 0; q < queries; q++)
        {
            var right = Right(similarity, q, relevant[q]);
            double[] row = Row(similarity, q), best = [.. right.Select(item => row[item]).OrderDescending().Take(Judged)];
            double[] wrong = [.. row.Where((_, item) => !right.Contains(item))];
            for (int hit = 0; hit < best.Length; hit++)
            {
                int place = hit + wrong.Count(other => other >= best[hit] - Rounding); // of the right item that is hit-th among the right ones
                if (hit == 0) ranks[q] = place;
                if (place < Judged) precision += (hit + 1) / (place + 1.0) / right.Count;
            }
        }
        return new RetrievalScores(ranks, MedianRank(ranks), precision / queries);
    }

    /// <summary>A query's items in the order that <see cref="Score"/> counts places in: the most similar first, of equal ones the wrong first, else the lower
    /// first.</summary>
    /// <param name="similarity">(queries, items).</param>
    /// <param name="query">The row.</param>
    /// <param name="relevant">The right items of the query, at least one.</param>
    public static int[] Order<T>(T[,] similarity, int query, IReadOnlyList<int> relevant) where T : INumber<T>
    {
        var right = Right(similarity, query, relevant);
        double[] row = Row(similarity, query);
        // A right item stands behind what is up to Rounding less similar.
        return [.. Enumerable.Range(0, row.Length).OrderByDescending(item => right.Contains(item) ? row[item] - Rounding : row[item]).ThenBy(right.Contains)];
    }

    /// <summary>The right items of each query, where items of the same caption are right answers to each other: the text does not tell them apart.</summary>
    /// <param name="queries">What is searched for.</param>
    /// <param name="captions">The captions of each item.</param>
    public static IReadOnlyList<IReadOnlyList<int>> SameCaption(IReadOnlyList<string> queries, IReadOnlyList<IReadOnlyList<string>> captions)
    {
        var items = captions.SelectMany((texts, item) => texts.Distinct().Select(text => (text, item))).ToLookup(pair => pair.text, pair => pair.item);
        var found = items.ToDictionary(group => group.Key, group => (IReadOnlyList<int>)[.. group]);
        return [.. queries.Select(query => found.GetValueOrDefault(query) ?? [])];
    }

    /// <summary>R@k: share of the ranks (0 for the first) that are among the first k.</summary>
    public static double RecallAt(IReadOnlyList<int> ranks, int k) => k > 0 ? ranks.Count(rank => rank < k) / (double)ranks.Count
        : throw new ArgumentOutOfRangeException(nameof(k), k, "k must be above 0.");

    /// <summary>The median of ranks (0 for the first) as a place, 1 for the first.</summary>
    public static double MedianRank(IReadOnlyList<int> ranks)
    {
        int[] sorted = [.. ranks.Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2.0 + 1;
    }

    private static HashSet<int> Right<T>(T[,] similarity, int query, IReadOnlyList<int> relevant)
    {
        int items = similarity.GetLength(1);
        return relevant.Count > 0 && relevant.All(item => item >= 0 && item < items) ? [.. relevant]
            : throw new ArgumentException($"The right items of query {query} are [{string.Join(", ", relevant)}]; at least one of 0 to {items - 1} is needed.");
    }

    private static double[] Row<T>(T[,] similarity, int query) where T : INumber<T>
    {
        double[] row = [.. Enumerable.Range(0, similarity.GetLength(1)).Select(item => double.CreateChecked(similarity[query, item]))];
        int unordered = Array.FindIndex(row, double.IsNaN);
        return unordered < 0 ? row : throw new ArgumentException($"The similarity of query {query} and item {unordered} is not a number.");
    }
}
