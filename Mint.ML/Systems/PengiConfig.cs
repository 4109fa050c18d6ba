using System.Text.Json.Nodes;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;

namespace Mint.ML.Systems;

/// <summary>The dimensions of a Pengi; the defaults are the published model's.</summary>
public sealed record PengiConfig
{
    /// <summary>The audio tower.</summary>
    public HtsAtConfig HtsAt { get; init; } = new() { Classes = 527, FusedProjections = true };

    /// <summary>Samples of a spectrogram's window.</summary>
    public long WindowSize { get; init; } = 1024;

    /// <summary>Samples from one frame to the next.</summary>
    public long HopSize { get; init; } = 320;

    /// <summary>The question's tower.</summary>
    public ClipTextConfig ClipText { get; init; } = new();

    /// <summary>Width E of both embeddings.</summary>
    public long EmbeddingSize { get; init; } = 1024;

    /// <summary>Both mapping networks.</summary>
    public MappingNetworkConfig Mapping { get; init; } = new();

    /// <summary>Whether embeddings are scaled to length 1 before they are mapped.</summary>
    public bool NormalizePrefix { get; init; } = true;

    /// <summary>Whether m2 reads a question's tokens as GPT-2 embeds them, without the text encoder: Table 14's ablation. The text encoder is still what
    /// text matching compares by.</summary>
    public bool PlainQuestions { get; init; }

    /// <summary>The language model.</summary>
    public Gpt2Config Gpt2 { get; init; } = new();

    /// <summary>Reads a config.json with the names of the original's settings.</summary>
    /// <exception cref="InvalidDataException">A value has the wrong type or range.</exception>
    public static PengiConfig FromJson(JsonObject config)
    {
        var d = new PengiConfig();
        var (htsat, gpt2) = (config.Section("htsat"), Gpt2Config.FromJson(config.Section("gpt2")));
        var patch = htsat.Size("patch_size", d.HtsAt.PatchSize);
        htsat.Refuse("patch_stride", htsat.Sizes("patch_stride", [patch, patch]).Any(stride => stride != patch),
            "only patches that do not overlap are implemented");
        htsat.Refuse("enable_repeat_mode", htsat.Flag("enable_repeat_mode", false), "which is not implemented");
        htsat.Refuse("enable_tscam", !htsat.Flag("enable_tscam", true), "only the token-semantic head is implemented");
        var embedding = config.Size("d_proj", d.EmbeddingSize);
        return new()
        {
            HtsAt = d.HtsAt with
            {
                MelBins = htsat.Size("mel_bins", d.HtsAt.MelBins),
                ImageSize = htsat.Size("spec_size", d.HtsAt.ImageSize),
                PatchSize = patch,
                PatchWidth = htsat.Size("embed_dim", d.HtsAt.PatchWidth),
                Depths = htsat.Sizes("depths", d.HtsAt.Depths),
                Heads = htsat.Sizes("num_heads", d.HtsAt.Heads),
                Window = htsat.Size("window_size_swin", d.HtsAt.Window),
                MlpRatio = htsat.Number("mlp_ratio", d.HtsAt.MlpRatio),
                // 0 is a tower without the head of classes, which no answer needs.
                Classes = htsat.Integer("num_classes", d.HtsAt.Classes) == 0 ? 0 : htsat.Size("num_classes", d.HtsAt.Classes),
            },
            WindowSize = htsat.Size("window_size", d.WindowSize),
            HopSize = htsat.Size("hop_size", d.HopSize),
            ClipText = ClipTextConfig.FromJson(config.Section("clip_text")),
            EmbeddingSize = embedding,
            Mapping = new()
            {
                InputSize = embedding,
                HiddenSize = gpt2.HiddenSize,
                PrefixLength = config.Size("prefix_length", d.Mapping.PrefixLength),
                InputLength = config.Size("clip_length", d.Mapping.InputLength),
                Layers = config.Layers("mapper_layers", d.Mapping.Layers),
                Heads = config.Size("mapper_heads", d.Mapping.Heads),
                MlpRatio = config.Number("mapper_mlp_ratio", d.Mapping.MlpRatio),
            },
            NormalizePrefix = config.Flag("normalize_prefix", d.NormalizePrefix),
            PlainQuestions = config.Flag("plain_questions", d.PlainQuestions),
            Gpt2 = gpt2,
        };
    }
}
