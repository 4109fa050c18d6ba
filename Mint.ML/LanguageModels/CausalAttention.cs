using Mint.ML.Layers;
using Mint.ML.Tensors;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.LanguageModels;

/// <summary>How the layers of a decoder-only model attend in one forward pass: over a whole sequence, or one token on caches.</summary>
internal interface ICausalAttention
{
    /// <summary>Position ids, (B, T) int64: the number of real tokens before each one, so that padding moves nothing.</summary>
    Tensor Positions { get; }

    /// <summary>No position id is higher: known without asking the device.</summary>
    long LongestPosition { get; }

    /// <summary>Attends with 1/√d scaling.</summary>
    /// <param name="layer">Index of the layer, which has its own cache.</param>
    /// <param name="query">(B, H, T, d).</param>
    /// <param name="key">(B, G, T, d); G divides H, and each key head serves the H/G consecutive query heads.</param>
    /// <param name="value">(B, G, T, d).</param>
    /// <returns>The heads side by side, (B, T, H d).</returns>
    Tensor Attend(int layer, Tensor query, Tensor key, Tensor value);
}

/// <summary>Causal attention over a whole sequence; on request its keys and values are kept as the prompt of later steps.</summary>
internal sealed class SequenceAttention : ICausalAttention, IDisposable
{
    private readonly Tensor bias; // (B or 1, 1, T, T), or g T query rows when g query heads share a key head
    private readonly CausalState? keep;

    /// <param name="mask">(B, T) bool, true where a token is real; null when all are.</param>
    /// <param name="positions">(B, T) int64; null counts the real tokens.</param>
    /// <param name="embeddings">The input, (B, T, D), for its shape, type and device.</param>
    /// <param name="headsPerKey">Query heads that share a key head.</param>
    /// <param name="keep">Receives every layer's keys and values.</param>
    public SequenceAttention(Tensor? mask, Tensor? positions, Tensor embeddings, long headsPerKey, CausalState? keep = null)
    {
        var (rows, length, device) = (embeddings.shape[0], embeddings.shape[1], embeddings.device);
        this.keep = keep;
        using var scope = NewDisposeScope();
        LongestPosition = positions is null ? length - 1 : positions.max().item<long>();
        Positions = positions?.alias()
            ?? (mask is not null ? PositionsOf(mask) : Indices(length, device: device).unsqueeze(0).expand(rows, length));
        var allowed = ones([length, length], dtype: ScalarType.Bool, device: device).tril();
        if (mask is not null)
            allowed = allowed.logical_and(mask.view(rows, 1, 1, length)); // (B, 1, T, T)
        // The lowest finite value and not -∞: a padded query may attend to nothing, and 0/0 would spread from there.
        bias = zeros(allowed.shape, dtype: embeddings.dtype, device: device)
            .FillWhere_(allowed.logical_not(), finfo(embeddings.dtype).min);
        if (headsPerKey > 1)
            bias = bias.view(-1, 1, length, length).repeat(1, 1, headsPerKey, 1);
        Positions.MoveToOuterDisposeScope();
        bias.MoveToOuterDisposeScope();
    }

    public Tensor Positions { get; }

    public long LongestPosition { get; }

    /// <summary>Position ids of a masked batch: padding on the left shifts nothing, and padding itself gets a harmless id.</summary>
    public static Tensor PositionsOf(Tensor mask) => mask.to(ScalarType.Int64).cumsum(1).Minus(1).AtLeast(0); // (B, T)

