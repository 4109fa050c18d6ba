using Mint.ML.Layers;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.LanguageModels;

/// <summary>The caches of T5's decoder: cross-attention once a prompt, self-attention once a token of any row.</summary>
/// <remarks>Nothing here belongs to a dispose scope.</remarks>
internal sealed class T5State : DecodingState
{
    private readonly T5Stack decoder;
    private readonly PromptCaches cross;
    private readonly AnswerCaches answers;
    private Tensor? bias; // (B, H, K, S) of the present step

    public T5State(T5Stack decoder, Tensor encoded, Tensor? promptBias)
    {
        this.decoder = decoder;
        var blocks = decoder.Blocks;
        cross = new PromptCaches(blocks.Count, promptBias);
        foreach (var block in blocks)
        {
            var (keys, values) = block.CrossKeys(encoded);
            cross.Keep(block.Index, keys, values);
        }
        answers = new AnswerCaches(blocks.Count, encoded.shape[0], encoded.device);
    }

    private T5State(T5State parent, Tensor rows) => (decoder, cross, answers) = (parent.decoder, parent.cross.Share(), parent.answers.Branch(rows));

    public override DecodingState Branch(Tensor rows) => new T5State(this, rows);

    public override int Prompts => (int)answers.Prompts;

    public override int Rows => (int)(answers.Prompts * answers.RowsEach);

    /// <summary>Called once before the blocks see a token of every row.</summary>
    public void Advance()
    {
        using var scope = NewDisposeScope();
        answers.Advance();
        var distances = decoder.DistanceBias(answers.Distances).t(); // (H, S)
        FieldTensor.Replace(ref bias, distances.unsqueeze(0).unsqueeze(2).expand(answers.Prompts, -1, answers.RowsEach, -1)
            .FillWhere(answers.Strangers(), Attention.Lowest(distances.dtype)).contiguous());
    }

    public Tensor SelfAttend(T5Block block, Tensor x) => block.SelfAttend(x, bias!, (keys, values) => answers.Append(block.Index, keys, values));

    public Tensor CrossAttend(T5Block block, Tensor x) => block.CrossAttend(x, cross[block.Index], cross.Bias);

    public override void Select(Tensor? prompts, Tensor rows)
    {
        using var scope = NewDisposeScope();
        answers.Select(prompts, rows);
        if (prompts is not null) cross.Select(prompts);
    }

    public override void Dispose()
    {
        cross.Dispose();
        answers.Dispose();
        bias?.Dispose();
    }
}
