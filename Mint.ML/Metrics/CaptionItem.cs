namespace Mint.ML.Metrics;

/// <summary>One generated caption and what people wrote for the same clip.</summary>
/// <param name="Candidate">The generated text. Empty is allowed, and scores 0 wherever words are counted.</param>
/// <param name="References">At least one text with a word in it.</param>
public sealed record CaptionItem(string Candidate, IReadOnlyList<string> References);

/// <summary>A metric over a set of items.</summary>
/// <param name="Name">The metric, see <see cref="ICaptionMetric.Name"/>.</param>
/// <param name="Corpus">The value for the whole set; NaN where it is not defined, and <see cref="Note"/> says why. BLEU and METEOR compute it from sums, so it
/// is not their items' mean.</param>
/// <param name="Items">One value an item, in their order; all NaN where the metric is not defined.</param>
public sealed record MetricScore(string Name, double Corpus, IReadOnlyList<double> Items)
{
    /// <summary>What the value depends on apart from the captions, or why there is none; null where there is nothing to say.</summary>
    public string? Note { get; init; }

    /// <summary>The 95 % interval of <see cref="Corpus"/> by <see cref="Bootstrap"/> over the items; null where none was computed.</summary>
    public ConfidenceInterval? Interval { get; init; }

    /// <summary>A metric that is not defined for a set.</summary>
    /// <param name="name">The metric.</param>
    /// <param name="items">How many items there are.</param>
    /// <param name="why">Why there is no value.</param>
    public static MetricScore Undefined(string name, int items, string why) => new(name, double.NaN, [.. Enumerable.Repeat(double.NaN, items)]) { Note = why };

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
    private CaptionSet(IReadOnlyList<CaptionItem> captions, IReadOnlyList<(string[] Candidate, string[][] References)> items) =>
        (Captions, Items) = (captions, items);

    /// <summary>The texts as they were given, for metrics that have words of their own.</summary>
    public IReadOnlyList<CaptionItem> Captions { get; }

    internal IReadOnlyList<(string[] Candidate, string[][] References)> Items { get; }

    /// <summary>Number of items.</summary>
    public int Count => Items.Count;

    /// <summary>Tokenises with <see cref="PtbTokenizer"/>.</summary>
    /// <exception cref="ArgumentException">There are no items, or one has no reference or an empty one; the message says which.</exception>
    public static CaptionSet From(IReadOnlyList<CaptionItem> items)
    {
        if (items.Count == 0) throw new ArgumentException("There are no captions to score.", nameof(items));
        return new CaptionSet([.. items], [.. items.Select(Tokenize)]);
    }

    /// <summary>Whether a text has a word, as a reference needs. Those who generate captions ask before the first, so that hours are not lost.</summary>
    public static bool HasWords(string reference) => PtbTokenizer.Tokenize(reference).Length > 0;

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
