using Mint.ML.Layers;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Bridges;

/// <summary>A batch of audio as every cross-attention of a Q-Former sees it: keys and values, projected once and used by any number of passes.</summary>
/// <remarks>Gradients flow through it to the projections, summed over the passes.</remarks>
public sealed class AudioKeys : IDisposable
{
    private readonly (Tensor Keys, Tensor Values)?[] layers; // (B, H, T, d), or null where a block does not attend to the audio

    internal AudioKeys((Tensor Keys, Tensor Values)?[] layers, Tensor? bias, long rows) => (this.layers, Bias, Rows) = (layers, bias, rows);

    /// <summary>Number B of clips.</summary>
    public long Rows { get; }

    internal Tensor? Bias { get; } // (B, 1, 1, T)

    internal (Tensor Keys, Tensor Values) ForLayer(int layer) => layers[layer]!.Value;

    /// <summary>The tensors that a block reads; none where it does not attend to the audio.</summary>
    internal IEnumerable<Tensor> Inputs(int layer) => layers[layer] is not var (keys, values) ? [] : Bias is null ? [keys, values] : [keys, values, Bias];

    /// <summary>With others in the place of a block's <see cref="Inputs"/>.</summary>
    internal AudioKeys With(int layer, Queue<Tensor> inputs)
    {
        if (layers[layer] is null) return this;
        var others = layers.ToArray();
        others[layer] = (inputs.Dequeue(), inputs.Dequeue());
        return new AudioKeys(others, Bias is null ? null : inputs.Dequeue(), Rows);
    }

    /// <summary>The clips of given indices, in their order and as often as named: the negatives of audio-text matching.</summary>
    /// <param name="rows">(B') int64.</param>
    public AudioKeys Select(Tensor rows) => new(
        [.. layers.Select(layer => layer is var (keys, values) ? ((Tensor, Tensor)?)(keys.index_select(0, rows), values.index_select(0, rows)) : null)],
        Bias?.index_select(0, rows), rows.shape[0]);

    /// <summary>These clips, and others after them; the shorter ones are padded.</summary>
    internal AudioKeys Then(AudioKeys others)
    {
        using var scope = NewDisposeScope();
        long length = Math.Max(Length, others.Length);
        var (own, theirs) = (Padded(length), others.Padded(length));
        bool masks = own.Bias is not null || theirs.Bias is not null;
        return new AudioKeys(
            [.. own.layers.Zip(theirs.layers, (one, other) => one is not var (keys, values) || other is not var (more, further) ? null
                : ((Tensor, Tensor)?)(cat([keys, more], 0).MoveToOuterDisposeScope(), cat([values, further], 0).MoveToOuterDisposeScope()))],
            masks ? cat([own.Seen(length), theirs.Seen(length)], 0).MoveToOuterDisposeScope() : null, Rows + others.Rows);
    }

    private Tensor SomeKeys => layers.First(layer => layer is not null)!.Value.Keys;

    private long Length => SomeKeys.shape[2];

    // A bias is of the scores' type, and those of a bridge that is trained are float32.
    private Tensor Seen(long length) => Bias ?? zeros([Rows, 1, 1, length], ScalarType.Float32, SomeKeys.device);

    private AudioKeys Padded(long length)
    {
        if (length == Length) return this;
        Tensor More(Tensor x) => cat([x, zeros([x.shape[0], x.shape[1], length - Length, x.shape[3]], x.dtype, x.device)], 2);
        var seen = Seen(Length);
        var bias = cat([seen, Filled([Rows, 1, 1, length - Length], Attention.Lowest(seen.dtype), seen.dtype, seen.device)], 3);
        return new AudioKeys([.. layers.Select(layer => layer is var (keys, values) ? ((Tensor, Tensor)?)(More(keys), More(values)) : null)], bias, Rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in layers)
        {
            layer?.Keys.Dispose();
            layer?.Values.Dispose();
        }
        Bias?.Dispose();
    }
}

/// <summary>The queries' keys and values in every block, as a prefix that generated text attends to.</summary>
public sealed class QueryCache : IDisposable
{
    private readonly (Tensor Keys, Tensor Values)[] layers; // (B, H, Q, d)

    internal QueryCache((Tensor Keys, Tensor Values)[] layers) => this.layers = layers;

    /// <summary>Number Q of queries.</summary>
    public long Length => layers[0].Keys.shape[2];

    /// <summary>A block's self-attention keys of the queries, (B, H, Q, d).</summary>
    public Tensor Keys(int layer) => layers[layer].Keys;

    /// <summary>A block's self-attention values of the queries, (B, H, Q, d).</summary>
    public Tensor Values(int layer) => layers[layer].Values;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (keys, values) in layers)
        {
            keys.Dispose();
            values.Dispose();
        }
    }
}
