using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Generation;

/// <summary>Changes the scores of the next token, in place. Greedy decoding and sampling process logits, beam search log-probabilities.</summary>
internal interface ILogitsProcessor
{
    /// <param name="scores">(R, V) float32.</param>
    /// <param name="histories">R lists of tokens before, all equally many for the rows of a prompt: what stands for the prompt, then the answer.</param>
    /// <param name="answered">Tokens of the answer so far.</param>
    void Apply(Tensor scores, IReadOnlyList<int[]> histories, int answered);
}

/// <summary>Those that the options ask for, in transformers' order, which matters: a ban must not be penalised into a score.</summary>
internal static class LogitsProcessors
{
    public static IReadOnlyList<ILogitsProcessor> For(GenerationOptions options, IReadOnlyList<int> ends)
    {
        List<ILogitsProcessor> processors = [];
        if (options.RepetitionPenalty != 1) processors.Add(new RepetitionPenalty(options.RepetitionPenalty));
        if (options.NoRepeatNGram > 0) processors.Add(new NoRepeatedRuns(options.NoRepeatNGram));
        if (options.MinTokens > 0) processors.Add(new NoEarlyEnd(options.MinTokens, ends));
        return processors;
    }

    /// <summary>Makes tokens that occurred less likely (Keskar et al., "CTRL", 2019).</summary>
    private sealed class RepetitionPenalty(double penalty) : ILogitsProcessor
    {
        public void Apply(Tensor scores, IReadOnlyList<int[]> histories, int answered)
        {
            int longest = histories.Max(history => history.Length);
            // Short rows repeat their last token: it is written twice with the same value.
            long[] ids = [.. histories.SelectMany(history => Enumerable.Range(0, longest).Select(i => (long)history[Math.Min(i, history.Length - 1)]))];
            using var scope = NewDisposeScope();
            var index = tensor(ids, device: scores.device).view(histories.Count, longest);
            var seen = scores.gather(1, index);
            scores.scatter_(1, index, where(seen.LessThan(0), seen.Times(penalty), seen.Over(penalty)));
        }
    }

    /// <summary>Forbids a token that would complete a run of n tokens that already occurred.</summary>
    private sealed class NoRepeatedRuns(int length) : ILogitsProcessor
    {
        public void Apply(Tensor scores, IReadOnlyList<int[]> histories, int answered)
        {
            long vocabulary = scores.shape[1];
            List<long> banned = [];
            for (int row = 0; row < histories.Count; row++)
            {
                var history = histories[row].AsSpan();
                if (history.Length < length) continue;
                var tail = history[(history.Length - length + 1)..];
                for (int start = 0; start + length <= history.Length; start++)
                    if (history.Slice(start, length - 1).SequenceEqual(tail)) banned.Add(row * vocabulary + history[start + length - 1]);
            }
            Ban(scores, banned);
        }
    }

    /// <summary>Forbids what ends an answer while it is too short.</summary>
    private sealed class NoEarlyEnd(int least, IReadOnlyList<int> ends) : ILogitsProcessor
    {
        public void Apply(Tensor scores, IReadOnlyList<int[]> histories, int answered)
        {
            if (answered >= least) return;
            foreach (int end in ends.Where(end => end >= 0 && end < scores.shape[1])) // -1 is a file's way to say that there is none
            {
                using var column = scores.select(1, end);
                column.Fill_(double.NegativeInfinity);
            }
        }
    }

    private static void Ban(Tensor scores, List<long> flat)
    {
        if (flat.Count == 0) return;
        using var scope = NewDisposeScope();
        scores.view(-1).FillAt_(0, tensor(flat.ToArray(), device: scores.device), double.NegativeInfinity);
    }
}
