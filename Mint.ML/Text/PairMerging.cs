namespace Mint.ML.Text;

/// <summary>A stretch of a text on its way to becoming a token; a chain of them covers the text.</summary>
internal struct Symbol
{
    public int Start;

    /// <summary>Zero once it has been merged into its left neighbour.</summary>
    public int Length;

    public int Previous;

    public int Next;

    public int Id;
}

/// <summary>Which neighbours may merge.</summary>
internal interface IPairs
{
    /// <param name="left">A symbol.</param>
    /// <param name="right">Its right neighbour.</param>
    /// <param name="priority">The lowest merges first.</param>
    /// <param name="id">Id of the merged symbol.</param>
    bool TryMerge(in Symbol left, in Symbol right, out double priority, out int id);
}

/// <summary>SentencePiece's byte pair merging in O(n log n): the pair of the lowest priority merges first, and of equal ones the leftmost.</summary>
internal static class PairMerging
{
    /// <param name="symbols">The chain; merged symbols grow, and those they swallowed get length 0.</param>
    /// <param name="pairs">Which neighbours may merge.</param>
    public static void Merge<TPairs>(Span<Symbol> symbols, in TPairs pairs)
        where TPairs : IPairs
    {
        var queue = new PriorityQueue<Candidate, (double Priority, int Left)>(symbols.Length);
        for (var i = 0; i + 1 < symbols.Length; i++)
            Consider(symbols, pairs, queue, i, i + 1);
        while (queue.TryDequeue(out var best, out _))
            Apply(symbols, pairs, queue, best);
    }

    private readonly record struct Candidate(int Left, int Right, int LeftLength, int RightLength, int Id);

    private static void Apply<TPairs>(Span<Symbol> symbols, in TPairs pairs, PriorityQueue<Candidate, (double, int)> queue, Candidate candidate)
        where TPairs : IPairs
    {
        ref var left = ref symbols[candidate.Left];
        ref var right = ref symbols[candidate.Right];
        if (left.Length != candidate.LeftLength || right.Length != candidate.RightLength)
        {
            return; // one of them has merged with another since
        }
        left.Length += right.Length;
        left.Id = candidate.Id;
        right.Length = 0;
        left.Next = right.Next;
        if (left.Next >= 0)
        {
            symbols[left.Next].Previous = candidate.Left;
            Consider(symbols, pairs, queue, candidate.Left, left.Next);
        }
        if (left.Previous >= 0)
            Consider(symbols, pairs, queue, left.Previous, candidate.Left);
    }

    private static void Consider<TPairs>(Span<Symbol> symbols, in TPairs pairs, PriorityQueue<Candidate, (double, int)> queue, int left, int right)
        where TPairs : IPairs
    {
        if (pairs.TryMerge(symbols[left], symbols[right], out var priority, out var id))
            queue.Enqueue(new Candidate(left, right, symbols[left].Length, symbols[right].Length, id), (priority, left));
    }
}
