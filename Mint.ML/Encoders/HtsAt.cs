using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Encoders;

/// <summary>The dimensions of an HTS-AT; the defaults are those of laion/clap-htsat-unfused.</summary>
public sealed record HtsAtConfig
{
    /// <summary>Mel bins F of the input.</summary>
    public long MelBins { get; init; } = 64;

    /// <summary>Side of the square image that the spectrogram is folded into.</summary>
    public long ImageSize { get; init; } = 256;

    /// <summary>Side of a patch, which is also the stride.</summary>
    public long PatchSize { get; init; } = 4;

    /// <summary>Channels of a patch; each stage but the last doubles them.</summary>
    public long PatchWidth { get; init; } = 96;

    /// <summary>Blocks of each stage.</summary>
    public IReadOnlyList<long> Depths { get; init; } = [2, 2, 6, 2];

    /// <summary>Attention heads of each stage.</summary>
    public IReadOnlyList<long> Heads { get; init; } = [4, 8, 16, 32];

    /// <summary>Side of an attention window.</summary>
    public long Window { get; init; } = 8;

    /// <summary>Feed-forward width over block width.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Added to the variance in layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>CLAP's feature fusion: three crops of a long clip join its shrunken whole.</summary>
    public bool Fusion { get; init; }

    /// <summary>Channels over channels of the fusion's bottleneck.</summary>
    public long FusionReduction { get; init; } = 4;

    /// <summary>Whether query, key and value are one matrix in the file (the original's) or three (transformers').</summary>
    public bool FusedProjections { get; init; }

    /// <summary>Classes of the token-semantic head; 0 for a tower without (CLAP in transformers).</summary>
    public long Classes { get; init; }

    /// <summary>Pieces that the time axis is cut into and stacked along frequency.</summary>
    public long FrequencyRatio => ImageSize / MelBins;

    /// <summary>Frames that fill the image: shorter inputs are stretched to it.</summary>
    public long LongestInput => ImageSize * FrequencyRatio;

    /// <summary>Channels D of the last stage.</summary>
    public long HiddenSize => PatchWidth << (Depths.Count - 1);

    /// <summary>Reads the config.json of a CLAP (its <c>audio_config</c>) or of its audio tower alone.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range, or asks for a variant that is not implemented.</exception>
    public static HtsAtConfig FromJson(JsonObject config)
    {
        if (config.ContainsKey("audio_config"))
            config = config.Section("audio_config");
        var d = new HtsAtConfig();
        var patch = config.Size("patch_size", d.PatchSize);
        config.Refuse("patch_stride", config.Sizes("patch_stride", [patch, patch]).Any(stride => stride != patch),
            "only patches that do not overlap are implemented");
        config.Refuse("hidden_act", config.Text("hidden_act", "gelu") != "gelu", "only gelu is implemented");
        config.Refuse("fusion_type", config["fusion_type"] is not null, "only the fusion of laion/clap-htsat-fused (null) is implemented");
        return new()
        {
            MelBins = config.Size("num_mel_bins", d.MelBins),
            ImageSize = config.Size("spec_size", d.ImageSize),
            PatchSize = patch,
            PatchWidth = config.Size("patch_embeds_hidden_size", d.PatchWidth),
            Depths = config.Sizes("depths", d.Depths),
            Heads = config.Sizes("num_attention_heads", d.Heads),
            Window = config.Size("window_size", d.Window),
            MlpRatio = config.Number("mlp_ratio", d.MlpRatio),
            LayerNormEps = config.Number("layer_norm_eps", d.LayerNormEps),
            Fusion = config.Flag("enable_fusion", false),
            FusionReduction = config.Size("aff_block_r", d.FusionReduction),
        };
    }
}

/// <summary>What an HTS-AT gives for a batch of spectrograms.</summary>
/// <param name="Grid">The last stage, normalised, (B, D, F', T'): few frequency bands, time in order.</param>
/// <param name="Pooled">Its mean over the grid, (B, D).</param>
public sealed record HtsAtOutput(Tensor Grid, Tensor Pooled) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Grid.Dispose();
        Pooled.Dispose();
    }
}

