using System.Runtime.CompilerServices;
using Mint.ML.LanguageModels;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Generation;

/// <summary>Answers of a language model: greedy, by beam search, or sampled; token for token those of Hugging Face transformers 4.32.</summary>
/// <remarks>
/// An answer depends on its prompt and the options alone: not on the other prompts of the batch, their number, order or length. Prompts
/// run once, later steps on caches; a prompt with all its answers leaves the batch.
/// </remarks>
public static class TextGenerator
{
    /// <summary>Answers prompts of embeddings.</summary>
    /// <param name="model">The language model.</param>
    /// <param name="prompt">(B, P, D) input embeddings.</param>
    /// <param name="promptMask">(B, P) bool, true where the prompt is real.</param>
    /// <param name="options">How; null for greedy decoding of at most 30 tokens.</param>
    /// <param name="tokenizer">The model's, which <see cref="GenerationOptions.StopStrings"/> need; null without them.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <returns>A prompt: <see cref="GenerationOptions.Returned"/> answers, the best first.</returns>
    /// <exception cref="ArgumentException">Shapes or options are wrong.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<IReadOnlyList<GeneratedSequence>> Generate(
        ILanguageModel model, Tensor prompt, Tensor promptMask, GenerationOptions? options = null, ITextTokenizer? tokenizer = null,
            CancellationToken cancel = default)
    {
        options = Checked(model, prompt, promptMask, options, tokenizer);
        return Run(model, prompt, promptMask, Placeholders(model, prompt), options, tokenizer, cancel);
    }

    /// <summary>Answers prompts of tokens.</summary>
    /// <param name="model">The language model.</param>
    /// <param name="ids">(B, P) int64.</param>
    /// <param name="mask">(B, P) bool, true where a token is real.</param>
    /// <param name="options">How; penalties of a decoder-only model look at the prompt's tokens too.</param>
    /// <param name="tokenizer">The model's, which <see cref="GenerationOptions.StopStrings"/> need; null without them.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <inheritdoc cref="Generate"/>
    public static IReadOnlyList<IReadOnlyList<GeneratedSequence>> GenerateFromIds(
        ILanguageModel model, Tensor ids, Tensor mask, GenerationOptions? options = null, ITextTokenizer? tokenizer = null, CancellationToken cancel = default)
    {
        if (ids.shape.Length != 2) throw new ArgumentException($"Ids should be (B, P); they are ({string.Join(", ", ids.shape)}).", nameof(ids));
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var prompt = model.Embed(ids);
        options = Checked(model, prompt, mask, options, tokenizer);
        return Run(model, prompt, mask, model.IsEncoderDecoder ? Placeholders(model, prompt) : PromptTokens(ids, mask, options.PaddingCounts), options,
            tokenizer, cancel);
    }

    /// <summary>Answers one prompt, token by token as they are found; the EOS is not returned.</summary>
    /// <param name="model">The language model; nothing else may use it until the enumeration ends.</param>
    /// <param name="prompt">(1, P, D) input embeddings, kept by the caller until the enumeration ends.</param>
    /// <param name="promptMask">(1, P) bool.</param>
    /// <param name="options">How; one answer, without beams.</param>
    /// <param name="tokenizer">The model's, which <see cref="GenerationOptions.StopStrings"/> need; null without them.</param>
    /// <param name="cancel">Ends the enumeration between two tokens.</param>
    public static async IAsyncEnumerable<int> Stream(
        ILanguageModel model, Tensor prompt, Tensor promptMask, GenerationOptions? options = null, ITextTokenizer? tokenizer = null,
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        options = Checked(model, prompt, promptMask, options, tokenizer);
        if (prompt.shape[0] != 1 || options.Beams != 1 || options.Returned != 1)
        {
            throw new ArgumentException($"Streaming answers one prompt once, without beams; here are {prompt.shape[0]} prompts, {options.Beams} beams, "
                + $"{options.Returned} answers.", nameof(options));
        }

        using var run = await Task.Run(() => new GenerationRun(model, prompt, promptMask, Placeholders(model, prompt), options, tokenizer), cancel)
            .ConfigureAwait(false);
        int told = 0;
        for (bool more = true; more;)
        {
            cancel.ThrowIfCancellationRequested();
            more = await Task.Run(run.Step, cancel).ConfigureAwait(false);
            int[] ids = run.Searches[0].Rows[0].Ids;
            while (told < ids.Length) yield return ids[told++];
        }
    }

    private static IReadOnlyList<IReadOnlyList<GeneratedSequence>> Run(
        ILanguageModel model, Tensor prompt, Tensor promptMask, int[][] before, GenerationOptions options, ITextTokenizer? tokenizer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (before.Length == 0) return [];
        var answers = new IReadOnlyList<GeneratedSequence>[before.Length];
        PromptShares.Run(before.Length, PromptShares.Count(model, before.Length, Math.Max(options.Beams, options.Returned)), (first, count) =>
        {
            using var guard = no_grad(); // of this thread
            using var scope = NewDisposeScope();
            using var run = new GenerationRun(model, prompt.narrow(0, first, count), promptMask.narrow(0, first, count), before[first..(first + count)],
                options, tokenizer);
            while (run.Step()) cancel.ThrowIfCancellationRequested();
            for (int i = 0; i < count; i++) answers[first + i] = run.Searches[i].Answers;
        });
        return answers;
    }

    /// <summary>A start token, or the BOS that stands for embeddings: never fed, but seen by penalties, as in transformers 4.32.</summary>
    private static int[][] Placeholders(ILanguageModel model, Tensor prompt) =>
        [.. Enumerable.Range(0, (int)prompt.shape[0]).Select(_ => (int[])[model.StartTokenId])];

    private static int[][] PromptTokens(Tensor ids, Tensor mask, bool padding)
    {
        var (tokens, width) = (Cpu.Longs(ids), (int)ids.shape[1]);
        using var here = mask.to(ScalarType.Int64);
        var real = Cpu.Longs(here);
        return [.. Enumerable.Range(0, (int)ids.shape[0]).Select(row =>
            Enumerable.Range(row * width, width).Where(i => padding || real[i] != 0).Select(i => (int)tokens[i]).ToArray())];
    }

    private static GenerationOptions Checked(ILanguageModel model, Tensor prompt, Tensor promptMask, GenerationOptions? options, ITextTokenizer? tokenizer)
    {
        options ??= new();
        options.Validate();
        if (options.StopStrings.Count > 0 && tokenizer is null)
            throw new ArgumentException("StopStrings are texts: finding them in an answer needs the model's tokenizer, and none was given.", nameof(tokenizer));
        Prompts.Check(model, prompt, promptMask);
        long candidates = options.Beams == 1 ? 1 : BeamChooser.Candidates(options.Beams, model.EndTokenIds);
        if (candidates > model.VocabularySize)
        {
            throw new ArgumentException($"{options.Beams} beams need {candidates} different tokens; the model has {model.VocabularySize}.",
                nameof(options));
        }

        return options;
    }
}