    public Tensor Attend(int layer, Tensor query, Tensor key, Tensor value)
    {
        keep?.KeepPrompt(layer, key, value);
        var (rows, heads, length, width) = (query.shape[0], query.shape[1], query.shape[2], query.shape[3]);
        var groups = key.shape[1];
        using var scope = NewDisposeScope();
        // Heads that share keys are stacked as further rows of one product, instead of copying the keys for each.
        if (groups != heads)
            query = query.reshape(rows, groups, heads / groups * length, width);
        var context = Attention.Attend(query, key, value, bias); // (B, G, H/G T, d)
        return Attention.MergeHeads(context.reshape(rows, heads, length, width)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Positions.Dispose();
        bias.Dispose();
    }
}

/// <summary>Caches of a decoder-only model: keys and values of the prompts, once a prompt, and of the answers, once a row.</summary>
/// <remarks>
/// The one place that does not call <see cref="Attention.Attend"/>: a prompt's keys serve all its rows and are not repeated for each, so that the scores of a
/// row come from two products under one softmax.
/// Nothing here is tracked by a dispose scope or by autograd: the state lives from <c>Begin</c> until it is disposed.
/// </remarks>
internal sealed class CausalState : DecodingState, ICausalAttention
{
    private const long FirstCapacity = 16;

    private readonly (Tensor Keys, Tensor Values)[] prompt; // a layer: (B, G, P, d)
    private readonly (Tensor Keys, Tensor Values)[] answer; // a layer: (R, G, capacity, d), of which `length` are written
    private Tensor? promptBias;                             // (B, 1, 1, P): 0, or the lowest value on padding; null without padding
    private Tensor positions;                               // (R, 1), of the token being fed
    private long prompts;
    private long rows;
    private long length;

    /// <param name="layers">Layers of the model.</param>
    /// <param name="mask">(B, P) bool, true where the prompt is real.</param>
    /// <param name="dtype">Type of keys and values.</param>
    public CausalState(int layers, Tensor mask, ScalarType dtype)
    {
        prompt = new (Tensor, Tensor)[layers];
        answer = new (Tensor, Tensor)[layers];
        prompts = rows = mask.shape[0];
        using var scope = NewDisposeScope();
        var real = mask.sum(1, keepdim: true, type: ScalarType.Int64); // (B, 1)
        LongestPosition = real.max().item<long>() - 1;
        positions = real.Minus(1).DetachFromDisposeScope();
        if (!mask.all().item<bool>())
        {
            promptBias = zeros(mask.shape, dtype: dtype, device: mask.device)
                .FillWhere_(mask.logical_not(), finfo(dtype).min).view(prompts, 1, 1, -1).DetachFromDisposeScope();
        }
    }

    private CausalState(CausalState parent, Tensor rows)
    {
        using var scope = NewDisposeScope();
        prompt = [.. parent.prompt.Select(cache => (Alias(cache.Keys), Alias(cache.Values)))];
        answer = [.. parent.answer.Select(cache => cache.Keys is null ? default : (Pick(parent.Written(cache.Keys)), Pick(parent.Written(cache.Values))))];
        promptBias = parent.promptBias is null ? null : Alias(parent.promptBias);
        positions = Pick(parent.positions);
        (prompts, this.rows, length, LongestPosition) = (parent.prompts, rows.shape[0], parent.length, parent.LongestPosition);

        static Tensor Alias(Tensor shared) => shared.alias().DetachFromDisposeScope();
        Tensor Pick(Tensor cache) => cache.index_select(0, rows).DetachFromDisposeScope();
    }

    public override DecodingState Branch(Tensor rows) => new CausalState(this, rows);

    public override int Prompts => (int)prompts;

    public override int Rows => (int)rows;

    public Tensor Positions => positions;

    public long LongestPosition { get; private set; }

    /// <summary>Takes a layer's keys and values of the prompts, (B, G, P, d).</summary>
    public void KeepPrompt(int layer, Tensor key, Tensor value) =>
        // Copied when they are views of a fused product, which would otherwise stay in memory as a whole.
        prompt[layer] = (key.contiguous().DetachFromDisposeScope(), value.contiguous().DetachFromDisposeScope());

    /// <summary>Called once before the layers see a token.</summary>
    public void Advance()
    {
        positions.Plus_(1);
        LongestPosition++;
        length++;
    }

