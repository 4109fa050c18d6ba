namespace Mint.ML.Metrics;

/// <summary>The modules of METEOR that match a word with another, in their order.</summary>
[Flags]
internal enum MeteorMatch
{
    None = 0,
    Exact = 1,
    Stem = 2,
    Synonym = 4,
}

/// <summary>One-to-one matches between two texts: most exact matches, then fewest chunks, then shortest distance.</summary>
/// <remarks>
/// For I and J words, time grows with I J and memory with I + J: of the longer paths that a step finds, only those that the next one looks at are made.
/// </remarks>
internal sealed class MeteorAlignment
{
    private const int Beam = 40, Modules = 3;
    private readonly int length, referenceLength;
    private readonly Func<int, int, MeteorMatch> match;
    private readonly (int I, int Module)?[] matches;

    /// <summary>Aligns.</summary>
    /// <param name="length">Words of the candidate.</param>
    /// <param name="referenceLength">Words of the reference.</param>
    /// <param name="match">The modules that match candidate word i with reference word j.</param>
    /// <param name="cancel">Asked at every word of the reference.</param>
    public MeteorAlignment(int length, int referenceLength, Func<int, int, MeteorMatch> match, CancellationToken cancel = default)
    {
        (this.length, this.referenceLength, this.match) = (length, referenceLength, match);
        matches = Search(Certain(cancel), cancel);
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

    /// <summary>What matches reference word j, in the order of the modules, and of the candidate's words within one.</summary>
    private List<(int I, int Module)> Options(int j)
    {
        var options = new List<(int I, int Module)>();
        MeteorMatch[] row = [.. Enumerable.Range(0, length).Select(i => match(i, j))];
        for (int module = 0; module < Modules; module++)
        {
            for (int i = 0; i < length; i++)
                if (((int)row[i] >> module & 1) != 0) options.Add((i, module));
        }
        return options;
    }

    /// <summary>The matches of words that match nothing else.</summary>
    private Path Certain(CancellationToken cancel)
    {
        int[] uses = new int[length];
        var only = new (int I, int Module)?[referenceLength];
        for (int j = 0; j < referenceLength; j++)
        {
            cancel.ThrowIfCancellationRequested();
            var options = Options(j);
            if (options is [var one]) only[j] = one;
            foreach (var (i, _) in options) uses[i]++;
        }
        var start = new Path(new (int, int)?[referenceLength], new bool[length]);
        for (int j = 0; j < referenceLength; j++)
        {
            if (only[j] is not { } certain || uses[certain.I] != 1) continue;
            start.Matches[j] = certain;
            start.Used[certain.I] = true;
        }
        return start;
    }

    private (int I, int Module)?[] Search(Path start, CancellationToken cancel)
    {
        List<Path> paths = [start];
        var best = new List<Step>();
        for (int j = 0; j < referenceLength; j++)
        {
            cancel.ThrowIfCancellationRequested();
            best.Clear();
            bool last = j == referenceLength - 1;
            var options = Options(j);
            foreach (Path path in paths)
            {
                if (path.Matches[j] is { } given)
                {
                    Offer(best, new Step(path, given, path.Distance + Math.Abs(j - given.I), last), last);
                    continue;
                }
                int distance = path.Distance;
                foreach (var option in options)
                {
                    if (path.Used[option.I]) continue;
                    Offer(best, new Step(path, option, distance, last), last);
                    // METEOR adds the distance to the path it leaves, not to the new one; alignments depend on it.
                    distance += Math.Abs(j - option.I);
                }
                Offer(best, new Step(path, null, distance, last), last);
            }
            paths = [.. best.Select(step => new Path(step, j))];
        }
        return paths[0].Matches;
    }

    /// <summary>Keeps a step if it is among the best, which stand in their order; of equals the first comes first.</summary>
    private static void Offer(List<Step> best, Step step, bool last)
    {
        int at = best.Count;
        while (at > 0 && step.IsBetterThan(best[at - 1])) at--;
        if (at >= (last ? 1 : Beam)) return;
        best.Insert(at, step);
        if (best.Count > (last ? 1 : Beam)) best.RemoveAt(best.Count - 1);
    }

    /// <summary>A path and what it does with the next word of the reference: a match, or none.</summary>
    private readonly struct Step(Path path, (int I, int Module)? taken, int distance, bool last)
    {
        public Path Path => path;
        public (int I, int Module)? Taken => taken;
        public int LastEnd => taken is { } match ? match.I + 1 : -1;

        // METEOR counts matches times the module's weight in whole numbers: only exact ones (weight 1) count, the others (0.5) vanish.
        public int Exact { get; } = path.Exact + (taken is { Module: 0 } ? 1 : 0);

        // A chunk is counted where it ends: at a word that does not go on with it, and at the end of the text.
        public int Chunks { get; } = path.Chunks + (path.LastEnd != -1 && taken?.I != path.LastEnd ? 1 : 0) + (last && taken is not null ? 1 : 0);
        public int Distance => distance;

        public bool IsBetterThan(in Step other) => Exact != other.Exact ? Exact > other.Exact : Chunks != other.Chunks ? Chunks < other.Chunks
            : Distance < other.Distance;
    }

    private sealed class Path((int I, int Module)?[] matches, bool[] used)
    {
        public Path(Step step, int j) : this([.. step.Path.Matches], [.. step.Path.Used])
        {
            (LastEnd, Exact, Chunks, Distance) = (step.LastEnd, step.Exact, step.Chunks, step.Distance);
            Matches[j] = step.Taken;
            if (step.Taken is { } taken) Used[taken.I] = true;
        }

        public (int I, int Module)?[] Matches { get; } = matches;
        public bool[] Used { get; } = used;
        public int LastEnd { get; } = -1;
        public int Exact { get; }
        public int Chunks { get; }
        public int Distance { get; }
    }
}
