using Mint.ML.Tensors;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.LanguageModels;

/// <summary>What GPT-2 and LLaMA have in common: embeddings in, causal layers, one vocabulary projection, generation on caches.</summary>
public abstract class CausalLanguageModel : Module<Tensor, Tensor?, Tensor>, ILanguageModel
{
    private protected CausalLanguageModel(string name) : base(name) { }

    /// <inheritdoc/>
    public abstract int HiddenSize { get; }

    /// <inheritdoc/>
    public abstract int VocabularySize { get; }

    /// <inheritdoc/>
    public abstract int StartTokenId { get; }

    /// <inheritdoc/>
    public abstract int EosTokenId { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<int> EndTokenIds { get; }

    /// <summary>Fills the positions after the end; the EOS where the model has no padding token.</summary>
    public abstract int PadTokenId { get; }

    /// <inheritdoc/>
    public bool IsEncoderDecoder => false;

    /// <inheritdoc/>
    public Device Device => Tokens.weight.device;

    /// <summary>The token embeddings, (V, D): their type and device are the model's.</summary>
    private protected abstract Embedding Tokens { get; }

    private protected abstract int LayerCount { get; }

    private protected abstract long HeadsPerKey { get; }

    /// <summary>Runs the layers and the last norm: (B, T, D) to (B, T, D).</summary>
    /// <param name="embeddings">Input embeddings without positions.</param>
    /// <param name="attention">Positions, and how the layers attend.</param>
    /// <param name="every">Receives the embeddings, each layer's output, and in place of the last one's the normalised result.</param>
    private protected abstract Tensor RunLayers(Tensor embeddings, ICausalAttention attention, IList<Tensor>? every);

    /// <summary>Hidden states to vocabulary logits, (..., D) to (..., V).</summary>
    public abstract Tensor Project(Tensor hidden);

    /// <inheritdoc/>
    public Tensor Embed(Tensor ids) => Tokens.call(ids);

    /// <summary>Logits of every position, (B, T, V): position t predicts token t + 1.</summary>
    /// <param name="embeddings">(B, T, D), see <see cref="Embed"/>.</param>
    /// <param name="mask">(B, T) bool, true where a token is real; null when all are.</param>
    public override Tensor forward(Tensor embeddings, Tensor? mask)
    {
        using var hidden = Hidden(embeddings, mask);
        return Project(hidden);
    }

    /// <summary>The last layer's output after its norm, (B, T, D).</summary>
    /// <param name="embeddings">(B, T, D).</param>
    /// <param name="mask">(B, T) bool, true where a token is real; null when all are.</param>
    /// <param name="positions">(B, T) int64 position ids; null counts the real tokens, so that padding moves nothing.</param>
    /// <param name="every">Receives T+1 hidden states as transformers lists them: the embeddings, each layer, the normalised last.</param>
    public Tensor Hidden(Tensor embeddings, Tensor? mask = null, Tensor? positions = null, IList<Tensor>? every = null)
    {
        using var attention = new SequenceAttention(mask, positions, embeddings, HeadsPerKey);
        return RunLayers(embeddings, attention, every);
    }

    /// <inheritdoc/>
    public Tensor Logits(Tensor prompt, Tensor promptMask, Tensor targets)
    {
        var (promptLength, targetLength) = (prompt.shape[1], targets.shape[1]);
        using var scope = NewDisposeScope();
        var fed = targets.narrow(1, 0, targetLength - 1); // the last target is predicted, and predicts nothing
        var counts = fed.NotLessThan(0);
        var embeddings = cat([prompt.to(Tokens.weight.dtype), Embed(fed.AtLeast(0))], 1); // (B, P + T - 1, D)
        var hidden = Hidden(embeddings, cat([promptMask, counts], 1));
        var first = LastReal(hidden.narrow(1, 0, promptLength), promptMask);
        return Project(cat([first, hidden.narrow(1, promptLength, targetLength - 1)], 1)).MoveToOuterDisposeScope(); // (B, T, V)
    }

    /// <inheritdoc/>
    public Tensor Begin(Tensor prompt, Tensor promptMask, out DecodingState state)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var caches = new CausalState(LayerCount, promptMask, HeadsPerKey, Tokens.weight.dtype);
        try
        {
            prompt = prompt.to(Tokens.weight.dtype);
            using var attention = new SequenceAttention(promptMask, null, prompt, HeadsPerKey, caches);
            var hidden = RunLayers(prompt, attention, null);
            state = caches;
            return Project(LastReal(hidden, promptMask).squeeze(1)).MoveToOuterDisposeScope(); // (B, V)
        }
        catch
        {
            caches.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Tensor Next(DecodingState state, Tensor ids)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var caches = (CausalState)state;
        if (ids.shape is not [var rows] || rows != caches.Rows)
            throw new ArgumentException($"Ids should be ({caches.Rows}), one a row; they are ({string.Join(", ", ids.shape)}).", nameof(ids));
        caches.Advance();
        var x = Embed(ids).view(caches.Prompts, -1, HiddenSize); // (B, K, D): a prompt's rows side by side
        return Project(RunLayers(x, caches, null).view(caches.Rows, HiddenSize)).MoveToOuterDisposeScope(); // (R, V)
    }

    /// <summary>The hidden state of each row's last real position, (B, P, D) to (B, 1, D).</summary>
    private static Tensor LastReal(Tensor hidden, Tensor mask)
    {
        var last = mask.to(ScalarType.Int64).mul(Indices(mask.shape[1], device: mask.device)).argmax(1); // (B)
        return hidden.gather(1, last.view(-1, 1, 1).expand(-1, 1, hidden.shape[2]));
    }
}
