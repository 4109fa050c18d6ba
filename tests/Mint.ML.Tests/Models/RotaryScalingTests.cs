using System.Text.Json.Nodes;
using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class RotaryScalingTests
{
    private const string Llama3 =
        """{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192, "rope_theta": 500000}""";

    private static LlamaConfig Read(string json) => LlamaConfig.FromJson(JsonNode.Parse(json)!.AsObject());

    /// <summary>Channel i of a head of ones turns with channel i + d/2: cos - sin, then cos + sin.</summary>
    private static double[] Turned(LlamaConfig config, long position, int width)
    {
        using var scope = NewDisposeScope();
        var positions = tensor(new[] { position }).unsqueeze(0);
        var rotary = new Rotary(positions, width, config.RotaryBase, config.RotaryScaling, ScalarType.Float32);
        return [.. rotary.Apply(ones(1, 1, 1, width)).data<float>().ToArray().Select(x => (double)x)];
    }

    [TestMethod]
    [DataRow("""{"rope_scaling": {"type": "linear", "factor": 2.5}}""", 10_000d)]
    [DataRow("""{"rope_parameters": {"rope_type": "linear", "factor": 2.5, "rope_theta": 20000}}""", 20_000d)]
    [DataRow($$"""{"rope_scaling": {{Llama3}}}""", 500_000d)]
    [DataRow($$"""{"rope_parameters": {{Llama3}}}""", 500_000d)]
    public void Scaled_frequencies_are_the_originals_counted_one_by_one(string json, double theta)
    {
        const int Width = 128; // of LLaMA 3's heads, whose waves are 6 to 2.5 million tokens long
        const long Position = 1000;
        bool llama3 = json.Contains("llama3", StringComparison.Ordinal);
        double[] turned = Turned(Read(json), Position, Width);
        var kinds = new HashSet<string>();
        for (int i = 0; i < Width / 2; i++)
        {
            double frequency = Math.Pow(theta, -2.0 * i / Width), wavelength = 2 * Math.PI / frequency;
            string kind = !llama3 ? "linear" : wavelength > 8192 / 1.0 ? "long" : wavelength < 8192 / 4.0 ? "short" : "between";
            double smooth = (8192 / wavelength - 1) / (4 - 1);
            double scaled = kind switch
            {
                "linear" => frequency / 2.5,
                "long" => frequency / 8,
                "short" => frequency,
                _ => (1 - smooth) * frequency / 8 + smooth * frequency,
            };
            kinds.Add(kind);
            Assert.AreEqual(Math.Cos(Position * scaled) - Math.Sin(Position * scaled), turned[i], 3e-4, $"channel {i}, {kind}");
            Assert.AreEqual(Math.Cos(Position * scaled) + Math.Sin(Position * scaled), turned[i + Width / 2], 3e-4, $"channel {i}, {kind}");
        }
        Assert.HasCount(llama3 ? 3 : 1, kinds);
    }

    [TestMethod]
    public void A_folder_of_transformers_5_computes_what_the_same_model_did_in_a_folder_of_4()
    {
        using var scope = NewDisposeScope();
        using var fixture = new ModelFixture("llama");
        Tensor Logits(params (string Key, string? Json)[] changes)
        {
            using var folder = new ChangedFolder("llama", changes);
            using var model = Llama.Load(folder.Path);
            return model.call(model.Embed(fixture["input_ids"]), null);
        }

        var plain = Logits();
        Assert.IsTrue(plain.Equals(Logits(("rope_scaling", null), ("rope_parameters", """{"rope_type": "default", "rope_theta": 10000.0}"""))));
        Assert.IsTrue(plain.Equals(Logits(("rope_scaling", """{"type": "default"}"""))));
        var theta = Logits(("rope_theta", "500000.0"));
        Assert.IsTrue(theta.Equals(Logits(("rope_scaling", null), ("rope_parameters", """{"rope_theta": 500000.0}"""))));
        Assert.IsGreaterThan(1e-3, ModelFixture.RelativeError(plain, theta));
        // Waves that are all longer than the text before are all slowed, as linear scaling slows them.
        var linear = Logits(("rope_scaling", """{"rope_type": "linear", "factor": 2.0}"""));
        var slowed = Logits(("rope_scaling", null), ("rope_parameters",
            """{"rope_type": "llama3", "factor": 2.0, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 6}"""));
        Assert.IsLessThan(1e-6, ModelFixture.RelativeError(linear, slowed));
        Assert.IsGreaterThan(1e-3, ModelFixture.RelativeError(plain, linear));
    }

    [TestMethod]
    [DataRow("""{"rope_scaling": {"type": "dynamic", "factor": 2.0}}""", "rope_scaling")]
    [DataRow("""{"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}""", "rope_scaling")]
    [DataRow("""{"rope_parameters": {"rope_type": "longrope", "rope_theta": 10000}}""", "rope_parameters")]
    [DataRow("""{"rope_parameters": {"full_attention": {"rope_type": "default"}}}""", "rope_parameters")]
    [DataRow("""{"rope_parameters": {"rope_type": "default"}, "rope_scaling": {"type": "linear", "factor": 2}}""", "rope_scaling")]
    [DataRow("""{"rope_scaling": {"rope_type": "default", "type": "linear", "factor": 2}}""", "rope_scaling")]
    [DataRow("""{"rope_scaling": {"type": "linear"}}""", "factor")]
    [DataRow("""{"rope_scaling": {"type": "linear", "factor": 0}}""", "factor")]
    [DataRow("""{"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}}""", "original_max_position_embeddings")]
    [DataRow("""{"rope_scaling": {"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4, "original_max_position_embeddings": 2048}}""",
        "high_freq_factor")]
    [DataRow("""{"rope_parameters": {"rope_theta": -1}}""", "rope_theta")]
    [DataRow("""{"rope_parameters": {"partial_rotary_factor": 0.5}}""", "partial_rotary_factor")]
    [DataRow("""{"partial_rotary_factor": 0.5}""", "partial_rotary_factor")]
    [DataRow("""{"rope_parameters": "llama3"}""", "rope_parameters")]
    public void Other_rotary_positions_are_refused_by_their_key(string json, string key) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Read(json)).Message, $"config.json: '{key}'");
}
