using Mint.ML.Bridges;
using Mint.ML.Objectives;

namespace Mint.ML.Training.Memory;

/// <summary>What a training step works on.</summary>
public sealed record TrainingStepSize
{
    /// <summary>Clips B that go through the model together.</summary>
    public int Batch { get; init; } = 64;

    /// <summary>Ranks N that train together, each B clips of a batch.</summary>
    public int Ranks { get; init; } = 1;

    /// <summary>Frames T of the longest clip. data2vec, wav2vec 2.0 and HuBERT give 50 a second.</summary>
    public int Frames { get; init; } = 500;

    /// <summary>Tokens of the longest caption or response.</summary>
    public int Tokens { get; init; } = 30;

    /// <summary>Tokens of the longest instruction, in either vocabulary.</summary>
    public int InstructionTokens { get; init; } = 12;

    /// <summary>Whether products are in bfloat16, over float32 master weights.</summary>
    public bool BFloat16 { get; init; }

    /// <summary>Whether a block keeps its input alone and computes the rest again in backward.</summary>
    public bool Checkpointed { get; init; }

    /// <summary>Whether the device has fused attention and fused dropout, as CUDA has: no scores are kept, and a mask of bytes instead of floats.</summary>
    public bool Fused { get; init; }
}

/// <summary>Peak memory of a training step, predicted, in bytes.</summary>
/// <param name="Weights">Trained weights.</param>
/// <param name="Gradients">As large as the weights.</param>
/// <param name="Moments">AdamW's two means a weight.</param>
/// <param name="Frozen">The frozen language model of stage 2.</param>
/// <param name="Activations">What backward needs of forward, and the widest temporaries; the only part that grows with the batch.</param>
/// <param name="Gaps">What the allocator holds between blocks of different sizes: not derived, but measured (docs/training.md).</param>
/// <param name="Process">The runtime and its libraries.</param>
/// <remarks>
/// The peak is where forward ends and backward begins: everything that a derivative needs is there, and nothing has been let go. So the activations are counted
/// by asking of each operation what its derivative reads (N rows, D width, F width of the feed-forward, H heads, L queries and S keys of an attention, in
/// values):
/// <code>
/// linear          its input, for the weight's gradient: N D. A frozen one: nothing
/// attention       queries, keys and values in the order of heads: 3 N D. The weights after softmax: B H L S, and where dropout acts its mask and the dropped
/// weights: 3 B H L S dropout         its mask: N D
/// norm            its input: N D
/// GELU            its input: N F
/// cross-entropy   the log-softmax of the logits: n V
/// </code>
/// And backward makes a gradient as large as the table of token embeddings, V D, for each of its uses (two captions, matching, and the tied head).
/// A block of the bridge therefore keeps 10 N D + 2 N F + 3 B H L S; one that listens to audio, for its queries, another 5 N D + 3 B H Q T, and keys and values
/// of the audio, 2 B T D, once for all passes and once more, gathered, for matching, whose batch is three times as large. A block of a frozen language model
/// keeps its three projections, softmax, what its norms read and the gates of its feed-forward. Not counted: biases, vectors and ids.
/// </remarks>
public sealed record MemoryPlan(long Weights, long Gradients, long Moments, long Frozen, long Activations, long Gaps, long Process)
{
    // Measured: a .NET process that has loaded libtorch and a tokenizer.
    private const long Runtime = 250_000_000;

    // Measured: peaks of steps of four sizes, beside the sum of their parts.
    private const double Lost = 0.15;

    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Moments + Frozen + Activations + Gaps + Process;

    /// <summary>A step of stage 1.</summary>
    public static MemoryPlan Stage1(BridgeNetConfig bridge, AlignmentOptions objective, TrainingStepSize step)
    {
        var (q, l, b) = (bridge.Queries, (long)step.Tokens, (long)step.Batch);
        var count = new BridgeActivations(bridge.QFormer, step);
        // Contrast and generation share one pass: queries, the caption (of whose last block [CLS] alone is kept), and the caption to be generated.
        bool generates = objective.GenerationWeight > 0;
        double kept = count.Audio() + count.Pass(b, queries: q, text: generates ? 2 * l : l, keptText: generates ? l + 1 : l,
            attended: generates ? [(q, q), (l, l), (l, q + l)] : [(q, q), (l, l)], audioRows: 0);
        if (generates) kept += count.TokenHead(b * (l - 1));
        // Matched pairs, each text with a wrong clip, each clip with a wrong text.
        if (objective.MatchingWeight > 0) kept += count.Pass(3 * b, q, l, keptText: 0, [(q + l, q + l)], audioRows: 3 * b);
        if (step.Ranks > 1) kept += count.Gathered(q, bridge.EmbeddingSize, matches: objective.MatchingWeight > 0);
        kept += count.TokenGradients(uses: 1 + (generates ? 2 : 0) + (objective.MatchingWeight > 0 ? 1 : 0));
        return FromCounts(BridgeActivations.Parameters(bridge), 0, kept, step);
    }

