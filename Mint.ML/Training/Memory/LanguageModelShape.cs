using Mint.ML.Checkpoints;
using Mint.ML.LanguageModels;
using Mint.ML.Systems;

namespace Mint.ML.Training.Memory;

/// <summary>A frozen language model as <see cref="MemoryPlan"/> counts it, read from its folder's headers.</summary>
/// <param name="Parameters">All weights.</param>
/// <param name="HiddenSize">Width D.</param>
/// <param name="AttentionSize">Width of all heads together.</param>
/// <param name="FeedForwardSize">Width F.</param>
/// <param name="Heads">H.</param>
/// <param name="EncoderLayers">Blocks that read the prompt alone; 0 in a decoder-only model.</param>
/// <param name="DecoderLayers">Blocks that read the response, in a decoder-only model the prompt too.</param>
/// <param name="VocabularySize">V.</param>
/// <param name="Gates">Values of width F that the feed-forward keeps a row: GELU by tanh keeps three, and a product of two halves another two.</param>
public sealed record LanguageModelShape(
    long Parameters, long HiddenSize, long AttentionSize, long FeedForwardSize, long Heads, long EncoderLayers, long DecoderLayers, long VocabularySize,
        int Gates)
{
    /// <summary>Reads config.json and the tensors' headers of a Hugging Face folder; no weights.</summary>
    /// <exception cref="NotSupportedException">The folder holds no language model.</exception>
    public static LanguageModelShape Read(string folder)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        switch (ModelCatalog.Find(checkpoint)?.Name)
        {
            case "T5":
                var t5 = T5Config.FromJson(checkpoint.Config);
                return new(Count(T5.Names(t5)), t5.HiddenSize, t5.Heads * t5.HeadSize, t5.FeedForwardSize, t5.Heads, t5.EncoderLayers, t5.DecoderLayers,
                    t5.VocabularySize, t5.IsGated ? 5 : 1);
            case "Gpt2":
                var gpt2 = Gpt2Config.FromJson(checkpoint.Config);
                return new(Count(Gpt2.Names), gpt2.HiddenSize, gpt2.HiddenSize, gpt2.FeedForwardSize, gpt2.Heads, 0, gpt2.Layers, gpt2.VocabularySize, 3);
            case "Llama":
                var llama = LlamaConfig.FromJson(checkpoint.Config);
                return new(Count(Llama.Names), llama.HiddenSize, llama.HiddenSize, llama.FeedForwardSize, llama.Heads, 0, llama.Layers, llama.VocabularySize,
                    3);
            default:
                throw new NotSupportedException($"{folder}: this holds no language model that is known (T5, GPT-2, LLaMA).");
        }

        // Files hold more than the model does: tied weights again, causal masks, rotary frequencies.
        long Count(WeightNames names) => checkpoint.Names.Where(name => names.ToModule(name) is { } own && !names.IsIgnored(own))
            .Sum(name => checkpoint.Describe(name).Elements);
    }

    internal long Bytes(bool bfloat16) => Parameters * (bfloat16 ? 2 : 4);

    /// <summary>Bytes kept for backward of B prompts and responses.</summary>
    internal double Activations(long items, long prompt, long response, TrainingStepSize step)
    {
        int wide = step.BFloat16 ? 2 : 4, score = step.Fused ? 0 : 4;
        // A sublayer's norm keeps its input, in float32; frozen projections keep nothing; attention its three products and the softmax.
        double Attention(double rows, double keys, double keyRows) =>
            items * (rows * HiddenSize * 4 + (rows + 2 * keyRows) * AttentionSize * wide + rows * keys * Heads * score);
        double FeedForward(double rows) => items * (rows * HiddenSize * 4 + rows * Gates * FeedForwardSize * wide);
        double all = EncoderLayers * (Attention(prompt, prompt, prompt) + FeedForward(prompt));
        double decoded = EncoderLayers > 0 ? response : prompt + response;
        all += DecoderLayers * (Attention(decoded, decoded, decoded) + FeedForward(decoded) + (EncoderLayers > 0 ? Attention(response, prompt, prompt) : 0));
        // The logits' log-softmax, and its gradient, with which backward begins.
        return all + items * response * VocabularySize * 8.0;
    }
}
