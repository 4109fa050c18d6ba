using Mint.ML.LanguageModels;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Generation;

/// <summary>One call: prompts run once, then steps until every prompt has its answers. Finished prompts leave the batch.</summary>
/// <remarks>Roles: the language model gives logits, processors change them, a chooser proposes tokens, a search a prompt keeps what lives on.</remarks>
internal sealed class GenerationRun : IDisposable
{
    private readonly ILanguageModel model;
    private readonly DecodingState state;
    private readonly Endings endings;
    private readonly IReadOnlyList<ILogitsProcessor> processors;
    private readonly ITokenChooser chooser;
    private readonly int[][] before; // a prompt: the tokens that stand before its answer
    private List<int> open;          // the prompts in the batch
    private Tensor logits;           // (R, V) float32

    /// <param name="model">The language model.</param>
    /// <param name="prompt">(B, P, D).</param>
    /// <param name="promptMask">(B, P) bool.</param>
    /// <param name="before">A prompt: the tokens that stand before its answer in the eyes of penalties.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="tokenizer">The model's, if the options have stop strings.</param>
    public GenerationRun(ILanguageModel model, Tensor prompt, Tensor promptMask, int[][] before, GenerationOptions options, ITextTokenizer? tokenizer)
    {
        (this.model, this.before) = (model, before);
        endings = new(model.EndTokenIds, model.PadTokenId, options, tokenizer);
        processors = LogitsProcessors.For(options, model.EndTokenIds);
        chooser = options.Beams > 1 ? new BeamChooser((int)BeamChooser.Candidates(options.Beams, model.EndTokenIds)) : new SingleChooser(options);
        Searches = [.. before.Select(DecodingSearch (tokens) =>
            options.Beams > 1 ? new BeamSearch(endings, new(options, tokens.Length)) : new SingleSearch(endings))];
        open = [.. Enumerable.Range(0, before.Length)];
        using var guard = no_grad();
        logits = Keep(model.Begin(prompt, promptMask, out state));
    }

    /// <summary>One a prompt.</summary>
    public IReadOnlyList<DecodingSearch> Searches { get; }

    /// <summary>Adds a token to every answer that is not done; false when all are.</summary>
    public bool Step()
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        DecodingSearch[] searches = [.. open.Select(prompt => Searches[prompt])];
        var candidates = chooser.Choose(logits, searches, Process);
        for (int i = 0; i < searches.Length; i++) searches[i].Take(candidates[i]);
        return Feed(searches);
    }

    public void Dispose()
    {
        logits.Dispose();
        state.Dispose();
    }

    private void Process(Tensor scores)
    {
        if (processors.Count == 0) return;
        int[][] histories = [.. open.SelectMany(prompt => Searches[prompt].Rows.Select(row => (int[])[.. before[prompt], .. row.Ids]))];
        int answered = open.Max(prompt => Searches[prompt].Rows.Max(row => row.Ids.Length)); // ended rows stand still
        foreach (var processor in processors) processor.Apply(scores, histories, answered);
    }

    /// <summary>Gives the rows that live on to the model; prompts that are done leave its caches.</summary>
    private bool Feed(DecodingSearch[] searches)
    {
        int[] stay = [.. Enumerable.Range(0, searches.Length).Where(i => !searches[i].Done)];
        open = [.. stay.Select(i => open[i])];
        if (stay.Length == 0) return false;
        int width = state.Rows / searches.Length; // rows a prompt had
        long[] rows = [.. stay.SelectMany(i => searches[i].Rows.Select(row => (long)i * width + row.Source))];
        long[] tokens = [.. stay.SelectMany(i => searches[i].Rows.Select(row => (long)endings.Fed(row)))];
        bool unmoved = rows.Length == state.Rows && rows.Select((row, i) => row == i).All(same => same);
        if (!unmoved)
        {
            state.Select(stay.Length == searches.Length ? null : tensor(stay.Select(i => (long)i).ToArray(), device: model.Device),
                tensor(rows, device: model.Device));
        }

        var next = Keep(model.Next(state, tensor(tokens, device: model.Device)));
        logits.Dispose();
        logits = next;
        return true;
    }

    private static Tensor Keep(Tensor computed)
    {
        if (computed.dtype == ScalarType.Float32) return computed.DetachFromDisposeScope();
        using (computed) return computed.to(ScalarType.Float32).DetachFromDisposeScope();
    }
}
