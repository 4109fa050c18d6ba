using Mint.ML.Layers;
using Mint.ML.Tensors;
using static Mint.ML.Tensors.FieldTensor;
using static TorchSharp.torch;

namespace Mint.ML.LanguageModels;

/// <summary>Caches of a decoder-only model: keys and values of the prompts, once a prompt, and of the answers, once a token of any row.</summary>
/// <remarks>
/// A prompt's K rows are K queries, for both. The two stand apart, so that what rows branch from is not copied with them; the scores of a row come from two
/// products under one softmax where <see cref="FewQueries"/> do not take them.
/// Nothing here is tracked by a dispose scope or by autograd: the state lives from <c>Begin</c> until it is disposed.
/// </remarks>
internal sealed class CausalState : DecodingState, ICausalAttention
{
    private readonly PromptCaches prompt;
    private readonly AnswerCaches answers;
    private readonly long headsPerKey;
    private readonly ScalarType dtype;
    private Tensor lengths;    // (B, 1), real tokens so far
    private Tensor? bias;      // (B, 1, H/G K, P + S) of the present step
    private Tensor? positions; // (B, K), of the tokens being fed

    /// <param name="layers">Layers of the model.</param>
    /// <param name="mask">(B, P) bool, true where the prompt is real.</param>
    /// <param name="headsPerKey">Query heads that share a key head, H/G.</param>
    /// <param name="dtype">Type of keys and values.</param>
    public CausalState(int layers, Tensor mask, long headsPerKey, ScalarType dtype)
    {
        answers = new AnswerCaches(layers, mask.shape[0], mask.device);
        (this.headsPerKey, this.dtype) = (headsPerKey, dtype);
        using var scope = NewDisposeScope();
        lengths = mask.sum(1, keepdim: true, type: ScalarType.Int64).DetachFromDisposeScope();
        LongestPosition = lengths.max().item<long>() - 1;
        prompt = new PromptCaches(layers, zeros(mask.shape, dtype: dtype, device: mask.device)
            .FillWhere_(mask.logical_not(), Attention.Lowest(dtype)).view(mask.shape[0], 1, 1, -1));
    }

    private CausalState(CausalState parent, Tensor rows)
    {
        (headsPerKey, dtype, LongestPosition) = (parent.headsPerKey, parent.dtype, parent.LongestPosition);
        (prompt, answers) = (parent.prompt.Share(), parent.answers.Branch(rows));
        lengths = parent.lengths.clone().DetachFromDisposeScope();
    }

    public override DecodingState Branch(Tensor rows) => new CausalState(this, rows);

    public override int Prompts => (int)answers.Prompts;

    public override int Rows => (int)(answers.Prompts * answers.RowsEach);

    public Tensor Positions => positions!;

    public long LongestPosition { get; private set; }

    /// <summary>Takes a layer's keys and values of the prompts, (B, G, P, d).</summary>
    public void KeepPrompt(int layer, Tensor key, Tensor value) => prompt.Keep(layer, key, value);

    /// <summary>Called once before the layers see a token of every row.</summary>
    public void Advance()
    {
        using var scope = NewDisposeScope();
        answers.Advance();
        LongestPosition++;
        var (prompts, rows) = (answers.Prompts, answers.RowsEach);
        Replace(ref positions, lengths.repeat(1, rows));
        lengths.Plus_(1);
        var strangers = answers.Strangers(); // (B, 1, K, S)
        var own = zeros(strangers.shape, dtype: dtype, device: strangers.device).FillWhere_(strangers, Attention.Lowest(dtype));
        Replace(ref bias, cat([prompt.Bias!.expand(prompts, 1, rows, -1), own], 3).repeat(1, 1, headsPerKey, 1));
    }

    public Tensor Attend(int layer, Tensor query, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        var (prompts, heads, rows, width) = (query.shape[0], query.shape[1], query.shape[2], query.shape[3]);
        var groups = key.shape[1];
        var (promptKeys, promptValues) = prompt[layer];
        var (keys, values) = answers.Append(layer, key, value);
        // Heads that share keys are further rows of one product, as in a whole sequence.
        if (groups != heads) query = query.reshape(prompts, groups, headsPerKey * rows, width);
        var context = FewQueries.Of(query, (promptKeys, promptValues), (keys, values), bias, 1 / Math.Sqrt(width))
            ?? Products(query, promptKeys, promptValues, keys, values);
        return Attention.MergeHeads(context.reshape(prompts, heads, rows, width)).MoveToOuterDisposeScope(); // (B, K, H d)
    }

    private Tensor Products(Tensor query, Tensor promptKeys, Tensor promptValues, Tensor keys, Tensor values)
    {
        long length = promptKeys.shape[2];
        query = query.Times(1 / Math.Sqrt(query.shape[3]));
        var scores = cat([query.matmul(promptKeys.transpose(2, 3)), query.matmul(keys.transpose(2, 3))], 3).Plus_(bias!); // (B, G, H/G K, P + S)
        var weights = scores.softmax(3);
        return weights.narrow(3, 0, length).matmul(promptValues).Plus_(weights.narrow(3, length, keys.shape[2]).matmul(values));
    }

    public override void Select(Tensor? prompts, Tensor rows)
    {
        using var scope = NewDisposeScope();
        answers.Select(prompts, rows);
        if (prompts is null) return;
        prompt.Select(prompts);
        Replace(ref lengths!, lengths.index_select(0, prompts));
    }

    public override void Dispose()
    {
        prompt.Dispose();
        answers.Dispose();
        lengths.Dispose();
        bias?.Dispose();
        positions?.Dispose();
    }
}