    public Tensor Attend(int layer, Tensor query, Tensor key, Tensor value)
    {
        Append(layer, key, value);
        var (heads, width, groups) = (query.shape[1], query.shape[3], key.shape[1]);
        var (beams, shared) = (rows / prompts, heads / groups);
        var (promptKeys, promptValues) = prompt[layer];
        var promptLength = promptKeys.shape[2];
        using var scope = NewDisposeScope();
        var queries = query.Times(1 / Math.Sqrt(width)).view(rows, groups, shared, width);
        // All rows of a prompt meet its keys in one product; for one row a prompt the rearranging below copies nothing.
        var promptScores = ByPrompt(queries).matmul(promptKeys.transpose(2, 3)); // (B, G, K g, P)
        if (promptBias is not null)
            promptScores.Plus_(promptBias);
        var scores = cat([ByRow(promptScores), queries.matmul(Written(answer[layer].Keys).transpose(2, 3))], -1); // (R, G, g, P + S)
        var weights = scores.softmax(-1);
        var context = ByRow(ByPrompt(weights.narrow(3, 0, promptLength)).matmul(promptValues)) // (R, G, g, d)
            .Plus(weights.narrow(3, promptLength, length).matmul(Written(answer[layer].Values)));
        return context.reshape(rows, 1, heads * width).MoveToOuterDisposeScope();

        Tensor ByPrompt(Tensor x) => x.reshape(prompts, beams, groups, shared, -1).transpose(1, 2).reshape(prompts, groups, beams * shared, -1);
        Tensor ByRow(Tensor x) => x.view(prompts, groups, beams, shared, -1).transpose(1, 2).reshape(rows, groups, shared, -1);
    }

    public override void Select(Tensor? prompts, Tensor rows)
    {
        using var scope = NewDisposeScope();
        if (prompts is not null)
        {
            this.prompts = prompts.shape[0];
            if (promptBias is not null)
                promptBias = Replace(promptBias, prompts);
            for (var layer = 0; layer < prompt.Length; layer++)
                prompt[layer] = (Replace(prompt[layer].Keys, prompts), Replace(prompt[layer].Values, prompts));
        }
        this.rows = rows.shape[0];
        if (this.rows % this.prompts != 0)
            throw new ArgumentException($"{this.rows} rows cannot be shared evenly by {this.prompts} prompts.", nameof(rows));
        positions = Replace(positions, rows);
        if (length > 0)
        {
            for (var layer = 0; layer < answer.Length; layer++)
                answer[layer] = (Replace(answer[layer].Keys, rows), Replace(answer[layer].Values, rows));
        }

        static Tensor Replace(Tensor old, Tensor indices)
        {
            var selected = old.index_select(0, indices).DetachFromDisposeScope();
            old.Dispose();
            return selected;
        }
    }

    public override void Dispose()
    {
        foreach (var (keys, values) in prompt.Concat(answer))
        {
            keys?.Dispose();
            values?.Dispose();
        }
        positions.Dispose();
        promptBias?.Dispose();
    }

    private Tensor Written(Tensor cache) => cache.narrow(2, 0, length);

    private void Append(int layer, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        answer[layer] = (Put(answer[layer].Keys, key), Put(answer[layer].Values, value));

        Tensor Put(Tensor? cache, Tensor item) // item: (R, G, 1, d)
        {
            if (cache is null || cache.shape[2] < length)
            {
                var capacity = cache is null ? Math.Max(FirstCapacity, length) : 2 * cache.shape[2];
                var grown = item.new_empty(rows, item.shape[1], capacity, item.shape[3]).DetachFromDisposeScope();
                if (cache is not null)
                {
                    grown.narrow(2, 0, length - 1).copy_(cache.narrow(2, 0, length - 1));
                    cache.Dispose();
                }
                cache = grown;
            }
            cache.narrow(2, length - 1, 1).copy_(item);
            return cache;
        }
    }
}
