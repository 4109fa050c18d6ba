using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.LanguageModels;

/// <summary>The blocks of T5's encoder or decoder.</summary>
internal sealed class T5Stack : Module
{
    private readonly ModuleList<T5Block> block;
    private readonly RmsNorm final_layer_norm;
    private readonly T5Config config;
    private readonly bool isDecoder;

    public T5Stack(T5Config config, bool isDecoder) : base(nameof(T5Stack))
    {
        (this.config, this.isDecoder) = (config, isDecoder);
        int layers = (int)(isDecoder ? config.DecoderLayers : config.EncoderLayers);
        block = new ModuleList<T5Block>([.. Enumerable.Range(0, layers).Select(i => new T5Block(config, isDecoder, i))]);
        final_layer_norm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public IReadOnlyList<T5Block> Blocks => [.. block];

    /// <summary>Runs the blocks; how each one attends is the caller's, since a step over caches differs from a whole sequence in that alone.</summary>
    /// <returns>The normalised output; with <paramref name="keepAll"/>, the input of every block before it.</returns>
    public List<Tensor> Run(Tensor x, Func<T5Block, Tensor, Tensor> selfAttend, Func<T5Block, Tensor, Tensor>? crossAttend, bool keepAll)
    {
        List<Tensor> hidden = keepAll ? [x.alias()] : []; // the input stays the caller's
        using var scope = NewDisposeScope();
        foreach (var layer in block)
        {
            x = Step(layer, x);
            if (keepAll) hidden.Add(x.MoveToOuterDisposeScope());
        }
        if (keepAll) hidden.RemoveAt(hidden.Count - 1);
        hidden.Add(final_layer_norm.forward(x).MoveToOuterDisposeScope());
        return hidden;

        Tensor Step(T5Block layer, Tensor x)
        {
            using var inner = NewDisposeScope();
            x = x.Plus(selfAttend(layer, x));
            if (crossAttend is not null) x = x.Plus(crossAttend(layer, x));
            return x.Plus(layer.FeedForward(x)).MoveToOuterDisposeScope();
        }
    }

    /// <summary>What block 0 learned of relative positions, for queries 0..queries-1 and keys 0..keys-1: (1, H, queries, keys).</summary>
    public Tensor PositionBias(long queries, long keys)
    {
        using var scope = NewDisposeScope();
        // Each distance is looked up once, then laid out: distance j - i stands at index j - i + queries - 1.
        var distances = DistanceBias(Enumerable.Range(0, (int)(queries + keys - 1)).Select(i => i - queries + 1)); // (Q + K - 1, H)
        var device = distances.device;
        var index = Indices(keys, device: device).unsqueeze(0)
            .sub(Indices(queries, device: device).unsqueeze(1)).Plus(queries - 1); // (Q, K)
        return distances.index_select(0, index.view(-1)).view(queries, keys, -1).permute(2, 0, 1).unsqueeze(0).contiguous()
            .MoveToOuterDisposeScope();
    }

    /// <summary>Biases of relative positions (key minus query): (n, H).</summary>
    public Tensor DistanceBias(IEnumerable<long> relative)
    {
        var table = block[0].RelativeBias;
        long[] buckets = [.. relative.Select(r => Bucket(r, !isDecoder, config.RelativeBuckets, config.RelativeMaxDistance))];
        using var ids = tensor(buckets, device: table.weight.device);
        return table.forward(ids);
    }

    /// <summary>The bucket of a relative position: exact up to a quarter (or half) of the buckets, logarithmic beyond.</summary>
    /// <param name="relative">Key position minus query position.</param>
    /// <param name="bidirectional">Half of the buckets for keys after the query; otherwise those all share bucket 0.</param>
    /// <param name="buckets">Number of buckets.</param>
    /// <param name="maxDistance">From here on all distances share the last bucket.</param>
    /// <remarks>Single precision throughout, and truncation, as the original computes it: the boundaries depend on both.</remarks>
    internal static long Bucket(long relative, bool bidirectional, long buckets, long maxDistance)
    {
        long offset = 0;
        if (bidirectional)
        {
            buckets /= 2;
            if (relative > 0) offset = buckets;
            relative = Math.Abs(relative);
        }
        else
        {
            relative = Math.Max(-relative, 0);
        }

        long exact = buckets / 2;
        if (relative < exact) return offset + relative;
        float logarithm = MathF.Log((float)relative / exact) / (float)Math.Log(maxDistance / (double)exact) * (buckets - exact);
        return offset + Math.Min(exact + (long)logarithm, buckets - 1);
    }
}

/// <summary>A block: self-attention, in the decoder cross-attention, then the feed-forward; each on normalised input, each a residual.</summary>
internal sealed class T5Block : Module
{
    private readonly ModuleList<Module> layer;

    public T5Block(T5Config config, bool isDecoder, int index) : base(nameof(T5Block))
    {
        var self = new SelfAttentionLayer(config, index == 0);
        var feedForward = new FeedForwardLayer(config);
        layer = isDecoder ? new ModuleList<Module>(self, new CrossAttentionLayer(config), feedForward) : new ModuleList<Module>(self, feedForward);
        Index = index;
        RegisterComponents();
    }

    public int Index { get; }

    private SelfAttentionLayer Self => (SelfAttentionLayer)layer[0];

