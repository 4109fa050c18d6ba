using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>One stage of a Swin transformer (Liu et al., 2021): blocks on windows, every second one shifted, then half the resolution.</summary>
internal sealed class SwinStage : Module<Tensor, Tensor>
{
    private readonly ModuleList<SwinBlock> blocks;
    private readonly SwinMerging? downsample;
    private readonly long window;
    private readonly long shift;

    /// <param name="width">Channels C.</param>
    /// <param name="resolution">Side of the grid; a window that would cover it all takes its size and is not shifted.</param>
    /// <param name="config">The tower.</param>
    /// <param name="stage">Index of the stage.</param>
    public SwinStage(long width, long resolution, HtsAtConfig config, int stage) : base(nameof(SwinStage))
    {
        window = Math.Min(config.Window, resolution);
        shift = resolution > config.Window ? config.Window / 2 : 0;
        if (resolution % window != 0)
        {
            throw new InvalidDataException(
                $"config.json: 'window_size' {window} does not divide the {resolution}x{resolution} grid of stage {stage}.");
        }

        blocks = new ModuleList<SwinBlock>([.. Enumerable.Range(0, (int)config.Depths[stage])
            .Select(block => new SwinBlock(width, config.Heads[stage], window, block % 2 == 1 ? shift : 0, config))]);
        downsample = stage < config.Depths.Count - 1 ? new SwinMerging(width, config.LayerNormEps) : null;
        RegisterComponents();
    }

    /// <summary>(B, H, W, C) to (B, H/2, W/2, 2C), or to the same size in the last stage.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var regions = shift > 0 && blocks.Count > 1 ? Regions(x.shape[1], x) : null;
        foreach (var block in blocks)
            x = block.call(x, regions);
        return (downsample is null ? x.alias() : downsample.call(x)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// (windows, 1, N, N): -100 between positions that the shift brought into one window from opposite edges of the grid, else 0.
    /// </summary>
    private Tensor Regions(long resolution, Tensor like)
    {
        var position = Indices(resolution, device: like.device);
        // 0, 1 or 2
        var band = position.NotLessThan(resolution - window).to(ScalarType.Int64).Plus(position.NotLessThan(resolution - shift).to(ScalarType.Int64));
        var region = band.unsqueeze(1).Times(3).Plus(band).view(1, resolution, resolution, 1);
        var windows = SwinBlock.Partition(region, window).view(-1, 1, window * window);
        return zeros([windows.shape[0], 1, window * window, window * window], dtype: like.dtype, device: like.device)
            .FillWhere_(windows.unsqueeze(2).ne(windows.unsqueeze(3)), -100);
    }
}

internal sealed class SwinBlock : Module<Tensor, Tensor?, Tensor>
{
    private readonly LayerNorm layernorm_before;
    private readonly SwinAttention attention;
    private readonly LayerNorm layernorm_after;
    private readonly Dense intermediate;
    private readonly Dense output;
    private readonly long window;
    private readonly long shift;

    public SwinBlock(long width, long heads, long window, long shift, HtsAtConfig config) : base(nameof(SwinBlock))
    {
        (this.window, this.shift) = (window, shift);
        var inner = (long)(width * config.MlpRatio);
        layernorm_before = new LayerNorm(width, config.LayerNormEps);
        attention = new SwinAttention(width, heads, window, config.FusedProjections);
        layernorm_after = new LayerNorm(width, config.LayerNormEps);
        intermediate = new Dense(width, inner);
        output = new Dense(inner, width);
        RegisterComponents();
    }

    /// <param name="x">(B, H, W, C).</param>
    /// <param name="regions">What must not attend to each other in shifted windows; unused where this block does not shift.</param>
    public override Tensor forward(Tensor x, Tensor? regions)
    {
        using var scope = NewDisposeScope();
        var input = layernorm_before.call(x);
        if (shift > 0)
            input = input.roll([-shift, -shift], [1, 2]);
        var attended = attention.call(Partition(input, window), shift > 0 ? regions : null); // (B, windows, N, C)
        var (rows, height, width) = (x.shape[0], x.shape[1], x.shape[2]);
        attended = attended.view(rows, height / window, width / window, window, window, -1).permute(0, 1, 3, 2, 4, 5).reshape(x.shape);
        if (shift > 0)
            attended = attended.roll([shift, shift], [1, 2]);
        x = x.Plus(attended);
        return x.Plus(output.call(functional.gelu(intermediate.call(layernorm_after.call(x))))).MoveToOuterDisposeScope();
    }

