using System.Reflection;
using System.Text.Json.Nodes;
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