/// <summary>
/// HTS-AT (Chen et al., "HTS-AT: A Hierarchical Token-Semantic Audio Transformer", 2022), the audio tower of CLAP, as transformers'
/// ClapAudioModel computes it, and of Pengi, as microsoft/Pengi does: the log-mel spectrogram is folded into a square image and seen
/// by a Swin transformer.
/// </summary>
public sealed class HtsAt : Module<Tensor, Tensor?, HtsAtOutput>
{
    /// <summary>How a CLAP's files name the tower's weights; the rest of the CLAP may stand beside them.</summary>
    public static WeightNames Names { get; } = new()
    {
        OptionalPrefixes = ["audio_model.audio_encoder.", "audio_encoder."],
        Ignored = [@"^text_model\.", @"^text_projection\.", @"^audio_projection\.", @"^logit_scale_[at]$", .. Buffers],
    };

    /// <summary>Buffers of training and of indexing that the files hold and nothing here needs.</summary>
    internal static IReadOnlyList<string> Buffers => [@"\.relative_position_index$", @"\.attn_mask$", @"\.num_batches_tracked$"];

    private readonly FrozenBatchNorm batch_norm;
    private readonly HtsAtPatches patch_embed;
    private readonly ModuleList<SwinStage> layers;
    private readonly LayerNorm norm;
    private readonly Convolution2d? tscam_conv;

    /// <summary>A tower with unset weights.</summary>
    public HtsAt(HtsAtConfig config) : base(nameof(HtsAt))
    {
        Config = config;
        var (stages, side) = (config.Depths.Count, config.ImageSize / config.PatchSize);
        if (stages > 8 || config.Depths.Any(depth => depth > 1000))
        {
            throw new InvalidDataException(
                $"config.json: 'depths' is {string.Join(", ", config.Depths)}, expected at most 8 stages of at most 1000 blocks.");
        }

        if (config.Heads.Count != stages)
            throw new InvalidDataException($"config.json: 'num_attention_heads' lists {config.Heads.Count} stages and 'depths' {stages}.");
        if (config.ImageSize % (config.PatchSize << (stages - 1)) != 0 || config.ImageSize % config.MelBins != 0)
        {
            throw new InvalidDataException($"config.json: 'spec_size' {config.ImageSize} is not a multiple of 'num_mel_bins' {config.MelBins} "
                + $"and of the last stage's stride {config.PatchSize << (stages - 1)}.");
        }

        if (side >> (stages - 1) < config.FrequencyRatio)
        {
            throw new InvalidDataException(
                $"config.json: a last stage of side {side >> (stages - 1)} has no row for each of {config.FrequencyRatio} folds.");
        }

        batch_norm = new FrozenBatchNorm(config.MelBins);
        patch_embed = new HtsAtPatches(config);
        layers = new ModuleList<SwinStage>([.. Enumerable.Range(0, stages)
            .Select(stage => new SwinStage(config.PatchWidth << stage, side >> stage, config, stage))]);
        norm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        if (config.Classes > 0)
        {
            tscam_conv = new Convolution2d(
                config.HiddenSize, config.Classes, ((side >> (stages - 1)) / config.FrequencyRatio, 3), (1, 1), paddingWidth: 1);
        }

        RegisterComponents();
    }

    /// <summary>The dimensions.</summary>
    public HtsAtConfig Config { get; }

    /// <summary>Where the weights are; inputs are expected there.</summary>
    public Device Device => norm.weight.device;

