using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Generation;

/// <summary>Runs the decoder once over every beginning in a tree of candidates, for some prompts at a time.</summary>
/// <remarks>
/// A level is one call of the decoder. Where it is too wide, its nodes are shared among groups, and each group is followed to its leaves
/// before the next one starts, on a branch of the caches: at most one group a level is in memory, whatever the number of candidates.
/// </remarks>
internal sealed class TrieWalk(ILanguageModel model, CandidateTrie trie, int prompts, int groupSize, CancellationToken cancel)
{
    private readonly double[] logLikelihoods = new double[(long)prompts * trie.Size]; // (B, nodes)
    private readonly Stack<Group> pending = new();

    /// <param name="Caches">Of the nodes' parents.</param>
    /// <param name="Parents">The nodes whose rows the caches hold.</param>
    /// <param name="Nodes">Children of those, to be fed.</param>
    /// <param name="IsLast">No other group needs the caches.</param>
    private sealed record Group(DecodingState Caches, int[] Parents, int[] Nodes, bool IsLast);

    /// <summary>Tokens computed for each prompt, the start included.</summary>
    public long DecoderTokens { get; private set; }

    public double LogLikelihood(int prompt, int node) => logLikelihoods[prompt * (long)trie.Size + node];

    public void Run(Tensor prompt, Tensor promptMask)
    {
        using var guard = no_grad();
        try
        {
            using (var logits = model.Begin(prompt, promptMask, out var state)) Judge(state, logits, [0]);
            while (pending.TryPop(out var group)) Feed(group);
        }
        finally
        {
            foreach (var group in pending)
                if (group.IsLast) group.Caches.Dispose();
        }
    }

    private void Feed(Group group)
    {
        using var scope = NewDisposeScope();
        Dictionary<int, int> rowOf = [];
        for (int i = 0; i < group.Parents.Length; i++) rowOf[group.Parents[i]] = i;
        var rows = Rows(group, node => rowOf[trie.Parent(node)], group.Parents.Length);
        var state = group.IsLast ? group.Caches : group.Caches.Branch(rows);
        Tensor logits;
        try
        {
            cancel.ThrowIfCancellationRequested();
            if (group.IsLast) state.Select(null, rows);
            logits = model.Next(state, Rows(group, trie.Token, 0)); // (B K, V)
        }
        catch
        {
            state.Dispose();
            throw;
        }
        Judge(state, logits, group.Nodes);
    }

    /// <summary>One number a row: its prompt times <paramref name="stride"/> plus what belongs to its node.</summary>
    private Tensor Rows(Group group, Func<int, int> of, int stride) =>
        tensor([.. Enumerable.Range(0, prompts).SelectMany(prompt => group.Nodes.Select(node => (long)prompt * stride + of(node)))], device: model.Device);

    /// <summary>Reads the children's log-likelihoods off their parents' logits, (B K, V), and queues those that have children themselves.</summary>
    private void Judge(DecodingState state, Tensor logits, int[] nodes)
    {
        bool kept = false;
        try
        {
            using var scope = NewDisposeScope();
            DecoderTokens += nodes.Length;
            var scores = logits.to(ScalarType.Float32);
            var totals = Cpu.Floats(scores.logsumexp(-1)); // (B K)
            int[] children = [.. nodes.SelectMany(trie.Children)];
            int[] parentRow = [.. nodes.SelectMany((node, row) => trie.Children(node).Select(_ => row))];
            long[] flat = [.. Enumerable.Range(0, prompts).SelectMany(prompt =>
                children.Select((child, i) => ((long)prompt * nodes.Length + parentRow[i]) * model.VocabularySize + trie.Token(child)))];
            float[] chosen = Cpu.Floats(scores.view(-1).index_select(0, tensor(flat, device: scores.device)));
            for (int prompt = 0; prompt < prompts; prompt++)
            {
                for (int i = 0; i < children.Length; i++)
                {
                    float total = totals[prompt * nodes.Length + parentRow[i]];
                    long row = prompt * (long)trie.Size;
                    logLikelihoods[row + children[i]] = logLikelihoods[row + nodes[parentRow[i]]]
                        + Cpu.Number(chosen[prompt * children.Length + i]) - Cpu.Number(total);
                }
            }

            int[][] groups = [.. children.Where(child => trie.Children(child).Count > 0).Chunk(groupSize)];
            // The first pushed comes last, when the others have branched off.
            for (int i = 0; i < groups.Length; i++) pending.Push(new(state, nodes, groups[i], IsLast: i == 0));
            kept = groups.Length > 0;
        }
        finally
        {
            if (!kept) state.Dispose();
        }
    }
}
