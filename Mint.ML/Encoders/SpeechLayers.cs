using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>The convolutions over the waveform: (T) samples of one row to (T', C) frames.</summary>
/// <remarks>
/// Channels stand last throughout: a window of k steps of C channels is then one run of memory, the convolution one matrix
/// product, and the norms that follow need no transposition.
/// </remarks>
internal sealed class SpeechConvolutions : Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv_layers")] private readonly ModuleList<SpeechConvolution> layers;

    internal SpeechConvolutions(SpeechEncoderConfig config) : base(nameof(SpeechConvolutions))
    {
        layers = new ModuleList<SpeechConvolution>([.. config.ConvolutionWidths.Select((_, i) => new SpeechConvolution(config, i))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor samples)
    {
        using var input = samples.unsqueeze(1); // (T, 1)
        return Run(input, 0, layers.Count);
    }

    /// <summary>Some of the layers, of one row or of several of one length: (..., T, C) to (..., T', C').</summary>
    internal Tensor Run(Tensor input, int first, int end)
    {
        using var scope = NewDisposeScope();
        var x = input.alias();
        for (int i = first; i < end; i++)
        {
            var next = layers[i].forward(x);
            x.Dispose(); // the widest tensors of the whole encoder: none outlives its use
            x = next;
        }
        return x.MoveToOuterDisposeScope();
    }

    internal int Count => layers.Count;

    /// <summary>The parameters of the layers from one on.</summary>
    internal IEnumerable<(string name, Parameter parameter)> ParametersFrom(int first) =>
        layers.Skip(first).SelectMany((layer, i) => layer.named_parameters().Select(pair => ($"conv_layers.{first + i}.{pair.name}", pair.parameter)));
}

/// <summary>Convolution, norm, GELU: (..., T, C) to (..., T', C').</summary>
internal sealed class SpeechConvolution : Module<Tensor, Tensor>
{
    private readonly Convolution conv;
    private readonly LayerNorm? layer_norm;
    private readonly bool overTime;

    public SpeechConvolution(SpeechEncoderConfig config, int index) : base(nameof(SpeechConvolution))
    {
        conv = new Convolution(index == 0 ? 1 : config.ConvolutionWidths[index - 1], config.ConvolutionWidths[index],
            config.ConvolutionKernels[index], config.ConvolutionStrides[index], config.ConvolutionBias);
        overTime = config.GroupNorm;
        layer_norm = !config.GroupNorm || index == 0 ? new LayerNorm(config.ConvolutionWidths[index], eps: 1e-5) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = conv.forward(x);
        if (layer_norm is not null) x = overTime ? NormaliseOverTime(x, layer_norm) : layer_norm.forward(x);
        return functional.gelu(x).MoveToOuterDisposeScope();
    }

    /// <summary>GroupNorm with one channel a group: each channel to zero mean and unit variance over time.</summary>
    private static Tensor NormaliseOverTime(Tensor x, LayerNorm affine)
    {
        var centred = x - x.mean([-2], keepdim: true);                             // (..., T, C)
        var scale = centred.Squared().mean([-2], keepdim: true).Plus(1e-5).rsqrt();   // (..., 1, C)
        return centred.mul_(scale * affine.weight).Plus_(affine.bias);
    }

    private sealed class Convolution : Module<Tensor, Tensor>
    {
        private readonly Parameter weight; // (C', C, k)
        private readonly Parameter? bias;
        private readonly long stride;

        public Convolution(long inputs, long outputs, long kernel, long stride, bool bias) : base(nameof(Convolution))
        {
            weight = new Parameter(empty(outputs, inputs, kernel));
            this.bias = bias ? new Parameter(empty(outputs)) : null;
            this.stride = stride;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            long C = weight.shape[1], k = weight.shape[2];
            var windows = x.unfold(-2, k, stride).transpose(-2, -1).flatten(-2);  // (..., T', k*C), where it can be a view: its rows overlap
            var matrix = weight.permute(0, 2, 1).reshape(weight.shape[0], k * C); // (C', k*C)
            return functional.linear(windows, matrix, bias).MoveToOuterDisposeScope();
        }
    }
}

/// <summary>Convolution channels to the transformer's width.</summary>
internal sealed class SpeechProjection : Module
{
    private readonly LayerNorm? layer_norm;
    [ComponentName(Name = "projection")] private readonly Linear linear;

    internal SpeechProjection(SpeechEncoderConfig config) : base(nameof(SpeechProjection))
    {
        long channels = config.ConvolutionWidths[^1];
        layer_norm = config.ProjectionNorm ? new LayerNorm(channels, config.LayerNormEps) : null;
        linear = new Linear(channels, config.HiddenSize);
        RegisterComponents();
    }

    internal Tensor Weight => linear.weight;

    internal (Tensor Projected, Tensor Normalised) Project(Tensor features)
    {
        var normalised = layer_norm?.forward(features) ?? features;
        return (linear.forward(normalised), normalised);
    }
}

/// <summary>What tells frames apart by their place: convolutions over neighbouring frames, (B, T, D) to (B, T, D).</summary>
internal abstract class SpeechPositions : Module
{
    private protected SpeechPositions(string name) : base(name)
    {
    }

    /// <summary>The positional vectors of hidden states whose padding is zero.</summary>
    /// <param name="hidden">(B, T, D).</param>
    /// <param name="padding">(B, T, 1) bool, true where a frame is padding; null when rows need not be kept from their padding.</param>
    internal abstract Tensor Embed(Tensor hidden, Tensor? padding);

    /// <summary>A grouped convolution that keeps the number of frames, then GELU's input: (B, D, T) to (B, D, T).</summary>
    /// <remarks>Padding of k/2 on both sides gives a frame too many when k is even; the last is dropped, as in fairseq.</remarks>
    private protected static Tensor Convolve(Tensor x, Tensor weight, Tensor bias, long groups)
    {
        long kernel = weight.shape[2];
        var y = functional.conv1d(x, weight, bias, padding: kernel / 2, groups: groups);
        return kernel % 2 == 0 ? y.narrow(2, 0, x.shape[2]) : y;
    }
}

/// <summary>Positions, then transformer blocks.</summary>
internal sealed class SpeechTransformer : Module
{
    [ComponentName(Name = "pos_conv_embed")] private readonly SpeechPositions positions;
    private readonly LayerNorm layer_norm;
    private readonly ModuleList<SpeechBlock> layers;
    private readonly bool preNorm;

    internal SpeechTransformer(SpeechEncoderConfig config, SpeechPositions positions) : base(nameof(SpeechTransformer))
    {
        this.positions = positions;
        preNorm = config.PreNorm;
        layer_norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        layers = new ModuleList<SpeechBlock>([.. Enumerable.Range(0, (int)config.Layers).Select(_ => new SpeechBlock(config))]);
        RegisterComponents();
    }

    /// <summary>Hidden states of every layer, or of the last only.</summary>
    internal List<Tensor> Run(Tensor x, Tensor mask, bool isolateRows, bool keepAll)
    {
        using var scope = NewDisposeScope();
        var bias = Attention.Bias(mask, x.dtype); // (B, 1, 1, T) or null
        Tensor? padding = bias is null ? null : mask.logical_not().unsqueeze(2); // (B, T, 1)
        if (padding is not null) x = x.ZeroWhere(padding);
        x = x.Plus(positions.Embed(x, isolateRows ? padding : null));
        if (!preNorm) x = layer_norm.forward(x);

        List<Tensor> hidden = [x];
        for (int i = 0; i < layers.Count; i++)
        {
            var next = layers[i].forward(x, bias);
            if (preNorm && i == layers.Count - 1) next = layer_norm.forward(next);
            if (!keepAll)
            {
                x.Dispose();
                hidden.Clear();
            }
            hidden.Add(x = next);
        }
        return [.. hidden.Select(states => states.MoveToOuterDisposeScope())];
    }
}

/// <summary>A transformer block: self-attention and feed-forward, norms after (or before) each.</summary>
internal sealed class SpeechBlock : Module<Tensor, Tensor?, Tensor>
{
    private readonly SpeechAttention attention;
    private readonly LayerNorm layer_norm;
    private readonly SpeechFeedForward feed_forward;
    private readonly LayerNorm final_layer_norm;
    private readonly bool preNorm;
    private readonly double residual;

    public SpeechBlock(SpeechEncoderConfig config) : base(nameof(SpeechBlock))
    {
        attention = new SpeechAttention(config.HiddenSize, config.Heads);
        layer_norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        feed_forward = new SpeechFeedForward(config.HiddenSize, config.FeedForwardSize);
        final_layer_norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        (preNorm, residual) = (config.PreNorm, config.ResidualScale);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        if (preNorm)
        {
            x = x.Plus(attention.forward(layer_norm.forward(x), bias));
            return x.Plus(feed_forward.forward(final_layer_norm.forward(x))).MoveToOuterDisposeScope();
        }
        x = layer_norm.forward(attention.forward(x, bias).Plus_(x, residual));
        return final_layer_norm.forward(feed_forward.forward(x).Plus_(x, residual)).MoveToOuterDisposeScope();
    }
}

/// <summary>Multi-head self-attention: (B, T, D) to (B, T, D).</summary>
internal sealed class SpeechAttention : Module<Tensor, Tensor?, Tensor>
{
    private readonly Linear q_proj, k_proj, v_proj, out_proj;
    private readonly long heads;

    public SpeechAttention(long width, long heads) : base(nameof(SpeechAttention))
    {
        (q_proj, k_proj, v_proj, out_proj) = (new(width, width), new(width, width), new(width, width), new(width, width));
        this.heads = heads;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        double scale = Math.Pow(x.shape[2] / heads, -0.5);
        var q = Attention.SplitHeads(q_proj.forward(x).Times_(scale), heads); // (B, H, T, d)
        var k = Attention.SplitHeads(k_proj.forward(x), heads);
        var v = Attention.SplitHeads(v_proj.forward(x), heads);
        return out_proj.forward(Attention.MergeHeads(Attention.Attend(q, k, v, bias))).MoveToOuterDisposeScope();
    }
}

/// <summary>D to 4 D, GELU, and back.</summary>
internal sealed class SpeechFeedForward : Module<Tensor, Tensor>
{
    private readonly Linear intermediate_dense, output_dense;

    public SpeechFeedForward(long width, long intermediate) : base(nameof(SpeechFeedForward))
    {
        (intermediate_dense, output_dense) = (new(width, intermediate), new(intermediate, width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return output_dense.forward(functional.gelu(intermediate_dense.forward(x))).MoveToOuterDisposeScope();
    }
}
