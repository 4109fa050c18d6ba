namespace Mint.ML.Generation;

/// <summary>Candidate answers as a tree of tokens: what several begin with stands once.</summary>
public sealed class CandidateTrie
{
    private readonly List<int> tokens = [-1];      // of a node; the root, node 0, has none
    private readonly List<int> parents = [-1];
    private readonly List<List<int>> children = [[]];
    private readonly int[] ends;                   // the node of a candidate's last token

    /// <param name="candidates">
    /// Token ids of each candidate, ending with the EOS if the probability that the answer ends there is to count. Duplicates and candidates
    /// that begin others are welcome.
    /// </param>
    /// <exception cref="ArgumentException">There is no candidate, or one is empty or holds a negative id.</exception>
    public CandidateTrie(IReadOnlyList<int[]> candidates)
    {
        if (candidates.Count == 0) throw new ArgumentException("There are no candidates to rank.", nameof(candidates));
        Dictionary<(int Parent, int Token), int> known = [];
        ends = new int[candidates.Count];
        for (int c = 0; c < candidates.Count; c++)
        {
            if (candidates[c].Length == 0) throw new ArgumentException($"Candidate {c} has no tokens; leave empty labels out.", nameof(candidates));
            int node = 0;
            foreach (int token in candidates[c])
            {
                if (token < 0) throw new ArgumentException($"Candidate {c} holds the token id {token}.", nameof(candidates));
                if (!known.TryGetValue((node, token), out int child))
                {
                    known[(node, token)] = child = tokens.Count;
                    tokens.Add(token);
                    parents.Add(node);
                    children.Add([]);
                    children[node].Add(child);
                }
                node = child;
            }
            ends[c] = node;
        }
        Lengths = [.. candidates.Select(candidate => candidate.Length)];
        HighestToken = tokens.Max();
        Nodes = children.Count(below => below.Count > 0);
    }

    /// <summary>Number of candidates.</summary>
    public int Count => ends.Length;

    /// <summary>Different beginnings after which a token is still to be judged, the empty one included: the tokens a decoder must compute.</summary>
    public int Nodes { get; }

    /// <summary>Tokens of each candidate.</summary>
    public IReadOnlyList<int> Lengths { get; }

    internal int HighestToken { get; }

    /// <summary>Nodes of the tree, leaves included.</summary>
    internal int Size => tokens.Count;

    internal int Token(int node) => tokens[node];

    internal int Parent(int node) => parents[node];

    internal IReadOnlyList<int> Children(int node) => children[node];

    /// <summary>The node of a candidate's last token.</summary>
    internal int End(int candidate) => ends[candidate];
}
