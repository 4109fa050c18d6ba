using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Bridges;

/// <summary>Some rows of a pass: n tokens or queries of each of B items.</summary>
/// <param name="Rows">B.</param>
/// <param name="Length">n.</param>
/// <param name="IsQueries">Whether they are queries.</param>
/// <param name="Kept">How many of the n the caller reads in the end; the last block computes no others.</param>
internal sealed record Segment(long Rows, long Length, bool IsQueries, long Kept)
{
    public long Size => Rows * Length;
}

/// <summary>Who attends to whom: the segments of <paramref name="From"/> together, to those of <paramref name="To"/> together.</summary>
/// <param name="From">Indices of segments, each of which stands in one group only.</param>
/// <param name="To">Indices of segments; a prefix stands before them.</param>
/// <param name="Bias">Added to the scores, broadcast to (B, H, From, To); null adds nothing.</param>
/// <param name="Prefix">Keys and values of an earlier pass that stand before those of <paramref name="To"/>.</param>
internal sealed record AttentionGroup(int[] From, int[] To, Tensor? Bias = null, QueryCache? Prefix = null);

/// <summary>A pass through the blocks: hidden states are (N, D), the segments' items one after the other, those of queries first.</summary>
/// <remarks>
/// So packed, a projection is one matrix product whatever takes part in the pass, each feed-forward sees a block of whole rows,
/// and passes that do not see each other (queries and text in the contrastive objective) share every product all the same.
/// </remarks>
internal sealed record QFormerPass(Segment[] Segments, AttentionGroup[] Groups, AudioKeys? Audio, double HiddenDropout, double AttentionDropout)
{
    /// <summary>Receives how the queries attend to the audio, (B, Q, T) a cross-attention, in no dispose scope; null where nobody asks.</summary>
    public List<Tensor>? Watched { get; init; }

    public long QueryRows => Segments.Where(segment => segment.IsQueries).Sum(segment => segment.Size);

    /// <summary>The pass as it leaves the last block.</summary>
    public QFormerPass AsKept => this with { Segments = [.. Segments.Select(segment => segment with { Length = segment.Kept })] };

    /// <summary>The rows that the last block computes: (N, D) to (N', D).</summary>
    public Tensor Keep(Tensor packed) => Segments.All(segment => segment.Kept == segment.Length) ? packed
        : cat([.. Unpack(packed).Select((part, i) => part.narrow(1, 0, Segments[i].Kept).reshape(-1, packed.shape[1]))], 0);

    /// <summary>The tensors that a block reads beside the hidden states and earlier passes.</summary>
    public IEnumerable<Tensor> Inputs(int layer) => Groups.Select(group => group.Bias).Concat(Audio?.Inputs(layer) ?? []).OfType<Tensor>();

    /// <summary>The pass with others in the place of <see cref="Inputs"/>.</summary>
    public QFormerPass With(int layer, IEnumerable<Tensor> inputs)
    {
        var next = new Queue<Tensor>(inputs);
        return this with
        {
            Groups = [.. Groups.Select(group => group.Bias is null ? group : group with { Bias = next.Dequeue() })],
            Audio = Audio?.With(layer, next),
        };
    }

    /// <summary>(N, D) to one (B, n, D) a segment, views.</summary>
    public Tensor[] Unpack(Tensor packed)
    {
        var parts = new Tensor[Segments.Length];
        long start = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = packed.narrow(0, start, Segments[i].Size).view(Segments[i].Rows, Segments[i].Length, packed.shape[1]);
            start += Segments[i].Size;
        }
        return parts;
    }

    /// <summary>(N, D) to one (B, H, n, d) a segment, views.</summary>
    public Tensor[] Split(Tensor packed, long heads) =>
        [.. Unpack(packed).Select(part => part.view(part.shape[0], part.shape[1], heads, part.shape[2] / heads).transpose(1, 2))];

    /// <summary>Parts along a dimension; a single one is itself.</summary>
    public static Tensor Join(IReadOnlyList<Tensor> parts, long dim) => parts.Count == 1 ? parts[0] : cat([.. parts], dim);
}

/// <summary>A block of the Q-Former: BERT's, with cross-attention and a feed-forward of their own for the queries.</summary>
internal sealed class QFormerLayer : Module
{
    private readonly BertAttention attention;
    private readonly BertAttention? crossattention;
    private readonly BertIntermediate? intermediate;
    private readonly BertOutput? output;
    private readonly BertIntermediate intermediate_query;
    private readonly BertOutput output_query;
    private readonly int index;

    public QFormerLayer(QFormerConfig config, int index) : base(nameof(QFormerLayer))
    {
        this.index = index;
        BertIntermediate In() => new(config.HiddenSize, config.FeedForwardSize);
        BertOutput Out() => new(config.FeedForwardSize, config.HiddenSize, config.LayerNormEps);
        attention = new BertAttention(config.HiddenSize, config.HiddenSize, config.Heads, config.LayerNormEps);
        crossattention = config.AttendsToAudio(index)
            ? new BertAttention(config.HiddenSize, config.AudioSize, config.Heads, config.LayerNormEps) : null;
        (intermediate, output) = config.HasText ? (In(), Out()) : ((BertIntermediate?)null, (BertOutput?)null);
        (intermediate_query, output_query) = (In(), Out());
        RegisterComponents();
    }

