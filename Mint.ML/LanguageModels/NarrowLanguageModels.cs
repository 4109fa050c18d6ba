using System.Runtime.Intrinsics.X86;
using System.Text.Json.Serialization;

namespace Mint.ML.LanguageModels;

/// <summary>The type in which a frozen language model's products are computed.</summary>
public enum LanguageModelType
{
    /// <summary>As the weights are loaded; the default, since answers are then the original's.</summary>
    Float32,

    /// <summary>Weights and what they meet have 8 bits of precision, sums are wide: half of the memory traffic.</summary>
    [JsonStringEnumMemberName("bfloat16")] BFloat16,

    /// <summary>Weights are whole numbers of 8 bits with a scale for each output, what they meet with a scale for each row: a quarter of it.</summary>
    Int8,
}

/// <summary>Loads language models that answer faster than in float32, and nearly the same.</summary>
/// <remarks>
/// Products of the frozen language model alone are computed so: norms, softmax, attention, embeddings and residuals stay float32, as do the bridge, the encoder
/// and whatever has a gradient, which is computed from the narrow weights widened again. Layers hold the narrow weights alone, so that such a model cannot be
/// trained; tables of tokens stay float32. Docs/benchmarks.md says what it gains and what it costs.
/// </remarks>
public static class NarrowLanguageModels
{
    [ThreadStatic] private static LanguageModelType chosen;

    /// <summary>Runs a model's own loading so that its language model computes in a type, on the CPU; on a GPU it stays as it is loaded.</summary>
    /// <param name="type">The type of its products.</param>
    /// <param name="load">Loads the model on this thread, such as <c>() => AudioLanguageModel.Load("mint.zip")</c>.</param>
    public static T Load<T>(LanguageModelType type, Func<T> load)
    {
        var before = chosen;
        chosen = type;
        try
        {
            return load();
        }
        finally
        {
            chosen = before;
        }
    }

    /// <summary>What the loading that is under way on this thread asked for.</summary>
    internal static LanguageModelType Chosen => chosen;

    /// <summary>Whether this processor has instructions for a type's products. Without them they are slower than float32's, and nearly the same.</summary>
    public static bool IsFast(LanguageModelType type)
    {
        if (type == LanguageModelType.Float32) return true;
        if (!X86Base.IsSupported) return false; // not measured
        var (_, _, vnni, amx) = X86Base.CpuId(7, 0);
        int more = X86Base.CpuId(7, 1).Eax;
        return type == LanguageModelType.BFloat16 ? Has(more, 5) || Has(amx, 22) : Has(vnni, 11) || Has(more, 4);

        static bool Has(int register, int bit) => (register >> bit & 1) != 0;
    }
}
