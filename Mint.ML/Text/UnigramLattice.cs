namespace Mint.ML.Text;

/// <summary>All cuts of a word into candidate pieces, for training.</summary>
internal sealed class UnigramLattice
{
    private readonly List<ScoredPiece> pieces;
    private readonly PieceTrie trie = new();
    private readonly List<(int Start, int End, int Id)> edges = [];
    private double[] forward = [];
    private double[] backward = [];
    private int[] via = [];

    public UnigramLattice(List<ScoredPiece> pieces)
    {
        this.pieces = pieces;
        for (var i = 0; i < pieces.Count; i++)
            trie.Add(pieces[i].Text, i);
    }

    /// <summary>Expected count of every piece over all cuts of all words.</summary>
    public double[] Expect(List<(string Text, long Count)> corpus)
    {
        var expected = new double[pieces.Count];
        foreach (var (word, count) in corpus)
        {
            Build(word);
            Array.Fill(forward, double.NegativeInfinity, 0, word.Length + 1);
            Array.Fill(backward, double.NegativeInfinity, 0, word.Length + 1);
            forward[0] = 0;
            backward[word.Length] = 0;
            foreach (var (start, end, id) in edges)
                forward[end] = LogAdd(forward[end], forward[start] + pieces[id].Score);
            for (var i = edges.Count - 1; i >= 0; i--)
            {
                var (start, end, id) = edges[i];
                backward[start] = LogAdd(backward[start], backward[end] + pieces[id].Score);
            }
            foreach (var (start, end, id) in edges)
                expected[id] += count * Math.Exp(forward[start] + pieces[id].Score + backward[end] - forward[word.Length]);
        }
        return expected;
    }

    /// <summary>The best cut of a word, last piece first; pieces equal to <paramref name="without"/> are not used.</summary>
    public bool Best(string word, List<int> cut, int without = -1)
    {
        Build(word);
        Array.Fill(forward, double.NegativeInfinity, 0, word.Length + 1);
        forward[0] = 0;
        for (var i = 0; i < edges.Count; i++)
        {
            var (start, end, id) = edges[i];
            if (id != without && forward[start] + pieces[id].Score > forward[end])
            {
                forward[end] = forward[start] + pieces[id].Score;
                via[end] = i;
            }
        }
        cut.Clear();
        if (double.IsNegativeInfinity(forward[word.Length]))
            return false;
        for (var end = word.Length; end > 0; end = edges[via[end]].Start)
            cut.Add(edges[via[end]].Id);
        return true;
    }

    // Edges in order of where they start, so that one pass forward or backward suffices.
    private void Build(string word)
    {
        if (forward.Length <= word.Length)
        {
            forward = new double[word.Length * 2 + 1];
            backward = new double[word.Length * 2 + 1];
            via = new int[word.Length * 2 + 1];
        }
        edges.Clear();
        for (var start = 0; start < word.Length; start++)
        {
            var node = 0;
            for (var end = start; end < word.Length && (node = trie.Child(node, word[end])) >= 0; end++)
            {
                if (trie.Id(node) is >= 0 and var id)
                    edges.Add((start, end + 1, id));
            }
        }
    }

    private static double LogAdd(double a, double b)
    {
        if (a < b)
            (a, b) = (b, a);
        return double.IsNegativeInfinity(b) ? a : a + Math.Log(1 + Math.Exp(b - a));
    }
}