    private CrossAttentionLayer Cross => (CrossAttentionLayer)layer[1];

    public Embedding RelativeBias => Self.SelfAttention.relative_attention_bias!;

    /// <summary>Self-attention over a whole sequence: (B, T, D).</summary>
    public Tensor SelfAttend(Tensor x, Tensor bias) => SelfAttend(x, bias, (keys, values) => (keys, values));

    /// <summary>Self-attention whose keys and values, (B, H, T, d) each, a cache turns into those of the whole history.</summary>
    public Tensor SelfAttend(Tensor x, Tensor bias, Func<Tensor, Tensor, (Tensor, Tensor)> cache)
    {
        using var scope = NewDisposeScope();
        var attention = Self.SelfAttention;
        var normalised = Self.layer_norm.forward(x);
        var (keys, values) = cache(attention.Keys(normalised), attention.Values(normalised));
        return attention.Attend(normalised, keys, values, bias).MoveToOuterDisposeScope();
    }

    /// <summary>Keys and values of the encoder's states, (B, H, P, d) each.</summary>
    public (Tensor Keys, Tensor Values) CrossKeys(Tensor encoded) => (Cross.EncDecAttention.Keys(encoded), Cross.EncDecAttention.Values(encoded));

    /// <summary>Cross-attention: (B, T, D) on <see cref="CrossKeys"/>.</summary>
    public Tensor CrossAttend(Tensor x, (Tensor Keys, Tensor Values) encoded, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        return Cross.EncDecAttention.Attend(Cross.layer_norm.forward(x), encoded.Keys, encoded.Values, bias).MoveToOuterDisposeScope();
    }

    public Tensor FeedForward(Tensor x) => ((FeedForwardLayer)layer[^1]).forward(x);

    private sealed class SelfAttentionLayer : Module
    {
        public readonly T5Attention SelfAttention;
        public readonly RmsNorm layer_norm;

        public SelfAttentionLayer(T5Config config, bool hasBias) : base(nameof(SelfAttentionLayer))
        {
            SelfAttention = new T5Attention(config, hasBias);
            layer_norm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
            RegisterComponents();
        }
    }

    private sealed class CrossAttentionLayer : Module
    {
        public readonly T5Attention EncDecAttention;
        public readonly RmsNorm layer_norm;

        public CrossAttentionLayer(T5Config config) : base(nameof(CrossAttentionLayer))
        {
            EncDecAttention = new T5Attention(config, hasBias: false);
            layer_norm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
            RegisterComponents();
        }
    }

    private sealed class FeedForwardLayer : Module<Tensor, Tensor>
    {
        private readonly T5FeedForward DenseReluDense;
        private readonly RmsNorm layer_norm;

        public FeedForwardLayer(T5Config config) : base(nameof(FeedForwardLayer))
        {
            DenseReluDense = new T5FeedForward(config);
            layer_norm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var normalised = layer_norm.forward(x);
            return DenseReluDense.forward(normalised);
        }
    }
}

/// <summary>T5's attention: no bias in the projections, no scaling of the scores, heads whose widths need not add up to D.</summary>
internal sealed class T5Attention : Module
{
    private readonly Linear q, k, v, o;
    public readonly Embedding? relative_attention_bias; // (buckets, H), in block 0
    private readonly long heads;

    public T5Attention(T5Config config, bool hasBias) : base(nameof(T5Attention))
    {
        long width = config.HiddenSize, inner = config.Heads * config.HeadSize;
        (q, k, v, o) = (new(width, inner, bias: false), new(width, inner, bias: false), new(width, inner, bias: false), new(inner, width, bias: false));
        relative_attention_bias = hasBias ? new Embedding(config.RelativeBuckets, config.Heads) : null;
        heads = config.Heads;
        RegisterComponents();
    }

    public Tensor Keys(Tensor x) => Attention.SplitHeads(k.forward(x), heads); // (B, H, T, d)

    public Tensor Values(Tensor x) => Attention.SplitHeads(v.forward(x), heads);

    public Tensor Attend(Tensor x, Tensor keys, Tensor values, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var queries = Attention.SplitHeads(q.forward(x), heads); // (B, H, T, d)
        return o.forward(Attention.MergeHeads(Attention.Attend(queries, keys, values, bias, scaled: false))).MoveToOuterDisposeScope();
    }
}

/// <summary>Feed-forward of v1, wo(f(wi(x))), or of v1.1, wo(f(wi_0(x)) * wi_1(x)).</summary>
internal sealed class T5FeedForward : Module<Tensor, Tensor>
{
    private readonly Linear? wi, wi_0, wi_1;
    private readonly Linear wo;
    private readonly Func<Tensor, Tensor> gate;

    public T5FeedForward(T5Config config) : base(nameof(T5FeedForward))
    {
        Linear In() => new(config.HiddenSize, config.FeedForwardSize, bias: false);
        (wi, wi_0, wi_1) = config.IsGated ? (null, In(), In()) : (In(), (Linear?)null, (Linear?)null);
        wo = new Linear(config.FeedForwardSize, config.HiddenSize, bias: false);
        gate = config.Gate;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var inner = wi is not null ? gate(wi.forward(x)) : gate(wi_0!.forward(x)).mul_(wi_1!.forward(x));
        return wo.forward(inner).MoveToOuterDisposeScope();
    }
}
