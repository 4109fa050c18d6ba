using System.Runtime.InteropServices;
using System.Text;

namespace Mint.ML.Text;

/// <summary>Cuts a normalised text into a model's pieces: ids and where they stand.</summary>
internal interface ISegmenter
{
    /// <summary>Adds the pieces that cover the text; -1 is an unknown character.</summary>
    void Segment(ReadOnlySpan<char> text, List<(int Id, int Start, int Length)> pieces);
}

/// <summary>The cut of the highest total score, by Viterbi over a trie of the pieces.</summary>
/// <remarks>
/// Source: sentencepiece's unigram_model.cc, EncodeOptimized: sums compared in double and kept in single precision, the first found wins ties, an unknown
/// character scores 10 below the lowest piece.
/// </remarks>
internal sealed class UnigramSegmenter : ISegmenter
{
    private const float UnknownPenalty = 10;

    private readonly IReadOnlyList<Piece> pieces;
    private readonly PieceTrie trie = new();
    private readonly float unknownScore;
    private readonly float highestScore;

    public UnigramSegmenter(IReadOnlyList<Piece> pieces)
    {
        this.pieces = pieces;
        // The original begins the maximum at C's FLT_MIN, the smallest positive number, so with scores below 0 that is the maximum.
        var (lowest, highest) = (float.MaxValue, 1.17549435e-38f);
        for (var id = 0; id < pieces.Count; id++)
        {
            if (pieces[id].Kind is PieceKind.Normal)
            {
                lowest = Math.Min(lowest, pieces[id].Score);
                highest = Math.Max(highest, pieces[id].Score);
            }
            if (pieces[id].Kind is PieceKind.Normal or PieceKind.UserDefined)
                trie.Add(pieces[id].Text, id);
        }
        unknownScore = (lowest == float.MaxValue ? 0 : lowest) - UnknownPenalty;
        highestScore = highest;
    }

    private struct Best
    {
        public float Score;
        public int Start;
        public int Id;
        public bool Reached;
    }

    public void Segment(ReadOnlySpan<char> text, List<(int Id, int Start, int Length)> result)
    {
        var best = new Best[text.Length + 1]; // the best cut that ends at each position
        best[0].Reached = true;
        for (var start = 0; start < text.Length;)
        {
            var width = char.IsHighSurrogate(text[start]) && start + 1 < text.Length && char.IsLowSurrogate(text[start + 1]) ? 2 : 1;
            var single = false; // some piece is exactly this character
            var node = 0;
            for (var end = start; end < text.Length;)
            {
                node = trie.Child(node, text[end]);
                if (node < 0)
                    break;
                end++;
                if (trie.Id(node) is >= 0 and var id)
                {
                    // A user-defined piece beats any other cut of its stretch.
                    double score = pieces[id].Kind == PieceKind.UserDefined ? Encoding.UTF8.GetByteCount(text[start..end]) * highestScore - 0.1
                        : pieces[id].Score;
                    Offer(ref best[end], score + best[start].Score, start, id);
                    single |= end - start == width;
                }
            }
            if (!single)
                Offer(ref best[start + width], unknownScore + best[start].Score, start, -1);
            start += width;
        }
        var first = result.Count;
        for (var end = text.Length; end > 0; end = best[end].Start)
            result.Add((best[end].Id, best[end].Start, end - best[end].Start));
        result.Reverse(first, result.Count - first);
    }

    private static void Offer(ref Best best, double score, int start, int id)
    {
        if (!best.Reached || score > best.Score)
            best = new Best { Score = (float)score, Start = start, Id = id, Reached = true };
    }
}

/// <summary>Neighbours merge while the two together are a piece, the piece of the highest score first.</summary>
/// <remarks>Source: sentencepiece's bpe_model.cc. Merged unused pieces are taken apart again at the end.</remarks>
internal sealed class BpeSegmenter : ISegmenter
{
    private readonly IReadOnlyList<Piece> pieces;
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> spans;
    private readonly string[] userDefined; // longest first: they are one symbol from the start, and never merge
    private readonly bool anyUnused;

