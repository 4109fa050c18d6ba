using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Retrieval;

namespace Mint.ML.Systems;

/// <summary>Says what is heard in words, for a language model that reads them where the bridge's queries would stand.</summary>
/// <remarks>
/// A prompt of words needs no stage 2: what stage 1 learnt of names is all that is heard. It is a cascade and not the paper's: what no name says (how many,
/// in which order) does not reach the language model.
/// </remarks>
internal sealed class NamedSounds
{
    /// <summary>A second sound is told from this share of the likeliest's probability on: alternatives of one sound (rain, hail) share theirs.</summary>
    private const float Beside = 0.8f;

    /// <summary>Between the sounds that are told, as the language model has learnt to read them.</summary>
    private const string Together = " together ";

    private readonly SimilarityLabelScorer scorer;
    private readonly string[] words;

    /// <param name="embeddings">Of stage 1.</param>
    /// <param name="names">Name by name, as the embeddings know it, what the language model is told.</param>
    public NamedSounds(IAudioTextEmbeddings embeddings, IReadOnlyDictionary<string, string> names)
    {
        scorer = new(embeddings, [.. names.Keys], "", new RankingOptions());
        words = [.. names.Values];
    }

    /// <summary>What each of B sounds is told as.</summary>
    public string[] Tell(AudioEncoding sounds) => [.. scorer.Score(sounds).Select(Tell)];

    private string Tell(float[] probabilities)
    {
        int[] order = [.. Enumerable.Range(0, words.Length).OrderByDescending(name => probabilities[name])];
        bool two = probabilities[order[1]] >= Beside * probabilities[order[0]] && words[order[0]] != words[order[1]];
        return two ? words[order[0]] + Together + words[order[1]] : words[order[0]];
    }
}
