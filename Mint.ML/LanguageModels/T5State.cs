using Mint.ML.Layers;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.LanguageModels;

/// <summary>The caches of T5's decoder: cross-attention once a prompt, self-attention once a token of any row.</summary>
/// <remarks>Nothing here belongs to a dispose scope.</remarks>
internal sealed class T5State : DecodingState
{
    private readonly T5Stack decoder;
    private readonly (Tensor Keys, Tensor Values)[] cross; // a block: (B, H, P, d)
    private readonly AnswerCaches answers;
    private Tensor? crossBias;                             // (B, 1, 1, P), null without padding
    private Tensor? bias;                                  // (B, H, K, S) of the present step

    public T5State(T5Stack decoder, Tensor encoded, Tensor? promptBias)
    {
        this.decoder = decoder;
        cross = [.. decoder.Blocks.Select(block => Own(block.CrossKeys(encoded)))];
        answers = new AnswerCaches(cross.Length, encoded.shape[0], encoded.device);
        crossBias = promptBias?.DetachFromDisposeScope();

        static (Tensor, Tensor) Own((Tensor Keys, Tensor Values) views) =>
            (views.Keys.contiguous().DetachFromDisposeScope(), views.Values.contiguous().DetachFromDisposeScope());
    }

    private T5State(T5State parent, Tensor rows)
    {
        decoder = parent.decoder;
        cross = [.. parent.cross.Select(cache => (Alias(cache.Keys), Alias(cache.Values)))];
        crossBias = parent.crossBias is null ? null : Alias(parent.crossBias);
        answers = parent.answers.Branch(rows);

        static Tensor Alias(Tensor shared) => shared.alias().DetachFromDisposeScope();
    }

    public override DecodingState Branch(Tensor rows) => new T5State(this, rows);

    public override int Prompts => (int)answers.Prompts;

    public override int Rows => (int)(answers.Prompts * answers.RowsEach);

    /// <summary>Called once before the blocks see a token of every row.</summary>
    public void Advance()
    {
        using var scope = NewDisposeScope();
        answers.Advance();
        var distances = decoder.DistanceBias(answers.Distances).t(); // (H, S)
        bias?.Dispose();
        bias = distances.unsqueeze(0).unsqueeze(2).expand(answers.Prompts, -1, answers.RowsEach, -1)
            .FillWhere(answers.Strangers(), Attention.Lowest(distances.dtype)).contiguous().DetachFromDisposeScope();
    }

    public Tensor SelfAttend(T5Block block, Tensor x) => block.SelfAttend(x, bias!, (keys, values) => answers.Append(block.Index, keys, values));

    public Tensor CrossAttend(T5Block block, Tensor x) => block.CrossAttend(x, cross[block.Index], crossBias);

    public override void Select(Tensor? prompts, Tensor rows)
    {
        using var scope = NewDisposeScope();
        answers.Select(prompts, rows);
        if (prompts is null) return;
        if (crossBias is not null) Replace(ref crossBias, crossBias.index_select(0, prompts));
        for (int i = 0; i < cross.Length; i++)
        {
            Replace(ref cross[i].Keys, cross[i].Keys.index_select(0, prompts));
            Replace(ref cross[i].Values, cross[i].Values.index_select(0, prompts));
        }

        static void Replace(ref Tensor old, Tensor by)
        {
            old.Dispose();
            old = by.DetachFromDisposeScope();
        }
    }

    public override void Dispose()
    {
        foreach (var (keys, values) in cross)
        {
            keys.Dispose();
            values.Dispose();
        }
        answers.Dispose();
        crossBias?.Dispose();
        bias?.Dispose();
    }
}