    public BpeSegmenter(IReadOnlyList<Piece> pieces)
    {
        this.pieces = pieces;
        for (var id = 0; id < pieces.Count; id++)
        {
            if (pieces[id].Kind is PieceKind.Normal or PieceKind.UserDefined or PieceKind.Unused)
                ids.TryAdd(pieces[id].Text, id);
        }
        spans = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        anyUnused = pieces.Any(piece => piece.Kind == PieceKind.Unused);
        userDefined = [.. pieces.Where(piece => piece.Kind == PieceKind.UserDefined).Select(piece => piece.Text).OrderByDescending(text => text.Length)];
    }

    private const int Frozen = -2;

    public void Segment(ReadOnlySpan<char> text, List<(int Id, int Start, int Length)> result)
    {
        var symbols = new List<Symbol>(text.Length);
        for (var start = 0; start < text.Length;)
        {
            var length = UserDefinedAt(text[start..]);
            var frozen = length > 0;
            if (!frozen)
                length = char.IsHighSurrogate(text[start]) && start + 1 < text.Length && char.IsLowSurrogate(text[start + 1]) ? 2 : 1;
            symbols.Add(new Symbol { Start = start, Length = length, Previous = symbols.Count - 1, Next = symbols.Count + 1, Id = frozen ? Frozen : 0 });
            start += length;
        }
        if (symbols.Count == 0)
            return;
        var chain = CollectionsMarshal.AsSpan(symbols);
        chain[^1].Next = -1;
        // A merged unused piece has to be taken apart again: remember what it was made of.
        var halves = anyUnused ? new Dictionary<(int, int), int>() : null;
        PairMerging.Merge(chain, new Pairs(text.ToString(), this, halves));
        for (var i = 0; i >= 0; i = chain[i].Next)
            Emit(text, chain[i].Start, chain[i].Length, halves, result);
    }

    private void Emit(ReadOnlySpan<char> text, int start, int length, Dictionary<(int, int), int>? halves, List<(int, int, int)> result)
    {
        var id = spans.TryGetValue(text.Slice(start, length), out var found) ? found : -1;
        if (id >= 0 && pieces[id].Kind == PieceKind.Unused && halves != null && halves.TryGetValue((start, length), out var left))
        {
            Emit(text, start, left, halves, result);
            Emit(text, start + left, length - left, halves, result);
            return;
        }
        result.Add((id, start, length));
    }

    private int UserDefinedAt(ReadOnlySpan<char> text)
    {
        foreach (var symbol in userDefined)
        {
            if (text.StartsWith(symbol, StringComparison.Ordinal))
                return symbol.Length;
        }
        return 0;
    }

    private readonly struct Pairs(string text, BpeSegmenter segmenter, Dictionary<(int, int), int>? halves) : IPairs
    {
        public bool TryMerge(in Symbol left, in Symbol right, out double priority, out int id)
        {
            priority = 0;
            id = 0;
            var length = left.Length + right.Length;
            if (left.Id == Frozen || right.Id == Frozen || !segmenter.spans.TryGetValue(text.AsSpan(left.Start, length), out var piece))
                return false;
            priority = -segmenter.pieces[piece].Score;
            if (segmenter.pieces[piece].Kind == PieceKind.Unused)
                halves!.TryAdd((left.Start, length), left.Length);
            return true;
        }
    }
}

/// <summary>Pieces by their characters.</summary>
internal sealed class PieceTrie
{
    private readonly Dictionary<long, int> children = [];
    private readonly List<int> ids = [-1];

    public void Add(string piece, int id)
    {
        var node = 0;
        foreach (var c in piece)
        {
            if (!children.TryGetValue((long)node << 16 | c, out var child))
            {
                child = ids.Count;
                ids.Add(-1);
                children.Add((long)node << 16 | c, child);
            }
            node = child;
        }
        ids[node] = ids[node] < 0 ? id : ids[node];
    }

    public int Child(int node, char c) => children.TryGetValue((long)node << 16 | c, out var child) ? child : -1;

    public int Id(int node) => ids[node];
}
