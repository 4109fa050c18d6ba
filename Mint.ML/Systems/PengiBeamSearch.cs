using Mint.ML.LanguageModels;
using Mint.ML.Tensors;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>One beam of Pengi's search.</summary>
/// <param name="Tokens">GPT-2 tokens; the last is the stop token unless the answer reached the limit.</param>
/// <param name="Score">Mean log-probability of a token.</param>
internal sealed record PengiAnswer(long[] Tokens, double Score);

/// <summary>
/// Pengi's own beam search, which it has from ClipCap: beams are ranked by the running mean of their tokens' log-probabilities; one that has
/// stopped keeps its place by adding token 0 with log-probability 0, which counts neither in its sum nor in its length.
/// </summary>
internal static class PengiBeamSearch
{
    /// <param name="model">GPT-2; its EOS stops a beam.</param>
    /// <param name="prefix">(B, P, D), without padding.</param>
    /// <param name="beams">Beams K.</param>
    /// <param name="maxTokens">Most tokens of a beam.</param>
    /// <returns>K answers a prompt, the best first.</returns>
    public static IReadOnlyList<IReadOnlyList<PengiAnswer>> Run(ILanguageModel model, Tensor prefix, int beams, int maxTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(beams, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(beams, model.VocabularySize);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 1);
        var (prompts, vocabulary, device) = (prefix.shape[0], model.VocabularySize, prefix.device);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var logits = model.Begin(prefix, ones([prompts, prefix.shape[1]], dtype: ScalarType.Bool, device: device), out var state);
        using var caches = state;
        var (scores, tokens) = logits.log_softmax(-1).topk(beams, -1); // (B, K): sums so far, and the last tokens
        var sequences = tokens.unsqueeze(2); // (B, K, length)
        var lengths = ones_like(scores);
        var stopped = Ended(tokens);
        var firstRow = Indices(prompts, device: device).Times(beams).unsqueeze(1); // (B, 1)
        state.Select(null, Indices(prompts, device: device).repeat_interleave(beams));
        var frozen = Filled([vocabulary], double.NegativeInfinity, scores.dtype, device);
        frozen.narrow(0, 0, 1).Fill_(0);

        for (var step = 1; step < maxTokens && !stopped.all().item<bool>(); step++)
        {
            using var inner = NewDisposeScope();
            var next = model.Next(state, tokens.reshape(-1)).log_softmax(-1).view(prompts, beams, vocabulary);
            var sums = scores.unsqueeze(2).Plus(where(stopped.unsqueeze(2), frozen, next));
            lengths = lengths.Plus(stopped.logical_not());
            var (means, best) = sums.div(lengths.unsqueeze(2)).view(prompts, -1).topk(beams, -1);
            var source = best.FloorOver(vocabulary); // (B, K): the beam each comes from
            tokens = best.Remainder(vocabulary);
            lengths = lengths.gather(1, source);
            scores = means * lengths;
            sequences = cat([sequences.gather(1, source.unsqueeze(2).expand(-1, -1, step)), tokens.unsqueeze(2)], 2);
            stopped = stopped.gather(1, source).logical_or(Ended(tokens));
            state.Select(null, source.Plus(firstRow).view(-1));
            foreach (var kept in new[] { tokens, lengths, scores, sequences, stopped })
                kept.MoveToOuterDisposeScope();
        }

        var (ids, counts, sumsOnCpu) = (sequences.cpu().data<long>().ToArray(), lengths.cpu(), scores.cpu());
        var (final, length) = (sumsOnCpu.to(ScalarType.Float64).div(counts).data<double>().ToArray(), (int)sequences.shape[2]);
        var taken = counts.to(ScalarType.Int32).data<int>().ToArray();
        return [.. Enumerable.Range(0, (int)prompts).Select(prompt => Enumerable.Range(prompt * beams, beams)
            .Select(row => new PengiAnswer(ids.AsSpan(row * length, taken[row]).ToArray(), final[row]))
            .OrderByDescending(answer => answer.Score).ToList())];

        Tensor Ended(Tensor last) => model.EndTokenIds.Select(end => last.EqualTo(end)).Aggregate((one, other) => one.logical_or(other));
    }
}
