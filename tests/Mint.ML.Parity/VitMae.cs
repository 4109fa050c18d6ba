using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Parity;

/// <summary>The dimensions of a ViT-MAE's encoder; the defaults are facebook/vit-mae-base's.</summary>
internal sealed record VitMaeConfig
{
    /// <summary>The encoder.</summary>
    public VitConfig Encoder { get; init; } = new();

    /// <summary>Side of the square image.</summary>
    public long ImageSize { get; init; } = 224;

    /// <summary>Side of a patch.</summary>
    public long PatchSize { get; init; } = 16;

    /// <summary>Channels of the image.</summary>
    public long Channels { get; init; } = 3;

    /// <summary>Patches of an image.</summary>
    public long Patches => (ImageSize / PatchSize) * (ImageSize / PatchSize);

    /// <summary>Reads a Hugging Face config.json.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range.</exception>
    public static VitMaeConfig FromJson(JsonObject config)
    {
        var d = new VitMaeConfig();
        return new()
        {
            Encoder = VitConfig.FromJson(config),
            ImageSize = config.Size("image_size", d.ImageSize),
            PatchSize = config.Size("patch_size", d.PatchSize),
            Channels = config.Size("num_channels", d.Channels),
        };
    }
}

/// <summary>What a ViT-MAE's encoder saw of a batch.</summary>
/// <param name="Hidden">The class token and the kept patches in their drawn order, normalised, (B, 1 + kept, D).</param>
/// <param name="Masked">(B, patches) bool in image order, true where the patch was dropped.</param>
/// <param name="Restore">(B, patches) int64: where each patch of the image stands in the drawn order.</param>
internal sealed record VitMaeOutput(Tensor Hidden, Tensor Masked, Tensor Restore) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Hidden.Dispose();
        Masked.Dispose();
        Restore.Dispose();
    }
}

/// <summary>
/// The encoder of a masked autoencoder (He et al., "Masked Autoencoders Are Scalable Vision Learners", 2021) as transformers' ViTMAEModel
/// computes it. The original draws the patches' order even when it drops none; here the order is the image's unless noise is given.
/// </summary>
internal sealed class VitMae : Module<Tensor, Tensor>
{
    /// <summary>How the files of Hugging Face name the weights; the decoder of pre-training may stand beside them.</summary>
    public static WeightNames Names { get; } = new()
    {
        OptionalPrefixes = ["vit."],
        Renames = VitEncoder.Renames,
        Ignored = [@"^decoder\.", @"^classifier\."],
    };

    private readonly VitMaeEmbeddings embeddings;
    private readonly VitEncoder encoder;
    private readonly LayerNorm layernorm;

    /// <summary>A model with unset weights.</summary>
    public VitMae(VitMaeConfig config) : base(nameof(VitMae))
    {
        Config = config;
        embeddings = new VitMaeEmbeddings(config);
        encoder = new VitEncoder(config.Encoder);
        layernorm = new LayerNorm(config.Encoder.HiddenSize, config.Encoder.LayerNormEps);
        RegisterComponents();
    }

    /// <summary>The dimensions.</summary>
    public VitMaeConfig Config { get; }

    /// <summary>Loads a Hugging Face folder.</summary>
    /// <param name="folder">config.json and model.safetensors (or shards, or pytorch_model.bin).</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken, or are not a ViT-MAE's.</exception>
    public static VitMae Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var model = new VitMae(VitMaeConfig.FromJson(checkpoint.Config)).Placed(dtype, device).Frozen();
        WeightLoader.Load(model, checkpoint, Names);
        return model;
    }

    /// <summary>Encodes whole images, (B, C, side, side): the class token and all patches in order, (B, 1 + patches, D).</summary>
    public override Tensor forward(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return layernorm.call(encoder.Run(embeddings.Begin(embeddings.call(pixels)), null)).MoveToOuterDisposeScope();
    }

    /// <summary>The embeddings and the output of every block before the final norm: L+1 of (B, 1 + patches, D).</summary>
    public IReadOnlyList<Tensor> HiddenStates(Tensor pixels)
    {
        var every = new List<Tensor>();
        using var scope = NewDisposeScope();
        encoder.Run(embeddings.Begin(embeddings.call(pixels)), every);
        return [.. every.Select(state => state.MoveToOuterDisposeScope())];
    }

    /// <summary>Encodes a drawn part of each image.</summary>
    /// <param name="pixels">(B, C, side, side).</param>
    /// <param name="noise">(B, patches): patches are kept in ascending order of it.</param>
    /// <param name="maskRatio">Part of the patches to drop, 0 to below 1; the count kept is rounded down.</param>
    public VitMaeOutput Mask(Tensor pixels, Tensor noise, double maskRatio)
    {
        using var scope = NewDisposeScope();
        var patches = embeddings.call(pixels); // (B, patches, D)
        var kept = (long)(Config.Patches * (1 - maskRatio));
        var order = noise.argsort(1); // (B, patches)
        var restore = order.argsort(1);
        var chosen = patches.gather(1, order.narrow(1, 0, kept).unsqueeze(2).expand(-1, -1, patches.shape[2]));
        var hidden = layernorm.call(encoder.Run(embeddings.Begin(chosen), null));
        return new VitMaeOutput(
            hidden.MoveToOuterDisposeScope(), restore.NotLessThan(kept).MoveToOuterDisposeScope(), restore.MoveToOuterDisposeScope());
    }
}

internal sealed class VitMaeEmbeddings : Module<Tensor, Tensor>
{
    private readonly Parameter cls_token;           // (1, 1, D)
    private readonly Parameter position_embeddings; // (1, 1 + patches, D)
    private readonly VitPatches patch_embeddings;
    private readonly long[] image;

    public VitMaeEmbeddings(VitMaeConfig config) : base(nameof(VitMaeEmbeddings))
    {
        image = [config.Channels, config.ImageSize, config.ImageSize];
        var width = config.Encoder.HiddenSize;
        cls_token = new Parameter(empty(1, 1, width));
        position_embeddings = new Parameter(empty(1, 1 + config.Patches, width));
        patch_embeddings = new VitPatches(config.Channels, width, config.PatchSize, (config.PatchSize, config.PatchSize));
        RegisterComponents();
    }

    /// <summary>(B, C, side, side) to patches with their positions, (B, patches, D).</summary>
    public override Tensor forward(Tensor pixels)
    {
        if (pixels.shape.Length != 4 || !pixels.shape.AsSpan(1).SequenceEqual(image))
        {
            throw new ArgumentException($"The images have shape ({string.Join(", ", pixels.shape)}); "
                + $"this ViT-MAE takes (B, {string.Join(", ", image)}).", nameof(pixels));
        }

        using var scope = NewDisposeScope();
        var patches = patch_embeddings.call(pixels.to(cls_token.dtype));
        return patches.Plus(position_embeddings.narrow(1, 1, patches.shape[1])).MoveToOuterDisposeScope();
    }

    /// <summary>Puts the class token, with its position, in front.</summary>
    public Tensor Begin(Tensor patches) =>
        cat([cls_token.Plus(position_embeddings.narrow(1, 0, 1)).expand(patches.shape[0], -1, -1), patches], 1);
}