    /// <summary>Loads the audio tower of a CLAP folder.</summary>
    /// <param name="folder">config.json and model.safetensors (or shards, or pytorch_model.bin).</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken, or are not a CLAP's.</exception>
    public static HtsAt Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var model = new HtsAt(HtsAtConfig.FromJson(checkpoint.Config)).Placed(dtype, device).Frozen();
        WeightLoader.Load(model, checkpoint, Names);
        return model;
    }

    /// <summary>Encodes log-mel spectrograms.</summary>
    /// <param name="mel">(B, 1, T, F) with T at most <see cref="HtsAtConfig.LongestInput"/>; with fusion (B, 4, T, F), the whole clip first.</param>
    /// <param name="longer">With fusion, (B) bool: rows whose three crops count, being longer than the window. Null elsewhere.</param>
    /// <exception cref="ArgumentException">The shape is not the model's.</exception>
    public override HtsAtOutput forward(Tensor mel, Tensor? longer) => Run(mel, longer, null);

    /// <summary>The embedded patches and each stage's output, (B, C, H, W) each.</summary>
    public IReadOnlyList<Tensor> HiddenStates(Tensor mel, Tensor? longer)
    {
        var every = new List<Tensor>();
        Run(mel, longer, every).Dispose();
        return every;
    }

    /// <summary>Probability of every class, (B, classes), from <see cref="HtsAtOutput.Grid"/>.</summary>
    /// <exception cref="InvalidOperationException">The tower has no classes.</exception>
    public Tensor Classify(Tensor grid)
    {
        if (tscam_conv is null)
            throw new InvalidOperationException("This HTS-AT was loaded without its classification head.");
        using var activity = tscam_conv.call(grid); // (B, classes, 1, T')
        using var mean = activity.mean([2, 3]);
        return mean.sigmoid();
    }

    /// <summary>Standardises each mel bin by the statistics of training: (B, C, T, F) to the same.</summary>
    internal Tensor Normalise(Tensor mel)
    {
        using var binsFirst = mel.transpose(1, 3);
        using var normalised = batch_norm.call(binsFirst);
        return normalised.transpose(1, 3);
    }

    /// <summary>
    /// Stretches (B, C, T, F) to the full length by bicubic interpolation, cuts time into pieces and stacks them: (B, C, side, side).
    /// </summary>
    internal Tensor Fold(Tensor mel)
    {
        var (rows, channels, frames, bins) = (mel.shape[0], mel.shape[1], mel.shape[2], mel.shape[3]);
        if (bins != Config.MelBins || frames > Config.LongestInput || frames < 1)
        {
            throw new ArgumentException($"The spectrogram has {frames} frames of {bins} mel bins; "
                + $"this HTS-AT takes 1 to {Config.LongestInput} frames of {Config.MelBins}.", nameof(mel));
        }

        using var scope = NewDisposeScope();
        if (frames < Config.LongestInput)
            mel = functional.interpolate(mel, [Config.LongestInput, bins], mode: InterpolationMode.Bicubic, align_corners: true);
        return mel.transpose(2, 3).reshape(rows, channels, bins, Config.FrequencyRatio, Config.ImageSize)
            .transpose(2, 3).reshape(rows, channels, Config.ImageSize, Config.ImageSize).MoveToOuterDisposeScope();
    }

    private HtsAtOutput Run(Tensor mel, Tensor? longer, List<Tensor>? every)
    {
        if (mel.shape.Length != 4 || mel.shape[1] != (Config.Fusion ? 4 : 1))
        {
            throw new ArgumentException($"The spectrogram has shape ({string.Join(", ", mel.shape)}); "
                + $"this HTS-AT takes (B, {(Config.Fusion ? 4 : 1)}, T, {Config.MelBins}).", nameof(mel));
        }

        using var scope = NewDisposeScope();
        var x = patch_embed.call(Fold(Normalise(mel.to(norm.weight.dtype))), longer); // (B, H, W, C)
        every?.Add(x.permute(0, 3, 1, 2));
        foreach (var stage in layers)
        {
            using var input = x; // each stage's output goes when the next is there
            x = stage.call(input);
            every?.Add(x.permute(0, 3, 1, 2));
        }
        foreach (var state in every ?? [])
            state.MoveToOuterDisposeScope();
        // The image's rows are folds of time above bands of frequency: bring the folds back behind each other.
        var (rows, side, folds) = (x.shape[0], x.shape[1], Config.FrequencyRatio);
        var grid = norm.call(x).permute(0, 3, 1, 2).reshape(rows, -1, folds, side / folds, side)
            .transpose(2, 3).reshape(rows, -1, side / folds, folds * side); // (B, D, F', T')
        var pooled = grid.mean([2, 3]);
        return new HtsAtOutput(grid.MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope());
    }
}

/// <summary>Cuts the image into patches; with fusion, adds what three crops of a long clip show more closely.</summary>
internal sealed class HtsAtPatches : Module<Tensor, Tensor?, Tensor>
{
    private readonly Convolution2d proj;
    private readonly LayerNorm norm;
    private readonly FeatureFusion? fusion_model;
    private readonly Convolution2d? mel_conv2d; // a crop's patches are three times as wide: one third of the image covers it

