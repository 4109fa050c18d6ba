using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Retrieval;

namespace Mint.ML.Systems;

/// <summary>Says what is heard in words, for a language model that reads them where the bridge's queries would stand.</summary>
/// <remarks>
/// A prompt of words needs no stage 2: what stage 1 learnt of names is all that is heard. It is a cascade and not the paper's: what no name says (how many,
/// in which order, what else) does not reach the language model.
/// </remarks>
internal sealed class NamedSounds
{
    private readonly SimilarityLabelScorer scorer;
    private readonly string[] words;

    /// <param name="embeddings">Of stage 1.</param>
    /// <param name="names">Name by name, as the embeddings know it, what the language model is told.</param>
    public NamedSounds(IAudioTextEmbeddings embeddings, IReadOnlyDictionary<string, string> names)
    {
        scorer = new(embeddings, [.. names.Keys], "", new RankingOptions());
        words = [.. names.Values];
    }

    /// <summary>What each of B sounds is told as: the likeliest name's words. The next ones are mostly other names of the same sound.</summary>
    public string[] Tell(AudioEncoding sounds) => [.. scorer.Score(sounds).Select(row => words[row.Index().MaxBy(score => score.Item).Index])];
}