    /// <summary>A step of stage 2.</summary>
    public static MemoryPlan Stage2(BridgeNetConfig bridge, LanguageModelShape language, TrainingStepSize step)
    {
        var (q, l, b) = (bridge.Queries, (long)step.InstructionTokens, (long)step.Batch);
        var count = new BridgeActivations(bridge.QFormer, step);
        double kept = count.Audio() + count.Pass(b, q, l, keptText: l, [(q + l, q + l)], audioRows: 0) + count.TokenGradients(uses: 1)
            + language.Activations(b, prompt: q + l, step.Tokens, step);
        // Stage 1's heads are in the model and take no part; the projection is small beside the rest.
        return FromCounts(BridgeActivations.Parameters(bridge) + bridge.QFormer.HiddenSize * language.HiddenSize, language.Bytes(step.BFloat16), kept, step);
    }

    /// <summary>The largest batch, up to some most, whose step fits into memory; 0 when not even one clip does.</summary>
    /// <param name="plan">The plan of a batch.</param>
    /// <param name="memory">Bytes of the device.</param>
    /// <param name="most">The batch wanted.</param>
    public static int LargestBatch(Func<int, MemoryPlan> plan, long memory, int most)
    {
        int fits = 0;
        for (int step = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)most); step > 0; step /= 2)
            if (fits + step <= most && plan(fits + step).Total <= memory) fits += step;
        return fits;
    }

    private static MemoryPlan FromCounts(long parameters, long frozen, double activations, TrainingStepSize step)
    {
        // Master weights, gradients and moments are float32 whatever the products are in.
        long weights = 4 * parameters + (step.BFloat16 ? 2 * parameters : 0), kept = (long)activations;
        return new(weights, 4 * parameters, 8 * parameters, frozen, kept, (long)(Lost * (weights + 12.0 * parameters + frozen + kept)), Runtime);
    }
}

/// <summary>Bytes that a bridge's passes keep for backward; see <see cref="MemoryPlan"/>.</summary>
internal sealed class BridgeActivations(QFormerConfig config, TrainingStepSize step)
{
    private readonly double d = config.HiddenSize, f = config.FeedForwardSize, h = config.Heads;
    private readonly int wide = step.BFloat16 ? 2 : 4;                                                              // what products read
    private readonly double mask = config.HiddenDropout == 0 ? 0 : step.Fused ? 1 : 4;                     // a dropout's
    private readonly double score = step.Fused ? 0 : config.AttentionDropout == 0 ? 4 : 12;                 // an attention weight's: softmax, mask, dropped

    /// <summary>The normalised frames, and their keys and values in every block that listens.</summary>
    public double Audio() => (double)step.Batch * step.Frames * ((4 + wide) * config.AudioSize + Listening * 2 * d * wide);

    private long Listening => (config.Layers + config.CrossAttentionFrequency - 1) / config.CrossAttentionFrequency;

    /// <summary>A pass of B items with queries and text through all blocks.</summary>
    /// <param name="items">B.</param>
    /// <param name="queries">Queries an item.</param>
    /// <param name="text">Tokens an item.</param>
    /// <param name="keptText">Tokens an item that the last block computes.</param>
    /// <param name="attended">Queries and keys of each self-attention, an item.</param>
    /// <param name="audioRows">Items whose keys and values of the audio are gathered anew; 0 where those of <see cref="Audio"/> serve.</param>
    public double Pass(long items, long queries, long text, long keptText, (long From, long To)[] attended, long audioRows)
    {
        double keys = attended.Sum(group => group.To), scores = attended.Sum(group => group.From * group.To);
        double Block(long rows, bool listens, long computed) => items * (
            rows * d * wide + keys * 2 * d * wide + computed * d * wide + scores * h * score            // input; keys and values; queries; weights
            + computed * (d * wide + d * (mask + 4))                                                     // attention's output: input, mask, norm
            + computed * (d * wide + 2 * f * wide + d * (mask + 4))                                      // feed-forward: input, GELU's and its own, mask, norm
            + (listens ? queries * (2 * d * wide + d * (mask + 4 + wide)) + h * queries * step.Frames * score : 0));
        double most = 0, all = 0;
        for (long i = 0; i < config.Layers; i++)
        {
            bool last = i == config.Layers - 1, listens = queries > 0 && config.AttendsToAudio(i);
            double block = Block(queries + text, listens, queries + (last ? keptText : text));
            (most, all) = (Math.Max(most, block), all + (step.Checkpointed ? items * (queries + text) * d * wide : block));
        }
        return all + (step.Checkpointed ? most : 0) + (double)audioRows * step.Frames * Listening * 2 * d * wide;
    }

    /// <summary>What a rank has for the others' sake: embeddings of all ranks' clips and their gradients, similarities of each query with each text, and keys
    /// and values of the negatives, which may be another rank's.</summary>
    public double Gathered(long queries, long width, bool matches)
    {
        double all = (double)step.Batch * step.Ranks;
        return 2 * 4 * all * (queries + 1) * width + 4 * all * all * (queries + 4) + (matches ? Audio() : 0);
    }

    /// <summary>The head that predicts tokens, for so many of them: its own layer, and the log-softmax over the vocabulary.</summary>
    public double TokenHead(long tokens) => tokens * (3 * d * wide + d * 4 + config.VocabularySize * 4.0);

    /// <summary>Gradients of the table of token embeddings, one a use, before they are summed.</summary>
    public double TokenGradients(int uses) => 4.0 * uses * config.VocabularySize * d;

    /// <summary>Weights of a bridge.</summary>
    public static long Parameters(BridgeNetConfig bridge)
    {
        // Nothing is written to them, so that the system gives them no memory.
        using var counted = new BridgeNet(bridge);
        return counted.parameters().Sum(parameter => parameter.numel());
    }
}
