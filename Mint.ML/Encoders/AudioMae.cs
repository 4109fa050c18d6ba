using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>The dimensions of an AudioMAE's encoder; the defaults are the published ViT-Base's on 10 seconds.</summary>
public sealed record AudioMaeConfig
{
    /// <summary>Frames T of the input, always.</summary>
    public long Frames { get; init; } = 1024;

    /// <summary>Mel bins F of the input.</summary>
    public long MelBins { get; init; } = 128;

    /// <summary>Side of a patch.</summary>
    public long PatchSize { get; init; } = 16;

    /// <summary>Step of patches.</summary>
    public long Stride { get; init; } = 16;

    /// <summary>Width D.</summary>
    public long HiddenSize { get; init; } = 768;

    /// <summary>Transformer blocks.</summary>
    public long Layers { get; init; } = 12;

    /// <summary>Attention heads; divides <see cref="HiddenSize"/>.</summary>
    public long Heads { get; init; } = 12;

    /// <summary>Feed-forward width over D.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Added to the variance in layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-6;

    /// <summary>Blocks past this one make up the contextual features.</summary>
    public long ContextualDepth { get; init; } = 8;

    /// <summary>Whether <see cref="AudioMaeEncoder"/> gives the penultimate block's output, as APT hears, instead of the contextual features. Default
    /// false.</summary>
    public bool Penultimate { get; init; }

    /// <summary>Rows of patches, along time.</summary>
    public long TimePatches => (Frames - PatchSize) / Stride + 1;

    /// <summary>Columns of patches, along frequency.</summary>
    public long FrequencyPatches => (MelBins - PatchSize) / Stride + 1;

    /// <summary>Reads a config.json with the names of the original's arguments; its own checkpoints have none, and are the defaults.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range.</exception>
    public static AudioMaeConfig FromJson(JsonObject config)
    {
        config.Refuse("in_chans", config.Size("in_chans", 1) != 1, "only one channel is implemented");
        var d = new AudioMaeConfig();
        var image = config.Sizes("img_size", [d.Frames, d.MelBins]);
        config.Refuse("img_size", image.Count != 2, "expected [frames, mel bins]");
        var patch = config.Size("patch_size", d.PatchSize);
        return new()
        {
            Frames = image[0],
            MelBins = image[1],
            PatchSize = patch,
            Stride = config.Size("stride", patch),
            HiddenSize = config.Size("embed_dim", d.HiddenSize),
            Layers = config.Layers("depth", d.Layers),
            Heads = config.Size("num_heads", d.Heads),
            MlpRatio = config.Number("mlp_ratio", d.MlpRatio),
            LayerNormEps = config.Number("norm_eps", d.LayerNormEps),
            ContextualDepth = config.Integer("contextual_depth", d.ContextualDepth),
            Penultimate = config.Flag("penultimate", d.Penultimate),
        };
    }
}

/// <summary>
/// The encoder of AudioMAE (Huang et al., "Masked Autoencoders that Listen", 2022) as facebookresearch/AudioMAE with timm's blocks
/// computes it: a vision transformer over patches of a log-mel spectrogram, time along the rows.
/// </summary>
public sealed class AudioMae : Module<Tensor, Tensor>
{
    /// <summary>How the original names the weights; the decoder of pre-training may stand beside them.</summary>
    public static WeightNames Names { get; } = new()
    {
        Ignored = [@"^decoder_", @"^mask_token$", @"^head\."],
    };

    private readonly Parameter cls_token; // (1, 1, D)
    private readonly Parameter pos_embed; // (1, 1 + patches, D)
    private readonly AudioMaePatches patch_embed;
    private readonly ModuleList<PreNormBlock> blocks;
    private readonly LayerNorm norm;

