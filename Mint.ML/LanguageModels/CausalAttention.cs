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
