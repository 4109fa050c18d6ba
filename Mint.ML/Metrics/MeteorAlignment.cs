namespace Mint.ML.Metrics;

/// <summary>One-to-one matches between two texts: most exact matches, then fewest chunks, then shortest distance.</summary>
internal sealed class MeteorAlignment
{
    private const int Beam = 40;
    private readonly (int I, int Module)?[] matches;

    /// <summary>Aligns.</summary>
    /// <param name="length">Words of the candidate.</param>
    /// <param name="referenceLength">Words of the reference.</param>
    /// <param name="matchers">The modules that match candidate word i with reference word j, in their order.</param>
    public MeteorAlignment(int length, int referenceLength, Func<int, int, IEnumerable<int>> matchers)
    {
        var options = new List<(int I, int Module)>[referenceLength];
        int[] uses = new int[length], referenceUses = new int[referenceLength];
        for (int j = 0; j < referenceLength; j++) options[j] = [];
        // Options stand in the order of their modules, and of the candidate's words within one.
        for (int j = 0; j < referenceLength; j++)
        {
            for (int i = 0; i < length; i++) options[j].AddRange(matchers(i, j).Select(module => (i, module)));
            options[j] = [.. options[j].OrderBy(option => option.Module)];
            foreach (var (i, _) in options[j]) (uses[i], referenceUses[j]) = (uses[i] + 1, referenceUses[j] + 1);
        }
        var start = new Path(new (int, int)?[referenceLength], new bool[length]);
        for (int j = 0; j < referenceLength; j++)
        {
            if (options[j] is not [var only] || uses[only.I] != 1) continue;
            start.Matches[j] = only;
            start.Used[only.I] = true;
        }
        matches = Search(start, options).Matches;
    }

    /// <summary>Candidate word, reference word, module.</summary>
    public IEnumerable<(int I, int J, int Module)> Matches =>
        matches.Index().Where(m => m.Item is not null).Select(m => (m.Item!.Value.I, m.Index, m.Item.Value.Module));

    /// <summary>Runs of matches that are adjacent and in the same order in both texts.</summary>
    public int Chunks
    {
        get
        {
            int chunks = 0;
            for (int j = 0; j < matches.Length; j++)
                if (matches[j] is { } match && !(j > 0 && matches[j - 1] is { } before && before.I + 1 == match.I)) chunks++;
            return chunks;
        }
    }

    private static Path Search(Path start, List<(int I, int Module)>[] options)
    {
        List<Path> paths = [start];
        for (int j = 0; j < options.Length; j++)
        {
            var next = new List<Path>();
            foreach (Path path in Sorted(paths).Take(Beam))
            {
                if (path.Matches[j] is { } given)
                {
                    path.Take(given);
                    path.Distance += Math.Abs(j - given.I);
                    next.Add(path);
                    continue;
                }
                foreach (var option in options[j])
                {
                    if (path.Used[option.I]) continue;
                    var longer = new Path(path);
                    longer.Matches[j] = option;
                    longer.Used[option.I] = true;
                    longer.Take(option);
                    next.Add(longer);
                    // METEOR adds the distance to the path it leaves, not to the new one; alignments depend on it.
                    path.Distance += Math.Abs(j - option.I);
                }
                path.Skip();
                next.Add(path);
            }
            paths = next;
        }
        foreach (Path path in paths) path.Skip();
        return Sorted(paths).First();
    }

    private static IEnumerable<Path> Sorted(List<Path> paths) =>
        paths.OrderByDescending(path => path.Exact).ThenBy(path => path.Chunks).ThenBy(path => path.Distance);

    private sealed class Path((int I, int Module)?[] matches, bool[] used)
    {
        private int lastEnd = -1;

        public Path(Path other) : this([.. other.Matches], [.. other.Used]) =>
            (lastEnd, Exact, Chunks, Distance) = (other.lastEnd, other.Exact, other.Chunks, other.Distance);

        public (int I, int Module)?[] Matches { get; } = matches;
        public bool[] Used { get; } = used;

        // METEOR counts matches times the module's weight in whole numbers: only exact ones (weight 1) count, the others (0.5) vanish.
        public int Exact { get; private set; }
        public int Chunks { get; private set; }
        public int Distance { get; set; }

        public void Take((int I, int Module) match)
        {
            if (match.Module == 0) Exact++;
            if (lastEnd != -1 && match.I != lastEnd) Chunks++;
            lastEnd = match.I + 1;
        }

        public void Skip()
        {
            if (lastEnd != -1) Chunks++;
            lastEnd = -1;
        }
    }
}