    /// <summary>Keys and values of audio frames (B, T, E), (B, H, T, d) each; null in a block without cross-attention.</summary>
    public (Tensor Keys, Tensor Values)? ProjectAudio(Tensor frames)
    {
        if (crossattention is not { self: var self }) return null;
        using var scope = NewDisposeScope();
        // Laid out head by head here, once, so that no pass has to copy them into that order.
        var keys = Attention.SplitHeads(self.Keys(frames), self.Heads).contiguous();
        var values = Attention.SplitHeads(self.Values(frames), self.Heads).contiguous();
        return (keys.MoveToOuterDisposeScope(), values.MoveToOuterDisposeScope());
    }

    /// <summary>(N, D) to (N, D), or in the last block to what is kept.</summary>
    /// <param name="x">Packed hidden states.</param>
    /// <param name="pass">How they are packed and who attends to whom.</param>
    /// <param name="isLast">Computes what the pass keeps; the rest is seen by it as keys and values only.</param>
    /// <param name="cache">Receives the keys and values of segment 0.</param>
    public Tensor Run(Tensor x, QFormerPass pass, bool isLast, List<(Tensor Keys, Tensor Values)>? cache)
    {
        using var scope = NewDisposeScope();
        var (kept, after) = isLast ? (pass.Keep(x), pass.AsKept) : (x, pass);
        x = attention.output.Add(SelfAttend(x, pass, kept, after, cache), kept, pass.HiddenDropout);
        pass = after;
        if (cache is not null) cache[^1] = (cache[^1].Keys.MoveToOuterDisposeScope(), cache[^1].Values.MoveToOuterDisposeScope());
        long queryRows = pass.QueryRows, textRows = x.shape[0] - queryRows;
        if (textRows == 0) return Queries(x, pass).MoveToOuterDisposeScope();
        if (queryRows == 0) return Text(x, pass).MoveToOuterDisposeScope();
        return cat([Queries(x.narrow(0, 0, queryRows), pass), Text(x.narrow(0, queryRows, textRows), pass)], 0).MoveToOuterDisposeScope();
    }

    /// <summary>As <see cref="Run"/>, keeping nothing for the gradient but what it is given: the block is then computed again.</summary>
    public Tensor RunTwice(Tensor x, QFormerPass pass, bool isLast) =>
        Recompute.Run(inputs => Run(inputs[0], pass.With(index, inputs.Skip(1)), isLast, null), [x, .. pass.Inputs(index)]);

    private Tensor SelfAttend(Tensor x, QFormerPass pass, Tensor kept, QFormerPass after, List<(Tensor Keys, Tensor Values)>? cache)
    {
        using var scope = NewDisposeScope();
        var self = attention.self;
        var queries = after.Split(self.Queries(kept), self.Heads); // (B, H, n, d) a segment
        var keys = pass.Split(self.Keys(x), self.Heads);
        var values = pass.Split(self.Values(x), self.Heads);
        if (cache is not null)
        {
            (keys[0], values[0]) = (keys[0].contiguous(), values[0].contiguous());
            cache.Add((keys[0].alias().MoveToOuterDisposeScope(), values[0].alias().MoveToOuterDisposeScope()));
        }

        var attended = new Tensor[pass.Segments.Length]; // (B n, D) a segment
        foreach (var group in pass.Groups)
        {
            var (allKeys, allValues) = (group.To.Select(i => keys[i]), group.To.Select(i => values[i]));
            if (group.Prefix is { } prefix)
            {
                allKeys = allKeys.Prepend(prefix.Keys(index));
                allValues = allValues.Prepend(prefix.Values(index));
            }
            var context = Attention.Attend(QFormerPass.Join([.. group.From.Select(i => queries[i])], 2),
                QFormerPass.Join([.. allKeys], 2), QFormerPass.Join([.. allValues], 2), group.Bias, pass.AttentionDropout); // (B, H, From, d)
            long start = 0;
            foreach (int i in group.From)
            {
                long length = after.Segments[i].Length;
                attended[i] = context.narrow(2, start, length).transpose(1, 2).reshape(after.Segments[i].Size, x.shape[1]);
                start += length;
            }
        }
        return QFormerPass.Join(attended, 0).MoveToOuterDisposeScope();
    }

    private Tensor Queries(Tensor x, QFormerPass pass)
    {
        using var scope = NewDisposeScope();
        if (crossattention is not null)
        {
            var audio = pass.Audio!;
            var queries = crossattention.self.Queries(x).view(audio.Rows, -1, x.shape[1]);   // (B, Q, D)
            var (keys, values) = audio.ForLayer(index);                                            // (B, H, T, d)
            var split = Attention.SplitHeads(queries, crossattention.self.Heads);
            pass.Watched?.Add(Attention.Weights(split, keys, audio.Bias).mean([1]).DetachFromDisposeScope());
            var context = Attention.Attend(split, keys, values, audio.Bias, pass.AttentionDropout);
            x = crossattention.output.Add(Attention.MergeHeads(context).view(-1, x.shape[1]), x, pass.HiddenDropout);
        }
        return output_query.Add(intermediate_query.forward(x), x, pass.HiddenDropout).MoveToOuterDisposeScope();
    }

    private Tensor Text(Tensor x, QFormerPass pass)
    {
        using var scope = NewDisposeScope();
        return output!.Add(intermediate!.forward(x), x, pass.HiddenDropout).MoveToOuterDisposeScope();
    }
}
