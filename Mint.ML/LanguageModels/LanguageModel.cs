using static TorchSharp.torch;

namespace Mint.ML.LanguageModels;

/// <summary>A language model as MINT, Pengi and MusiLingo use one: it continues a prompt of embeddings.</summary>
/// <remarks>
/// Encoder-decoder models (T5) run the prompt through the encoder; decoder-only models (GPT-2, LLaMA) run it as a prefix.
/// The two are otherwise the same to a caller, so that bridges and generation are written once.
/// </remarks>
public interface ILanguageModel : IDisposable
{
    /// <summary>Width D of the input embeddings.</summary>
    int HiddenSize { get; }

    /// <summary>Number V of logits a position.</summary>
    int VocabularySize { get; }

    /// <summary>True when the prompt goes through an encoder and the answer through a decoder.</summary>
    bool IsEncoderDecoder { get; }

    /// <summary>Fed before the first generated token of an encoder-decoder model; the BOS of a decoder-only one.</summary>
    int StartTokenId { get; }

    /// <summary>Ends a sequence: of several ends, the one that texts to be scored or learnt end with.</summary>
    int EosTokenId { get; }

    /// <summary>Any of these ends an answer; <see cref="EosTokenId"/> is the first.</summary>
    IReadOnlyList<int> EndTokenIds => [EosTokenId];

    /// <summary>Fills the positions after the end.</summary>
    int PadTokenId { get; }

    /// <summary>Device of the weights.</summary>
    Device Device { get; }

    /// <summary>Token ids to input embeddings: (B, L) int64 to (B, L, D).</summary>
    Tensor Embed(Tensor ids);

    /// <summary>Teacher-forced logits of every target position.</summary>
    /// <param name="prompt">Input embeddings, (B, P, D).</param>
    /// <param name="promptMask">(B, P) bool, true where the prompt is real. Padding may stand on either side.</param>
    /// <param name="targets">(B, T) int64 target ids; -100 marks positions that do not count.</param>
    /// <returns>(B, T, V): position t predicts <c>targets[:, t]</c>.</returns>
    Tensor Logits(Tensor prompt, Tensor promptMask, Tensor targets);

    /// <summary>Runs the prompt once and keeps what later steps need.</summary>
    /// <param name="prompt">Input embeddings, (B, P, D).</param>
    /// <param name="promptMask">(B, P) bool.</param>
    /// <param name="state">One row a prompt; its caches hold the prompt, cross-attention keys and values included.</param>
    /// <returns>Logits of the first answer token, (B, V).</returns>
    Tensor Begin(Tensor prompt, Tensor promptMask, out DecodingState state);

    /// <summary>Feeds one token to every row and returns the logits of the next: (R) int64 to (R, V).</summary>
    Tensor Next(DecodingState state, Tensor ids);
}

/// <summary>The caches of a sequence of <see cref="ILanguageModel.Next"/> calls: R rows that belong to B prompts, K rows each.</summary>
/// <remarks>
/// What belongs to the prompt (an encoder's output as keys and values) is kept once a prompt and never copied to its rows:
/// rows of one prompt stand together, so that cross-attention sees (B, heads, K, head width) queries.
/// </remarks>
public abstract class DecodingState : IDisposable
{
    /// <summary>Prompts B still being answered.</summary>
    public abstract int Prompts { get; }

    /// <summary>Rows R = B x K.</summary>
    public abstract int Rows { get; }

    /// <summary>Keeps some prompts and, for each, K rows: how beams are reordered, tries branch and finished prompts leave.</summary>
    /// <param name="prompts">(B') int64, indices into the present prompts, in their new order; null keeps all.</param>
    /// <param name="rows">(B' x K') int64, indices into the present rows, grouped by kept prompt.</param>
    public abstract void Select(Tensor? prompts, Tensor rows);

    /// <summary>A second state of some rows, to be continued apart from this one; what belongs to the prompts is shared, not copied.</summary>
    /// <param name="rows">(B x K') int64, indices into the present rows, grouped by prompt.</param>
    public abstract DecodingState Branch(Tensor rows);

    /// <inheritdoc/>
    public abstract void Dispose();
}
