using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.LanguageModels;

/// <summary>What was done to a LLaMA's rotary frequencies so that it reads longer texts (transformers' modeling_rope_utils).</summary>
/// <param name="Factor">Divides the frequencies: all of them (linear), or those of long waves (llama3).</param>
/// <param name="Waves">Null where all are divided.</param>
internal sealed record RotaryScaling(double Factor, RotaryWaves? Waves = null)
{
    /// <summary>Base and scaling of a config.json: rope_theta and rope_scaling, or since transformers 5 all in rope_parameters.</summary>
    /// <exception cref="InvalidDataException">Another kind of scaling, or a value that is missing or wrong.</exception>
    public static (double Base, RotaryScaling? Scaling) Read(JsonObject config, double defaultBase)
    {
        string key = config["rope_parameters"] is null ? "rope_scaling" : "rope_parameters";
        config.Refuse("rope_scaling", key != "rope_scaling" && config["rope_scaling"] is not null, "but there is 'rope_parameters' too: keep one of them.");
        var rope = config.Section(key);
        config.Refuse(key, rope.Any(pair => pair.Value is JsonObject), "only one set of parameters for all layers is implemented.");
        string type = rope.Text("rope_type", rope.Text("type", "default"));
        config.Refuse(key, rope.Text("type", type) != type, "its 'rope_type' and 'type' differ: keep the one that the model was trained with.");
        config.Refuse(key, type is not ("default" or "linear" or "llama3"), "only default, linear and llama3 are implemented.");
        foreach (var part in new[] { config, rope })
            part.Refuse("partial_rotary_factor", part.Number("partial_rotary_factor", 1) != 1, "only heads that are rotated whole are implemented.");

        double theta = Positive(rope, "rope_theta", Positive(config, "rope_theta", defaultBase));
        if (type == "default") return (theta, null);
        double factor = Positive(rope, "factor");
        if (type == "linear") return (theta, new(factor));
        var waves = new RotaryWaves(Positive(rope, "original_max_position_embeddings"), Positive(rope, "low_freq_factor"), Positive(rope, "high_freq_factor"));
        rope.Refuse("high_freq_factor", waves.High <= waves.Low, $"expected more than 'low_freq_factor' ({waves.Low}).");
        return (theta, new(factor, waves));
    }

    /// <summary>(d/2) float32 to the same.</summary>
    public Tensor Apply(Tensor frequencies)
    {
        var slow = frequencies.Over(Factor);
        if (Waves is not { } waves) return slow;
        // 0 at wavelengths of Positions / Low and more, which are slowed; 1 at Positions / High and less, which stay; between them a mixture.
        var wavelengths = frequencies.reciprocal().Times(2 * Math.PI);
        var stays = wavelengths.reciprocal().Times(waves.Positions).Minus(waves.Low).Over(waves.High - waves.Low).AtLeast(0).AtMost(1);
        return (stays.FromOne() * slow).Plus(stays * frequencies);
    }

    private static double Positive(JsonObject from, string key, double @default = 0)
    {
        double number = from.Number(key, @default);
        from.Refuse(key, !(number > 0 && double.IsFinite(number)), "expected a number above 0.");
        return number;
    }
}

/// <summary>Which wavelengths llama3's scaling slows.</summary>
/// <param name="Positions">The longest text before.</param>
/// <param name="Low">Waves that fit fewer times into it are slowed whole.</param>
/// <param name="High">Waves that fit more times into it stay.</param>
internal sealed record RotaryWaves(double Positions, double Low, double High);