    /// <summary>A model with unset weights.</summary>
    public AudioMae(AudioMaeConfig config) : base(nameof(AudioMae))
    {
        Config = config;
        if (config.HiddenSize % config.Heads != 0)
            throw new InvalidDataException($"config.json: 'embed_dim' {config.HiddenSize} is not divisible by 'num_heads' {config.Heads}.");
        if (config.PatchSize > config.MelBins || config.PatchSize > config.Frames)
            throw new InvalidDataException($"config.json: 'patch_size' {config.PatchSize} exceeds the input of {config.Frames} x {config.MelBins}.");
        cls_token = new Parameter(empty(1, 1, config.HiddenSize));
        pos_embed = new Parameter(empty(1, 1 + config.TimePatches * config.FrequencyPatches, config.HiddenSize));
        patch_embed = new AudioMaePatches(config);
        blocks = new ModuleList<PreNormBlock>([.. Enumerable.Range(0, (int)config.Layers).Select(_ => Block())]);
        norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();

        PreNormBlock Block() => new(config.HiddenSize, config.LayerNormEps, new AudioMaeAttention(config),
            new FeedForward(config.HiddenSize, (long)(config.HiddenSize * config.MlpRatio), functional.gelu));
    }

    /// <summary>The dimensions.</summary>
    public AudioMaeConfig Config { get; }

    /// <summary>Where the weights are; inputs are expected there.</summary>
    public Device Device => cls_token.device;

    /// <summary>Loads a folder with the original's checkpoint, or a conversion of it to safetensors.</summary>
    /// <param name="folder">The weights, and config.json where they are not the published dimensions.</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken, or are not an AudioMAE's.</exception>
    public static AudioMae Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var model = new AudioMae(AudioMaeConfig.FromJson(checkpoint.Config)).Placed(dtype, device).Frozen();
        WeightLoader.Load(model, checkpoint, Names);
        return model;
    }

    /// <summary>Encodes log-mel spectrograms.</summary>
    /// <param name="mel">(B, 1, T, F), standardised, T frames by F bins exactly as configured.</param>
    /// <returns>The last block's output, normalised, (B, 1 + patches, D): class token, then patches by time and, within, by frequency.</returns>
    public override Tensor forward(Tensor mel)
    {
        using var scope = NewDisposeScope();
        Tensor? last = null;
        foreach (var state in Run(mel))
        {
            last?.Dispose();
            last = state;
        }
        return norm.call(last!).MoveToOuterDisposeScope();
    }

    /// <summary>The embeddings and every block's output, not normalised: L+1 of (B, 1 + patches, D).</summary>
    public IReadOnlyList<Tensor> HiddenStates(Tensor mel)
    {
        using var scope = NewDisposeScope();
        return [.. Run(mel).Select(state => state.MoveToOuterDisposeScope())];
    }

    /// <summary>
    /// The features that the original's downstream tasks use: the mean of the normalised outputs of the blocks past
    /// <see cref="AudioMaeConfig.ContextualDepth"/>, (B, 1 + patches, D).
    /// </summary>
    public Tensor Contextual(Tensor mel)
    {
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        var depth = -2; // the embeddings come first
        foreach (var state in Run(mel))
        {
            if (++depth > Config.ContextualDepth)
                sum = sum is null ? norm.call(state) : sum.Plus(norm.call(state));
            state.Dispose();
        }
        if (sum is null)
            throw new InvalidOperationException($"An AudioMAE of {Config.Layers} blocks has none past 'contextual_depth' {Config.ContextualDepth}.");
        return sum.Over(depth - Config.ContextualDepth).MoveToOuterDisposeScope();
    }

    /// <summary>The output of the last block but one, not normalised, (B, 1 + patches, D): finer than the last one's, which is trained for its task (APT,
    /// section 3.1). The last block is not computed.</summary>
    /// <exception cref="InvalidOperationException">The model has a single block.</exception>
    public Tensor Penultimate(Tensor mel)
    {
        if (Config.Layers < 2) throw new InvalidOperationException("An AudioMAE of one block has no penultimate one.");
        using var scope = NewDisposeScope();
        return Run(mel, (int)Config.Layers - 1).Last().MoveToOuterDisposeScope();
    }

    /// <summary>Embeds (B, 1, T, F) as patches without positions, (B, patches, D).</summary>
    internal Tensor Embed(Tensor mel)
    {
        if (mel.shape is not [_, 1, var frames, var bins] || frames != Config.Frames || bins != Config.MelBins)
        {
            throw new ArgumentException($"The spectrogram has shape ({string.Join(", ", mel.shape)}); "
                + $"this AudioMAE takes (B, 1, {Config.Frames}, {Config.MelBins}).", nameof(mel));
        }

        using var input = mel.to(cls_token.dtype);
        return patch_embed.call(input);
    }

    private IEnumerable<Tensor> Run(Tensor mel, int? depth = null)
    {
        using var patches = Embed(mel);
        using var positioned = patches.Plus(pos_embed.narrow(1, 1, patches.shape[1]));
        using var first = cls_token.Plus(pos_embed.narrow(1, 0, 1)).expand(mel.shape[0], -1, -1);
        var x = cat([first, positioned], 1);
        foreach (var block in blocks.Take(depth ?? blocks.Count))
        {
            var next = block.call(x);
            yield return x;
            x = next;
        }
        yield return x;
    }

    /// <summary>
    /// The fixed two-dimensional sine-cosine positions that AudioMAE starts from, a zero row for the class token first: (1 + rows columns, D).
    /// </summary>
    /// <remarks>
    /// The first half of the width encodes the column and the second the row, each as sines, then cosines, of geometric frequencies.
    /// The original calls this with frequency patches as rows and time patches as columns, although its patches come the other way
    /// round; a checkpoint holds the positions that it was trained with.
    /// </remarks>
    public static Tensor SinCosPositions(long width, long rows, long columns)
    {
        if (width % 4 != 0)
        {
            throw new ArgumentException(
                $"A width of {width} cannot hold sines and cosines of two coordinates: it must be a multiple of 4.", nameof(width));
        }

        using var scope = NewDisposeScope();
        var quarter = width / 4;
        var exponents = Indices(quarter, ScalarType.Float64).Over(-(double)quarter);
        var frequencies = FilledLike(exponents, 10000).pow(exponents);
        var row = Waves(rows).unsqueeze(1).expand(rows, columns, width / 2);
        var column = Waves(columns).unsqueeze(0).expand(rows, columns, width / 2);
        var grid = cat([column, row], 2).view(rows * columns, width);
        return cat([zeros([1, width], dtype: ScalarType.Float64), grid], 0).to(ScalarType.Float32).MoveToOuterDisposeScope();

        Tensor Waves(long count)
        {
            var angles = Indices(count, ScalarType.Float64).unsqueeze(1) * frequencies; // (count, D/4)
            return cat([angles.sin(), angles.cos()], 1);
        }
    }
}

