using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>Writes a small T5 as the folder that Hugging Face has of one: tokenizer, configuration, weights.</summary>
internal static class LanguageModelFolder
{
    /// <summary>Sentinels of span corruption, after the pieces of the vocabulary. T5 has 100; short texts need few, and each costs two rows of
    /// weights.</summary>
    public const int Sentinels = 20;

    /// <summary>Trains the tokenizer and writes its files.</summary>
    /// <param name="texts">What the model will read and write.</param>
    /// <param name="folder">Created when it does not exist.</param>
    /// <param name="vocabularySize">Ids in all, sentinels included.</param>
    /// <param name="cancel">Stops it; spiece.model is not written then.</param>
    /// <returns>The tokenizer, loaded from the folder: fewer ids than asked for when the texts have no more pieces.</returns>
    public static TextTokenizer WriteTokenizer(IEnumerable<string> texts, string folder, int vocabularySize, CancellationToken cancel = default)
    {
        Directory.CreateDirectory(folder);
        // A config.json of an earlier model would tell the tokenizer how many ids there are.
        File.Delete(Path.Combine(folder, "config.json"));
        var training = new UnigramTrainingOptions { VocabularySize = vocabularySize - Sentinels, SeedSize = 50_000 };
        UnigramTrainer.Train(texts, Path.Combine(folder, "spiece.model"), training, cancel);
        JsonObject Tokens() => new()
        {
            ["additional_special_tokens"] = new JsonArray([.. Enumerable.Range(0, Sentinels).Select(i => (JsonNode)$"<extra_id_{i}>")]),
            ["eos_token"] = "</s>",
            ["pad_token"] = "<pad>",
            ["unk_token"] = "<unk>",
        };
        var config = Tokens();
        config["extra_ids"] = Sentinels;
        config["model_max_length"] = 512;
        config["tokenizer_class"] = "T5Tokenizer";
        WriteJson(folder, "special_tokens_map.json", Tokens());
        WriteJson(folder, "tokenizer_config.json", config);
        return TextTokenizer.Load(folder);
    }

    /// <summary>Trains the tokenizer without a folder.</summary>
    /// <returns>The tokenizer, and the files that <see cref="WriteTokenizer"/> writes.</returns>
    public static (TextTokenizer Tokenizer, IReadOnlyDictionary<string, byte[]> Files) TrainTokenizer(IEnumerable<string> texts, int vocabularySize,
        CancellationToken cancel = default)
    {
        string folder = Directory.CreateTempSubdirectory("mint-pieces-").FullName;
        try
        {
            var tokenizer = WriteTokenizer(texts, folder, vocabularySize, cancel);
            return (tokenizer, Directory.GetFiles(folder).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Writes configuration and weights: matrices in float16, norms in float32.</summary>
    public static void WriteModel(T5 model, string folder)
    {
        using var scope = NewDisposeScope();
        var config = model.Config;
        CheckpointWriter.Write(folder, new JsonObject
        {
            ["architectures"] = new JsonArray("T5ForConditionalGeneration"),
            ["model_type"] = "t5",
            ["d_model"] = config.HiddenSize,
            ["d_kv"] = config.HeadSize,
            ["d_ff"] = config.FeedForwardSize,
            ["num_layers"] = config.EncoderLayers,
            ["num_decoder_layers"] = config.DecoderLayers,
            ["num_heads"] = config.Heads,
            ["relative_attention_num_buckets"] = config.RelativeBuckets,
            ["relative_attention_max_distance"] = config.RelativeMaxDistance,
            ["layer_norm_epsilon"] = config.LayerNormEps,
            ["feed_forward_proj"] = config.FeedForward,
            ["dropout_rate"] = 0.0,
            ["initializer_factor"] = 1.0,
            ["is_encoder_decoder"] = true,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["use_cache"] = true,
            ["vocab_size"] = config.VocabularySize,
            ["decoder_start_token_id"] = config.StartTokenId,
            ["eos_token_id"] = config.EosTokenId,
            ["pad_token_id"] = config.PadTokenId,
            ["torch_dtype"] = "float32",
        }, model.state_dict().Select(pair =>
            KeyValuePair.Create(pair.Key, pair.Value.ndim > 1 ? pair.Value.detach().to(ScalarType.Float16) : pair.Value.detach())));
        WriteJson(folder, "generation_config.json", new JsonObject
        {
            ["decoder_start_token_id"] = config.StartTokenId,
            ["eos_token_id"] = config.EosTokenId,
            ["pad_token_id"] = config.PadTokenId,
        });
    }

    private static void WriteJson(string folder, string name, JsonObject json) =>
        AtomicFile.WriteText(Path.Combine(folder, name), json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
}
