namespace Mint.ML.Metrics;

/// <summary>One generated caption and what people wrote for the same clip.</summary>
/// <param name="Candidate">The generated text. Empty is allowed, and scores 0 wherever words are counted.</param>
/// <param name="References">At least one text with a word in it.</param>
public sealed record CaptionItem(string Candidate, IReadOnlyList<string> References);

/// <summary>A metric over a set of items.</summary>
/// <param name="Name">The metric, and the settings that change its meaning.</param>
/// <param name="Corpus">The value for the whole set. BLEU and METEOR compute it from sums, so it is not their items' mean.</param>
/// <param name="Items">One value an item, in their order.</param>
public sealed record MetricScore(string Name, double Corpus, IReadOnlyList<double> Items)
{
    // Set by the metrics whose corpus value is not their items' mean.
    internal Func<IReadOnlyList<int>, double>? FromSums { get; init; }

    /// <summary>The corpus value of some of the items (each may be named more than once), for intervals by <see cref="Bootstrap.Statistic"/>.</summary>
    /// <remarks>What the set decides stays as it was: CIDEr-D keeps the document frequencies of all items.</remarks>
    /// <param name="rows">Numbers of items, at least one.</param>
    public double Over(IReadOnlyList<int> rows) => FromSums?.Invoke(rows) ?? rows.Average(row => Items[row]);
}

/// <summary>Captions as words, tokenised once for all metrics.</summary>
public sealed class CaptionSet
{
    internal CaptionSet(IReadOnlyList<(string[] Candidate, string[][] References)> items) => Items = items;

    internal IReadOnlyList<(string[] Candidate, string[][] References)> Items { get; }

    /// <summary>Number of items.</summary>
    public int Count => Items.Count;

    /// <summary>Tokenises with <see cref="PtbTokenizer"/>.</summary>
    /// <exception cref="ArgumentException">There are no items, or one has no reference or an empty one; the message says which.</exception>
    public static CaptionSet From(IReadOnlyList<CaptionItem> items)
    {
        if (items.Count == 0) throw new ArgumentException("There are no captions to score.", nameof(items));
        return new CaptionSet([.. items.Select(Tokenize)]);
    }

    private static (string[] Candidate, string[][] References) Tokenize(CaptionItem item, int index)
    {
        if (item.Candidate is null) throw new ArgumentException($"Item {index} has no candidate; give an empty text if none was generated.");
        if (item.References is null or { Count: 0 }) throw new ArgumentException($"Item {index} (\"{item.Candidate}\") has no reference.");
        string[][] references = [.. item.References.Select(PtbTokenizer.Tokenize)];
        int empty = Array.FindIndex(references, words => words.Length == 0);
        if (empty >= 0) throw new ArgumentException($"Item {index} (\"{item.Candidate}\"): reference {empty} has no words. Leave it out.");
        return (PtbTokenizer.Tokenize(item.Candidate), references);
    }
}
