using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.Systems;

/// <summary>Model folders of the small models that a system is made of, as Hugging Face lays them out.</summary>
internal static class SmallFolders
{
    /// <summary>A WordPiece vocabulary of some texts, in a folder.</summary>
    public static TextTokenizer Vocabulary(string folder, IEnumerable<string> texts, int size)
    {
        Directory.CreateDirectory(folder);
        WordPieceTrainer.Train(texts, Path.Combine(folder, "vocab.txt"), new WordPieceTrainingOptions { VocabularySize = size });
        AtomicFile.WriteText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class": "BertTokenizer", "do_lower_case": true}""");
        return TextTokenizer.Load(folder);
    }

    /// <summary>A GPT-2.</summary>
    public static void Write(string folder, Gpt2 model) => Write(folder, new JsonObject
    {
        ["model_type"] = "gpt2",
        ["vocab_size"] = model.Config.VocabularySize,
        ["n_positions"] = model.Config.Positions,
        ["n_embd"] = model.Config.HiddenSize,
        ["n_layer"] = model.Config.Layers,
        ["n_head"] = model.Config.Heads,
        ["bos_token_id"] = model.Config.BosTokenId,
        ["eos_token_id"] = model.Config.EosTokenId,
    }, model);

    /// <summary>A LLaMA.</summary>
    public static void Write(string folder, Llama model) => Write(folder, new JsonObject
    {
        ["model_type"] = "llama",
        ["vocab_size"] = model.Config.VocabularySize,
        ["hidden_size"] = model.Config.HiddenSize,
        ["intermediate_size"] = model.Config.FeedForwardSize,
        ["num_hidden_layers"] = model.Config.Layers,
        ["num_attention_heads"] = model.Config.Heads,
        ["num_key_value_heads"] = model.Config.KeyHeads,
        ["bos_token_id"] = model.Config.BosTokenId,
        ["eos_token_id"] = model.Config.EosTokenId,
        ["pad_token_id"] = model.Config.PadTokenId,
    }, model);

    /// <summary>CLIP's text tower with its projection.</summary>
    public static void Write(string folder, ClipText model) => Write(folder, new JsonObject
    {
        ["model_type"] = "clip_text_model",
        ["vocab_size"] = model.Config.VocabularySize,
        ["hidden_size"] = model.Config.HiddenSize,
        ["intermediate_size"] = model.Config.FeedForwardSize,
        ["num_hidden_layers"] = model.Config.Layers,
        ["num_attention_heads"] = model.Config.Heads,
        ["max_position_embeddings"] = model.Config.Positions,
        ["projection_dim"] = model.Config.ProjectionSize,
        ["eos_token_id"] = model.Config.EosTokenId,
    }, model);

    /// <summary>The audio tower of a CLAP.</summary>
    public static void Write(string folder, HtsAt model) => Write(folder, new JsonObject
    {
        ["model_type"] = "clap_audio_model",
        ["num_mel_bins"] = model.Config.MelBins,
        ["spec_size"] = model.Config.ImageSize,
        ["patch_size"] = model.Config.PatchSize,
        ["patch_embeds_hidden_size"] = model.Config.PatchWidth,
        ["depths"] = new JsonArray([.. model.Config.Depths.Select(n => (JsonNode)n)]),
        ["num_attention_heads"] = new JsonArray([.. model.Config.Heads.Select(n => (JsonNode)n)]),
        ["window_size"] = model.Config.Window,
        ["mlp_ratio"] = model.Config.MlpRatio,
        ["patch_stride"] = new JsonArray(model.Config.PatchSize, model.Config.PatchSize),
    }, model);

    private static void Write(string folder, JsonObject config, nn.Module model) => CheckpointWriter.Write(folder, config,
        model.state_dict().Select(pair => KeyValuePair.Create(pair.Key, pair.Value.detach())));

    /// <summary>Writes a folder's weights again in half the bytes: matrices in float16, which such models were not trained to more than.</summary>
    /// <param name="from">The folder.</param>
    /// <param name="to">Where it goes.</param>
    /// <param name="parts">Files that are copied.</param>
    /// <param name="without">What is in the names of tensors that are left out.</param>
    public static void Halve(string from, string to, IReadOnlyList<string> parts, params string[] without)
    {
        using var scope = NewDisposeScope();
        using (var checkpoint = CheckpointFolder.Open(from))
        {
            CheckpointWriter.Write(to, checkpoint.Config, [.. checkpoint.Names.Where(name => !without.Any(name.Contains)).Select(name =>
            {
                var tensor = checkpoint.Read(name);
                return KeyValuePair.Create(name, tensor.ndim > 1 && tensor.is_floating_point() ? tensor.to(ScalarType.Float16) : tensor);
            })]);
        }
        foreach (string file in parts)
        {
            string target = Path.Combine(to, file);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            AtomicFile.Copy(Path.Combine(from, file), target);
        }
    }

    /// <summary>A MERT's folder with the weights of an encoder of ours: the same function, without positions, which that was trained without.</summary>
    /// <param name="encoder">A data2vec-audio folder whose positional convolutions are zero (models/encoder).</param>
    /// <param name="folder">Made where it does not exist.</param>
    public static void WriteMert(string encoder, string folder)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(encoder, "config.json")))!.AsObject();
        config["model_type"] = "mert_model";
        config["feat_extract_norm"] = "layer";
        config["num_conv_pos_embeddings"] = 2; // even, as HuBERT's: of an odd one a frame would be dropped
        config.Remove("conv_pos_kernel_size");
        config.Remove("architectures");
        config = JsonNode.Parse(config.ToJsonString())!.AsObject();
        using var from = Data2VecAudio.Load(encoder);
        using var to = new Hubert(HubertConfig.FromJson(config));
        var weights = from.state_dict();
        foreach (var (name, tensor) in to.state_dict())
        {
            if (weights.TryGetValue(name, out var weight)) tensor.copy_(weight);
            else tensor.copy_(name.EndsWith("weight_v", StringComparison.Ordinal) ? ones(tensor.shape) : zeros(tensor.shape));
        }
        CheckpointWriter.Write(folder, config, to.state_dict().Select(pair => KeyValuePair.Create(pair.Key, pair.Value.detach())));
        AtomicFile.Copy(Path.Combine(encoder, "preprocessor_config.json"), Path.Combine(folder, "preprocessor_config.json"));
    }
}