    public HtsAtPatches(HtsAtConfig config) : base(nameof(HtsAtPatches))
    {
        var patch = config.PatchSize;
        proj = new Convolution2d(1, config.PatchWidth, (patch, patch), (patch, patch));
        norm = new LayerNorm(config.PatchWidth, config.LayerNormEps);
        if (config.Fusion)
        {
            fusion_model = new FeatureFusion(config.PatchWidth, config.FusionReduction);
            mel_conv2d = new Convolution2d(1, config.PatchWidth, (patch, 3 * patch), (patch, 3 * patch));
        }
        RegisterComponents();
    }

    /// <summary>(B, 1 or 4, side, side) to (B, H, W, C).</summary>
    public override Tensor forward(Tensor image, Tensor? longer)
    {
        using var scope = NewDisposeScope();
        var patches = proj.call(image.narrow(1, 0, 1)); // (B, C, H, W)
        if (fusion_model is not null && longer is not null)
        {
            // Only the long rows: the others' crops are copies, and the original leaves them alone.
            var rows = longer.view(-1).to(ScalarType.Bool).nonzero().squeeze(1);
            if (rows.shape[0] > 0)
            {
                var crops = Crops(image.index_select(0, rows), patches.shape[3]);
                patches = patches.index_copy(0, rows, fusion_model.call(patches.index_select(0, rows), crops));
            }
        }
        return norm.call(patches.permute(0, 2, 3, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>The three crops' patches side by side, filled up with zeros: (R, 4, side, side) to (R, C, H, W).</summary>
    private Tensor Crops(Tensor image, long width)
    {
        var (rows, side) = (image.shape[0], image.shape[2]);
        var crops = mel_conv2d!.call(image.narrow(1, 1, 3).reshape(3 * rows, 1, side, side)); // (3 R, C, H, w)
        var (channels, height) = (crops.shape[1], crops.shape[2]);
        crops = crops.view(rows, 3, channels, height, -1).permute(0, 2, 3, 1, 4).reshape(rows, channels, height, -1);
        return functional.pad(crops, [0, width - crops.shape[3]]);
    }
}

/// <summary>Attentional feature fusion (Dai et al., 2021): a gate a channel and position decides between the whole clip and its crops.</summary>
internal sealed class FeatureFusion : Module<Tensor, Tensor, Tensor>
{
    private readonly GatePath local_att;
    private readonly GatePath global_att;

    public FeatureFusion(long channels, long reduction) : base(nameof(FeatureFusion))
    {
        local_att = new GatePath(channels, channels / reduction, first: 0);
        global_att = new GatePath(channels, channels / reduction, first: 1); // the original's pooling is number 0
        RegisterComponents();
    }

    public override Tensor forward(Tensor whole, Tensor crops)
    {
        using var scope = NewDisposeScope();
        var sum = whole.Plus(crops); // (R, C, H, W)
        var gate = local_att.call(sum).Plus(global_att.call(sum.mean([2, 3], keepdim: true))).sigmoid();
        return (whole * gate).Plus(crops * gate.FromOne()).Times(2).MoveToOuterDisposeScope();
    }
}

internal sealed class GatePath : Module<Tensor, Tensor>
{
    private readonly Convolution2d reduce;
    private readonly FrozenBatchNorm reduced;
    private readonly Convolution2d expand;
    private readonly FrozenBatchNorm expanded;

    /// <param name="channels">Channels C.</param>
    /// <param name="inner">Channels of the bottleneck.</param>
    /// <param name="first">Number of the first convolution in the original's Sequential, by which the file names the weights.</param>
    public GatePath(long channels, long inner, int first) : base(nameof(GatePath))
    {
        register_module($"{first}", reduce = new Convolution2d(channels, inner, (1, 1), (1, 1)));
        register_module($"{first + 1}", reduced = new FrozenBatchNorm(inner));
        register_module($"{first + 3}", expand = new Convolution2d(inner, channels, (1, 1), (1, 1))); // after the activation
        register_module($"{first + 4}", expanded = new FrozenBatchNorm(channels));
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return expanded.call(expand.call(functional.relu(reduced.call(reduce.call(x))))).MoveToOuterDisposeScope();
    }
}
