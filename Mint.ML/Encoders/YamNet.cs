using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>The dimensions of a YAMNet; the defaults are those of Google's.</summary>
public sealed record YamNetConfig
{
    /// <summary>Steps of the 13 blocks along time and frequency.</summary>
    public static IReadOnlyList<long> Strides { get; } = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];

    /// <summary>Channels of the stem and of each of the 13 blocks. The last is the width of the embedding.</summary>
    public IReadOnlyList<long> Widths { get; init; } = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];

    /// <summary>Classes that are scored: AudioSet's 521 of YAMNet.</summary>
    public long Classes { get; init; } = 521;

    /// <summary>Width D of the embedding.</summary>
    public long HiddenSize => Widths[^1];

    /// <summary>Reads a config.json.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range.</exception>
    public static YamNetConfig FromJson(JsonObject config)
    {
        var d = new YamNetConfig();
        var read = new YamNetConfig { Widths = config.Sizes("widths", d.Widths), Classes = config.Size("num_classes", d.Classes) };
        config.Refuse("widths", read.Widths.Count != d.Widths.Count, $"which are {read.Widths.Count} widths; expected that of the stem and of 13 blocks.");
        return read;
    }

    /// <summary>The config.json of these dimensions.</summary>
    public JsonObject ToJson() => new()
    {
        ["model_type"] = "yamnet",
        ["widths"] = new JsonArray([.. Widths.Select(width => (JsonNode)width)]),
        ["num_classes"] = Classes,
    };
}

/// <summary>
/// YAMNet (Plakal and Ellis, TensorFlow model garden, 2019): a MobileNet v1 (Howard et al., 2017) over log-mel patches of 0.96 s, with the batch norms
/// folded into the convolutions.
/// </summary>
public sealed class YamNet : Module<Tensor, Tensor>
{
    /// <summary>Frames of a patch, and mel bands.</summary>
    internal const int Frames = 96, Bands = 64;

    /// <summary>How the files name the weights. The filter bank is computed, and is not read.</summary>
    public static WeightNames Names { get; } = new() { Ignored = [@"^mel\.weight$"] };

    private readonly YamNetConvolution stem;
    private readonly ModuleList<YamNetBlock> blocks;
    private readonly Linear classifier;

    /// <summary>A model with unset weights.</summary>
    public YamNet(YamNetConfig config) : base(nameof(YamNet))
    {
        Config = config;
        stem = new YamNetConvolution(1, config.Widths[0], kernel: 3, stride: 2, grouped: false);
        blocks = [.. YamNetConfig.Strides.Select((stride, i) => new YamNetBlock(config.Widths[i], config.Widths[i + 1], stride))];
        classifier = new Linear(config.HiddenSize, config.Classes);
        RegisterComponents();
    }

    /// <summary>The dimensions.</summary>
    public YamNetConfig Config { get; }

    /// <summary>Where the weights are; inputs are expected there.</summary>
    public Device Device => classifier.weight.device;

    /// <summary>Type of the weights.</summary>
    internal ScalarType Type => classifier.weight.dtype;

    /// <summary>Loads a folder.</summary>
    /// <param name="folder">model.safetensors, and config.json where the widths are not YAMNet's own.</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken, or are not a YAMNet's.</exception>
    public static YamNet Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var model = new YamNet(YamNetConfig.FromJson(checkpoint.Config)).Placed(dtype, device).Frozen();
        WeightLoader.Load(model, checkpoint, Names);
        return model;
    }

    /// <summary>The last block's features.</summary>
    /// <param name="patches">(B, 96, 64), see <see cref="Audio.YamNetFrontEnd"/>.</param>
    /// <returns>(B, D, 3, 2): a column of time is 0.32 s.</returns>
    public override Tensor forward(Tensor patches) => Features(patches, blocks.Count)[^1];

    /// <summary>The features after some of the blocks, in order.</summary>
    /// <param name="patches">(B, 96, 64).</param>
    /// <param name="after">How many blocks lie before each, rising; for instance 5 for (B, 256, 12, 8), 11 for (B, 512, 6, 4) of YAMNet's own widths.</param>
    public Tensor[] Features(Tensor patches, params int[] after)
    {
        if (patches.shape is not [_, Frames, Bands])
            throw new ArgumentException($"The patches have shape ({string.Join(", ", patches.shape)}); YAMNet takes (B, {Frames}, {Bands}).", nameof(patches));
        using var scope = NewDisposeScope();
        var kept = new List<Tensor>();
        var x = stem.call(patches.to(Type).unsqueeze(1));
        for (int block = 0; block < after[^1]; block++)
        {
            x = blocks[block].call(x);
            if (after.Contains(block + 1)) kept.Add(x.MoveToOuterDisposeScope());
        }
        return [.. kept];
    }

    /// <summary>One vector a patch: the mean over time and frequency, (B, D, 3, 2) to (B, D).</summary>
    public static Tensor Embedding(Tensor features) => features.mean([2, 3]);

    /// <summary>Logits of the classes, (B, D) embeddings to (B, classes); a sigmoid makes them scores.</summary>
    public Tensor Logits(Tensor embedding) => classifier.call(embedding);
}

/// <summary>A convolution with bias, padded as TensorFlow's SAME does, and ReLU6.</summary>
internal sealed class YamNetConvolution : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly long stride, groups, margin;

    public YamNetConvolution(long inputs, long outputs, long kernel, long stride, bool grouped) : base(nameof(YamNetConvolution))
    {
        groups = grouped ? inputs : 1;
        weight = new Parameter(empty(outputs, inputs / groups, kernel, kernel));
        bias = new Parameter(empty(outputs));
        (this.stride, margin) = (stride, kernel / 2);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return functional.relu6(Convolve(x, weight, bias, stride, margin, groups)).MoveToOuterDisposeScope();
    }

    /// <summary>On an even size, SAME of stride 2 pads one row and column at the end only.</summary>
    internal static Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, long stride, long margin, long groups) => stride == 2
        ? functional.conv2d(functional.pad(x, [0, 1, 0, 1]), weight, bias, [stride, stride], [0, 0], groups: groups)
        : functional.conv2d(x, weight, bias, [stride, stride], [margin, margin], groups: groups);
}

/// <summary>MobileNet's block: each channel by itself over 3 x 3, then all channels of a place.</summary>
internal sealed class YamNetBlock : Module<Tensor, Tensor>
{
    private readonly YamNetConvolution depthwise;
    private readonly YamNetConvolution pointwise;

    public YamNetBlock(long inputs, long outputs, long stride) : base(nameof(YamNetBlock))
    {
        depthwise = new YamNetConvolution(inputs, inputs, kernel: 3, stride, grouped: true);
        pointwise = new YamNetConvolution(inputs, outputs, kernel: 1, stride: 1, grouped: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var inner = depthwise.call(x);
        return pointwise.call(inner);
    }
}
