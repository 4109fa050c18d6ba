using System.Reflection;
using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class ConfigJsonTests
{
    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    [TestMethod]
    public void Missing_and_null_keys_keep_the_defaults() =>
        Assert.AreEqual(new Gpt2Config(), Gpt2Config.FromJson(Parse("""{"n_inner": null, "model_type": "gpt2"}""")));

    [TestMethod]
    public void What_a_config_leaves_out_is_as_the_published_models_have_it()
    {
        // T5-small, LLaMA-7B, GPT-2, BERT-base, as the defaults of transformers' classes; AudioMAE's ViT-Base as its paper has it.
        var t5 = T5Config.FromJson([]);
        Assert.AreEqual((32128L, 512L, 64L, 2048L, 6L, 6L, 8L, 32L, 128L, 1e-6, "relu"), (t5.VocabularySize, t5.HiddenSize, t5.HeadSize, t5.FeedForwardSize,
            t5.EncoderLayers, t5.DecoderLayers, t5.Heads, t5.RelativeBuckets, t5.RelativeMaxDistance, t5.LayerNormEps, t5.FeedForward));
        Assert.AreEqual((true, 0, 1, 0), (t5.TieWordEmbeddings, t5.StartTokenId, t5.EosTokenId, t5.PadTokenId));
        var llama = LlamaConfig.FromJson([]);
        Assert.AreEqual((32000L, 4096L, 11008L, 32L, 32L, 32L, 1e-6, 10000d, "silu", 1L, 2L), (llama.VocabularySize, llama.HiddenSize, llama.FeedForwardSize,
            llama.Layers, llama.Heads, llama.KeyHeads, llama.LayerNormEps, llama.RotaryBase, llama.Activation, llama.BosTokenId, llama.EosTokenId));
        Assert.AreEqual(t5, new T5Config());
        Assert.AreEqual(llama, new LlamaConfig());
        var gpt2 = Gpt2Config.FromJson([]);
        Assert.AreEqual((50257L, 1024L, 768L, 12L, 12L), (gpt2.VocabularySize, gpt2.Positions, gpt2.HiddenSize, gpt2.Layers, gpt2.Heads));
        var bert = BertConfig.FromJson([]);
        Assert.AreEqual((30522L, 768L, 12L, 12L, 3072L, 512L),
            (bert.VocabularySize, bert.HiddenSize, bert.Layers, bert.Heads, bert.FeedForwardSize, bert.Positions));
        var mae = new AudioMaeConfig();
        Assert.AreEqual((1024L, 128L, 768L, 12L, 12L, 4d, 8L),
            (mae.Frames, mae.MelBins, mae.HiddenSize, mae.Layers, mae.Heads, mae.MlpRatio, mae.ContextualDepth));
    }

    [TestMethod]
    public void Epsilons_that_a_config_does_not_name_are_transformers()
    {
        Assert.AreEqual(1e-5, new Gpt2Config().LayerNormEps);
        Assert.AreEqual(1e-12, new BertConfig().LayerNormEps);
    }

    [TestMethod]
    [DataRow("""{"n_layer": "twelve"}""", "n_layer")]
    [DataRow("""{"n_layer": 0}""", "n_layer")]
    [DataRow("""{"n_layer": 1000000}""", "n_layer")]
    [DataRow("""{"n_embd": -1}""", "n_embd")]
    [DataRow("""{"n_embd": 1e300}""", "n_embd")]
    [DataRow("""{"n_embd": 12.5}""", "n_embd")]
    [DataRow("""{"n_embd": [768]}""", "n_embd")]
    [DataRow("""{"vocab_size": 99999999999}""", "vocab_size")]
    [DataRow("""{"layer_norm_epsilon": {}}""", "layer_norm_epsilon")]
    [DataRow("""{"activation_function": 3}""", "activation_function")]
    public void A_wrong_value_is_refused_by_its_key(string json, string key) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Gpt2Config.FromJson(Parse(json))).Message, $"'{key}'");

    [TestMethod]
    [DataRow("""{"depths": []}""")]
    [DataRow("""{"depths": [2, 0]}""")]
    [DataRow("""{"depths": [2, "2"]}""")]
    [DataRow("""{"depths": 2}""")]
    [DataRow("""{"depths": [2, null]}""")]
    public void A_wrong_list_is_refused_by_its_key(string json) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => HtsAtConfig.FromJson(Parse(json))).Message, "'depths'");

    [TestMethod]
    public void Mutated_configurations_are_read_or_refused()
    {
        // Every public record that reads a config.json, against every config.json of the fixtures.
        var readers = typeof(Gpt2Config).Assembly.GetExportedTypes()
            .Select(type => type.GetMethod("FromJson", [typeof(JsonObject)]))
            .OfType<MethodInfo>().Where(method => method.IsStatic).Select(method => method.CreateDelegate<Func<JsonObject, object>>()).ToList();
        Assert.IsGreaterThan(10, readers.Count);
        var samples = Directory.GetFiles(Fixtures.Path(), "config.json", SearchOption.AllDirectories).Select(File.ReadAllBytes)
            .Where(sample => sample.Length < 1500)
            .Append("""{"feature_size": 64, "sampling_rate": 48000, "hop_length": 480, "max_length_s": 10, "fft_window_size": 1024, "frequency_min": 0, "frequency_max": 14000, "padding": "repeatpad"}"""u8.ToArray())
            .ToList();
        Assert.IsGreaterThan(20, samples.Count);
        Fuzz.Run(samples, input =>
        {
            var config = CheckpointFolder.ReadJson(new MemoryStream(input), "config.json");
            foreach (var read in readers)
            {
                try
                {
                    read(config);
                }
                catch (InvalidDataException)
                {
                    // Another architecture's keys; the other readers go on.
                }
            }
        }, error => error is InvalidDataException);
    }

    [TestMethod]
    public void Whole_numbers_may_be_written_with_a_point() =>
        Assert.AreEqual(64, Gpt2Config.FromJson(Parse("""{"n_embd": 64.0}""")).HiddenSize);

    // Each of these changes what the original computes.
    [TestMethod]
    [DataRow("bert", """{"model_type": "xlm-roberta"}""", "model_type")]
    [DataRow("bert", """{"model_type": "camembert", "pad_token_id": 1}""", "model_type")]
    [DataRow("bert", """{"model_type": "bert", "is_decoder": true}""", "is_decoder")]
    [DataRow("gpt2", """{"tie_word_embeddings": false}""", "tie_word_embeddings")]
    [DataRow("t5", """{"feed_forward_proj": "gated-gelu", "is_gated_act": false}""", "is_gated_act")]
    [DataRow("t5", """{"feed_forward_proj": "relu", "dense_act_fn": "tanhh"}""", "dense_act_fn")]
    [DataRow("t5", """{"eos_token_id": []}""", "eos_token_id")]
    [DataRow("llama", """{"model_type": "granite"}""", "model_type")]
    [DataRow("llama", """{"model_type": "mistral", "sliding_window": 4096}""", "sliding_window")]
    [DataRow("llama", """{"model_type": "mistral"}""", "sliding_window")] // transformers' default is a window
    [DataRow("llama", """{"eos_token_id": [2, "3"]}""", "eos_token_id")]
    [DataRow("llama", """{"eos_token_id": [2, null]}""", "eos_token_id")]
    [DataRow("clip", """{"text_config": {"hidden_act": "quick_gelu"}, "text_config_dict": {"hidden_act": "gelu"}}""", "text_config_dict")]
    [DataRow("clip", """{"text_config": {"num_hidden_layers": 6}, "text_config_dict": {}}""", "text_config_dict")]
    public void Variants_that_are_not_implemented_are_refused_by_their_key(string model, string json, string key)
    {
        Func<JsonObject, object> read = model switch
        {
            "bert" => BertConfig.FromJson,
            "gpt2" => Gpt2Config.FromJson,
            "t5" => T5Config.FromJson,
            "clip" => ClipTextConfig.FromJson,
            _ => LlamaConfig.FromJson,
        };
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => read(Parse(json))).Message, $"config.json: '{key}'");
    }

    [TestMethod]
    public void Where_two_keys_of_CLIPs_text_tower_say_the_same_either_is_read()
    {
        // As openai/clip-vit-large-patch14 writes them: the older one leaves the end token out, whose 2 in the newer one means the highest id.
        var both = ClipTextConfig.FromJson(Parse("""
            {"text_config": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "projection_dim": 768, "eos_token_id": 2},
             "text_config_dict": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "projection_dim": 768}}
            """));
        Assert.AreEqual((768L, 2L), (both.HiddenSize, both.EosTokenId));
        Assert.AreEqual(768, ClipTextConfig.FromJson(Parse("""{"text_config_dict": {"hidden_size": 768}}""")).HiddenSize);
        Assert.AreEqual(new ClipTextConfig(), ClipTextConfig.FromJson(Parse("""{"text_config": {}, "text_config_dict": null}""")));
    }

    [TestMethod]
    public void BERTs_model_type_may_be_left_out_and_RoBERTas_positions_begin_behind_its_padding()
    {
        Assert.AreEqual(new BertConfig(), BertConfig.FromJson(Parse("""{"is_decoder": false}""")));
        Assert.AreEqual(2, BertConfig.FromJson(Parse("""{"model_type": "roberta", "pad_token_id": 1}""")).FirstPosition);
    }

    [TestMethod]
    public void CLAPs_projections_of_another_activation_are_refused()
    {
        using var folder = new ChangedFolder("clap", ("projection_hidden_act", "\"gelu\""));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Clap.Load(folder.Path)).Message, "'projection_hidden_act'");
    }

    [TestMethod]
    public void A_head_of_GPT2_that_is_no_copy_of_its_embeddings_is_refused()
    {
        foreach (string prefix in (string[])["", "transformer."])
        {
            string fixture = prefix.Length == 0 ? "gpt2" : "gpt2_prefixed";
            var weights = Safetensors.ReadAll(Fixtures.Path(fixture, "model.safetensors"));
            using var copy = new ChangedFolder(fixture).WithWeights(("lm_head.weight", weights[prefix + "wte.weight"]));
            Gpt2.Load(copy.Path).Dispose();
            using var differs = new ChangedFolder(fixture).WithWeights(("lm_head.weight", weights[prefix + "wte.weight"].neg()));
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Gpt2.Load(differs.Path)).Message, "'lm_head.weight'");
        }
    }

    [TestMethod]
    public void What_CLAPs_front_end_leaves_out_is_as_its_class_has_it()
    {
        // ClapFeatureExtractor's defaults; the lowest frequency is 0 there.
        var mel = ClapFrontEndOptions.FromJson([]).Spectrogram;
        Assert.AreEqual((48_000, 1024, 480, 64, 0d, 14_000d), (mel.SampleRate, mel.FftSize, mel.HopLength, mel.MelBins, mel.MinFrequency, mel.MaxFrequency));
    }

    [TestMethod]
    public void Dimensions_that_do_not_fit_together_are_refused()
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => new Gpt2(new Gpt2Config { HiddenSize = 30, Heads = 4 }));
        StringAssert.Contains(error.Message, "'n_head'");
        error = Assert.ThrowsExactly<InvalidDataException>(() => new Llama(new LlamaConfig { HiddenSize = 64, Heads = 8, KeyHeads = 3 }));
        StringAssert.Contains(error.Message, "'num_key_value_heads'");
        error = Assert.ThrowsExactly<InvalidDataException>(() => new HtsAt(new HtsAtConfig { MelBins = 100 }));
        StringAssert.Contains(error.Message, "'num_mel_bins'");
    }
}