    /// <summary>(B, H, W, C) to (B, windows, N, C) with N the window's positions.</summary>
    public static Tensor Partition(Tensor x, long window)
    {
        var (rows, height, width, channels) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        return x.view(rows, height / window, window, width / window, window, channels)
            .permute(0, 1, 3, 2, 4, 5).reshape(rows, -1, window * window, channels);
    }
}

internal sealed class SwinAttention : Module<Tensor, Tensor?, Tensor>
{
    private readonly SwinSelfAttention self;
    private readonly Dense output;

    public SwinAttention(long width, long heads, long window, bool fused) : base(nameof(SwinAttention))
    {
        self = new SwinSelfAttention(width, heads, window, fused);
        output = new Dense(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor? regions)
    {
        using var context = self.call(x, regions);
        return output.call(context);
    }
}

internal sealed class SwinSelfAttention : Module<Tensor, Tensor?, Tensor>
{
    private readonly Linear? qkv; // one product in the original's files, three in transformers'
    private readonly Linear? query;
    private readonly Linear? key;
    private readonly Linear? value;
    private readonly Parameter relative_position_bias_table; // ((2w-1)², heads)
    private readonly long[] offsets;                         // (N N) rows of the table: the offset between two positions of a window
    private readonly long heads;

    public SwinSelfAttention(long width, long heads, long window, bool fused) : base(nameof(SwinSelfAttention))
    {
        this.heads = heads;
        if (width % heads != 0)
            throw new InvalidDataException($"config.json: a stage of {width} channels cannot have {heads} attention heads.");
        if (fused)
            qkv = new Linear(width, 3 * width);
        else
            (query, key, value) = (new Linear(width, width), new Linear(width, width), new Linear(width, width));
        relative_position_bias_table = new Parameter(empty((2 * window - 1) * (2 * window - 1), heads));
        var positions = from x in Enumerable.Range(0, (int)(window * window)) select (Row: x / window, Column: x % window);
        offsets = [.. from a in positions from b in positions
                      select (a.Row - b.Row + window - 1) * (2 * window - 1) + a.Column - b.Column + window - 1];
        RegisterComponents();
    }

    /// <summary>(B, windows, N, C) to the same.</summary>
    public override Tensor forward(Tensor x, Tensor? regions)
    {
        long length = x.shape[2];
        using var scope = NewDisposeScope();
        var index = tensor(offsets, device: x.device);
        var bias = relative_position_bias_table.index_select(0, index).view(length, length, heads).permute(2, 0, 1); // (heads, N, N)
        if (regions is not null)
            bias = bias.Plus(regions); // (windows, heads, N, N)
        var (q, k, v) = Project(); // (B, windows, heads, N, d)
        return Attention.MergeHeads(Attention.Attend(q, k, v, bias)).MoveToOuterDisposeScope();

        (Tensor, Tensor, Tensor) Project()
        {
            if (qkv is null)
                return (Split(query!), Split(key!), Split(value!));
            var fused = Attention.SplitHeads(qkv.call(x), heads, parts: 3);
            return (fused[0], fused[1], fused[2]);
        }

        Tensor Split(Linear projection) => Attention.SplitHeads(projection.call(x), heads);
    }
}

/// <summary>Halves the resolution: four neighbours side by side, normalised, projected to twice the channels.</summary>
internal sealed class SwinMerging : Module<Tensor, Tensor>
{
    private readonly LayerNorm norm;
    private readonly Linear reduction;

    public SwinMerging(long width, double eps) : base(nameof(SwinMerging))
    {
        norm = new LayerNorm(4 * width, eps);
        reduction = new Linear(4 * width, 2 * width, bias: false);
        RegisterComponents();
    }

    /// <summary>(B, H, W, C) to (B, H/2, W/2, 2C).</summary>
    public override Tensor forward(Tensor x)
    {
        var (rows, height, width, channels) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        using var scope = NewDisposeScope();
        // Neighbours in the original's order: upper left, lower left, upper right, lower right.
        var neighbours = x.view(rows, height / 2, 2, width / 2, 2, channels).permute(0, 1, 3, 4, 2, 5)
            .reshape(rows, height / 2, width / 2, 4 * channels);
        return reduction.call(norm.call(neighbours)).MoveToOuterDisposeScope();
    }
}
