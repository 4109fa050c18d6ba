using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Generation;

/// <summary>MINT's classifier: the exact log-likelihood of every candidate after a prompt; the highest wins.</summary>
/// <remarks>
/// The paper's "vocabulary ranking", after LAVIS's <c>predict_class</c>, which copies the encoder's output for each candidate. Here prompts
/// run once, and so does every beginning that candidates share: level by level through their tree, in groups bounded by
/// <see cref="RankingOptions.MaxRows"/>. Sums are taken in double precision.
/// </remarks>
public static class VocabularyRanking
{
    /// <summary>Scores and probabilities of every candidate.</summary>
    /// <param name="model">The language model.</param>
    /// <param name="prompt">(B, P, D) input embeddings: audio and instruction.</param>
    /// <param name="promptMask">(B, P) bool.</param>
    /// <param name="candidates">The labels' tokens.</param>
    /// <param name="options">How; null for LAVIS's sum.</param>
    /// <param name="prior">
    /// For mutual information: the candidates' <see cref="LogLikelihoods"/> after the same prompts without audio, (B or 1, candidates); one row serves all.
    /// </param>
    /// <param name="cancel">Ends the call between two steps.</param>
    /// <exception cref="ArgumentException">Shapes or options are wrong, a token is outside the vocabulary, or the prior is missing.</exception>
    public static RankingResult Rank(ILanguageModel model, Tensor prompt, Tensor promptMask, CandidateTrie candidates,
        RankingOptions? options = null, double[,]? prior = null, CancellationToken cancel = default)
    {
        options ??= new();
        var (scores, tokens) = Run(model, prompt, promptMask, candidates, options, cancel);
        int rows = scores.GetLength(0);
        if (options.Score == RankingScore.PointwiseMutualInformation)
        {
            if (prior is null)
                throw new ArgumentException("Mutual information needs the candidates' log-likelihoods after the same prompts without audio.", nameof(prior));
            if (prior.GetLength(0) != rows && prior.GetLength(0) != 1 || prior.GetLength(1) != candidates.Count)
            {
                throw new ArgumentException($"The prior is ({prior.GetLength(0)}, {prior.GetLength(1)}); expected ({rows} or 1, {candidates.Count}).",
                    nameof(prior));
            }

            Change((row, c) => scores[row, c] - prior[prior.GetLength(0) == 1 ? 0 : row, c]);
        }
        else if (options.Score == RankingScore.MeanPerToken)
        {
            Change((row, c) => scores[row, c] / candidates.Lengths[c]);
        }

        return new(scores, Probabilities(scores, options), tokens);

        void Change(Func<int, int, double> score)
        {
            for (int row = 0; row < rows; row++)
                for (int c = 0; c < candidates.Count; c++) scores[row, c] = score(row, c);
        }
    }

    /// <summary>The log-likelihood of every candidate, (B, candidates), in the candidates' order.</summary>
    /// <inheritdoc cref="Rank"/>
    public static double[,] LogLikelihoods(ILanguageModel model, Tensor prompt, Tensor promptMask, CandidateTrie candidates,
        RankingOptions? options = null, CancellationToken cancel = default) =>
        Run(model, prompt, promptMask, candidates, options ?? new(), cancel).Scores;

    /// <summary>A probability for each label, in the labels' order: softmax over a row, or of each label alone.</summary>
    /// <param name="scores">(B, labels).</param>
    /// <param name="options">See <see cref="RankingOptions.MultiLabel"/>.</param>
    public static double[,] Probabilities(double[,] scores, RankingOptions options)
    {
        var (rows, labels) = (scores.GetLength(0), scores.GetLength(1));
        var result = new double[rows, labels];
        double slope = options.SlopeAmong(labels);
        for (int row = 0; row < rows; row++)
        {
            double highest = double.NegativeInfinity, total = 0;
            for (int c = 0; c < labels; c++) highest = Math.Max(highest, scores[row, c]);
            for (int c = 0; c < labels; c++)
            {
                if (options.MultiLabel) result[row, c] = 1 / (1 + Math.Exp(-(slope * scores[row, c] + options.Offset)));
                else if (double.IsNegativeInfinity(highest)) result[row, c] = 1.0 / labels; // nothing is possible: no label is preferred
                else total += result[row, c] = Math.Exp(slope * (scores[row, c] - highest));
            }
            for (int c = 0; c < labels && total > 0; c++) result[row, c] /= total;
        }
        return result;
    }

    private static (double[,] Scores, long DecoderTokens) Run(
        ILanguageModel model, Tensor prompt, Tensor promptMask, CandidateTrie candidates, RankingOptions options, CancellationToken cancel)
    {
        options.Validate();
        Prompts.Check(model, prompt, promptMask);
        if (candidates.HighestToken >= model.VocabularySize)
        {
            throw new ArgumentException($"A candidate holds the token id {candidates.HighestToken}; the model has {model.VocabularySize} tokens. Was another "
                + "tokenizer used?", nameof(candidates));
        }

        int rows = (int)prompt.shape[0];
        var scores = new double[rows, candidates.Count];
        // A tree's widest level is about as wide as it has candidates.
        int shares = PromptShares.Count(model, rows, Math.Min(candidates.Count, options.MaxRows)), most = Math.Max(1, options.MaxRows / shares);
        long tokens = 0;
        PromptShares.Run(rows, shares, (from, share) =>
        {
            for (int first = from; first < from + share; first += most)
            {
                int count = Math.Min(most, from + share - first);
                using var scope = NewDisposeScope();
                var walk = new TrieWalk(model, candidates, count, Math.Max(1, most / count), cancel);
                walk.Run(prompt.narrow(0, first, count), promptMask.narrow(0, first, count));
                for (int row = 0; row < count; row++)
                    for (int c = 0; c < candidates.Count; c++) scores[first + row, c] = walk.LogLikelihood(row, candidates.End(c));
                Interlocked.Exchange(ref tokens, walk.DecoderTokens); // the same in every walk
            }
        });
        return (scores, tokens);
    }
}