/// <summary>What training starts from: single characters, and the stretches of words with the most text in them.</summary>
internal static class UnigramSeeds
{
    public static List<ScoredPiece> Find(List<(string Text, long Count)> corpus, HashSet<string> characters, UnigramTrainingOptions options,
        CancellationToken cancellation)
    {
        var found = new List<(string Text, long Count, int Length)>();
        // Stretches one character longer can only be frequent if both their beginning and their end are: one pass a length, and the rare are forgotten.
        var shorter = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var length = 1; length <= options.MaxPieceLength; length++)
        {
            cancellation.ThrowIfCancellationRequested();
            var counts = Count(corpus, length, length == 1 ? null : shorter);
            shorter = new Dictionary<string, long>(counts.Where(entry => entry.Value >= 2 || length == 1), StringComparer.Ordinal);
            if (shorter.Count == 0)
                break;
            foreach (var (text, count) in counts)
            {
                if (length == 1 ? characters.Contains(text) : count >= 2)
                    found.Add((text, count, length));
            }
        }
        var singles = found.Where(entry => entry.Length == 1).OrderBy(entry => entry.Text, StringComparer.Ordinal);
        var longer = found.Where(entry => entry.Length > 1).OrderByDescending(entry => entry.Count * entry.Length)
            .ThenBy(entry => entry.Text, StringComparer.Ordinal).Take(options.SeedSize);
        var seeds = singles.Concat(longer).ToList();
        var total = Math.Log(seeds.Sum(seed => (double)seed.Count * seed.Length));
        return [.. seeds.Select(seed => new ScoredPiece(seed.Text, Math.Log((double)seed.Count * seed.Length) - total))];
    }

    private static Dictionary<string, long> Count(List<(string Text, long Count)> corpus, int length, Dictionary<string, long>? shorter)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var spans = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        var known = shorter?.GetAlternateLookup<ReadOnlySpan<char>>();
        var places = new List<int>(); // where characters begin
        foreach (var (word, count) in corpus)
        {
            places.Clear();
            for (var i = 0; i < word.Length; i++)
            {
                if (!char.IsLowSurrogate(word[i]))
                    places.Add(i);
            }
            places.Add(word.Length);
            for (var i = 0; i + length < places.Count; i++)
            {
                var stretch = word.AsSpan(places[i]..places[i + length]);
                if (known is { } lookup
                    && !(lookup.ContainsKey(word.AsSpan(places[i]..places[i + length - 1]))
                    && lookup.ContainsKey(word.AsSpan(places[i + 1]..places[i + length]))))
                {
                    continue;
                }
                spans[stretch] = spans.TryGetValue(stretch, out var sum) ? sum + count : count;
            }
        }
        return counts;
    }
}

/// <summary>Drops the pieces that the text misses least.</summary>
internal static class UnigramPruning
{
    public static List<ScoredPiece> Prune(List<ScoredPiece> pieces, List<(string Text, long Count)> corpus, HashSet<string> characters, int size)
    {
        var lattice = new UnigramLattice(pieces);
        var cut = new List<int>();
        var uses = new double[pieces.Count];
        var words = 0.0;
        foreach (var (word, count) in corpus)
        {
            words += count;
            lattice.Best(word, cut);
            foreach (var id in cut)
                uses[id] += count;
        }
        var total = uses.Sum();
        var kept = new List<int>();
        var candidates = new List<(int Id, double Loss)>();
        for (var id = 0; id < pieces.Count; id++)
        {
            if (characters.Contains(pieces[id].Text))
            {
                kept.Add(id);
                continue;
            }
            if (uses[id] == 0)
                continue;
            if (!lattice.Best(pieces[id].Text, cut, without: id))
            {
                kept.Add(id);
                continue;
            }
            // What the text's likelihood loses if the best other cut stands in for the piece wherever it is used.
            var itself = Math.Log(uses[id] / total);
            var instead = -cut.Count * Math.Log(total + uses[id] * (cut.Count - 1));
            foreach (var other in cut)
                instead += Math.Log(uses[other] + uses[id]);
            candidates.Add((id, uses[id] / words * (itself - instead)));
        }
        kept.AddRange(candidates.OrderByDescending(candidate => candidate.Loss).ThenBy(candidate => pieces[candidate.Id].Text, StringComparer.Ordinal)
            .Take(Math.Max(0, size - kept.Count)).Select(candidate => candidate.Id));
        kept.Sort();
        return [.. kept.Select(id => pieces[id])];
    }
}