internal sealed class AudioMaePatches : Module<Tensor, Tensor>
{
    private readonly Convolution2d proj;

    public AudioMaePatches(AudioMaeConfig config) : base(nameof(AudioMaePatches))
    {
        proj = new Convolution2d(1, config.HiddenSize, (config.PatchSize, config.PatchSize), (config.Stride, config.Stride));
        RegisterComponents();
    }

    public override Tensor forward(Tensor mel)
    {
        using var grid = proj.call(mel); // (B, D, time, frequency)
        using var flat = grid.flatten(2);
        return flat.transpose(1, 2);
    }
}

/// <summary>Attention as timm writes it: one matrix for query, key and value.</summary>
internal sealed class AudioMaeAttention : Module<Tensor, Tensor>
{
    private readonly Linear qkv;
    private readonly Linear proj;
    private readonly long heads;

    public AudioMaeAttention(AudioMaeConfig config) : base(nameof(AudioMaeAttention))
    {
        heads = config.Heads;
        qkv = new Linear(config.HiddenSize, 3 * config.HiddenSize);
        proj = new Linear(config.HiddenSize, config.HiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var split = Attention.SplitHeads(qkv.call(x), heads, parts: 3); // (B, H, L, d) each
        return proj.call(Attention.MergeHeads(Attention.Attend(split[0], split[1], split[2], bias: null))).MoveToOuterDisposeScope();
    }
}
