using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using static TorchSharp.torch;

namespace Mint.ML.Encoders;

/// <summary>Architecture of a HuBERT or MERT model; the defaults are those of facebook/hubert-base-ls960.</summary>
public sealed record HubertConfig : SpeechEncoderConfig
{
    /// <summary>Creates the configuration of the base model.</summary>
    public HubertConfig() => (GroupNorm, PositionKernel) = (true, 128);

    /// <summary>Reads a Hugging Face config.json of either; keys that it leaves out keep the base model's values.</summary>
    /// <remarks>
    /// MERT's own keys: deepnorm scales both residuals of a block by (2 Layers)^0.25; attention_relax rewrites the softmax in a form
    /// that is safe in half precision and equal otherwise, so it needs nothing here.
    /// </remarks>
    /// <exception cref="InvalidDataException">A value is of another kind than its key asks, or asks for a part that is not built here.</exception>
    public static HubertConfig FromJson(JsonObject config)
    {
        foreach (string key in (string[])["conv_pos_batch_norm", "feature_extractor_cqt"])
            config.Refuse(key, config.Flag(key, false), "which is not supported.");
        var defaults = new HubertConfig();
        var read = (HubertConfig)(defaults with
        {
            GroupNorm = Wav2Vec2Config.FeatureNorm(config),
            PreNorm = config.Flag("do_stable_layer_norm", false),
            ProjectionNorm = config.Flag("feat_proj_layer_norm", true),
            PositionKernel = config.Size("num_conv_pos_embeddings", defaults.PositionKernel),
        }).Read(config);
        return config.Flag("deepnorm", false) ? read with { ResidualScale = Math.Pow(2 * read.Layers, 0.25) } : read;
    }
}

/// <summary>HuBERT (Hsu et al., 2021) and MERT (Li et al., 2023), its music version: waveform to frame vectors.</summary>
/// <remarks>
/// After HubertModel of Hugging Face transformers 4.32 and the MERTModel of m-a-p/MERT-v1: 50 frames a second at 16 kHz, 75 at
/// MERT's 24 kHz. <see cref="SpeechEncoder.EncodeHidden(Tensor, Tensor)"/> gives every layer's states, as MusiLingo uses them.
/// </remarks>
public sealed class Hubert : SpeechEncoder
{
    /// <summary>Creates a model whose weights are unset.</summary>
    public Hubert(HubertConfig config) : base(nameof(Hubert), config, new WeightNormPositions(config))
    {
    }

    /// <summary>Loads a Hugging Face folder. The weights are frozen.</summary>
    /// <param name="folder">Holds config.json, the weights and, where the original has one, preprocessor_config.json or processor_config.json.</param>
    /// <param name="dtype">Type of the weights in memory; null for float32.</param>
    /// <param name="device">Where they go; null for the CPU.</param>
    public static Hubert Load(string folder, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var config = HubertConfig.FromJson(checkpoint.Config);
        return Fill(new Hubert((HubertConfig)WithFrontEnd(config, folder)), checkpoint, dtype, device);
    }
}
