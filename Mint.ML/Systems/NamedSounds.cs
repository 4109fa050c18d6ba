using Mint.ML.Encoders;
using Mint.ML.Retrieval;

namespace Mint.ML.Systems;

/// <summary>Says what is heard in words, for a language model that reads them where the bridge's queries would stand.</summary>
/// <remarks>
/// A prompt of words needs no stage 2: what stage 1 learnt of names is all that is heard. It is a cascade and not the paper's: what no name says (how many,
/// in which order, what else) does not reach the language model. Whether something is there, stage 1 knows better than its first name tells: it says so itself.
/// </remarks>
internal sealed class NamedSounds
{
    // What is asked for is there where it is at least this likely beside the likeliest name. Chosen on clips of which training heard others of their class
    // (docs/everyday.md).
    private const double PresentShare = 0.03;

    private readonly IAudioTextEmbeddings embeddings;
    private readonly IReadOnlyList<float[,]> names;
    private readonly string[] words;

    /// <param name="embeddings">Of stage 1.</param>
    /// <param name="names">Name by name, as the embeddings know it, what the language model is told.</param>
    public NamedSounds(IAudioTextEmbeddings embeddings, IReadOnlyDictionary<string, string> names)
    {
        (this.embeddings, this.names, words) = (embeddings, embeddings.Texts([.. names.Keys]), [.. names.Values]);
    }

    /// <summary>What each of B sounds is told as: the likeliest name's words. The next ones are mostly other names of the same sound.</summary>
    public string[] Tell(AudioEncoding sounds)
    {
        float[,] near = Near(embeddings.Clips(sounds));
        return [.. Enumerable.Range(0, near.GetLength(1)).Select(row => words[Enumerable.Range(0, words.Length).MaxBy(name => near[name, row])])];
    }

    /// <summary>Whether something is in each of B sounds.</summary>
    /// <param name="sounds">The sounds.</param>
    /// <param name="asked">Any name of it: it need not be one that the language model is told.</param>
    public bool[] Hears(AudioEncoding sounds, string asked)
    {
        var clips = embeddings.Clips(sounds);
        float[,] near = Near(clips), wanted = BridgeEmbeddings.Similarities(embeddings.Texts([asked]), clips); // (names, B), (1, B)
        return [.. clips.Select((_, row) =>
        {
            float likeliest = Enumerable.Range(0, words.Length).Max(name => near[name, row]);
            return Math.Exp((wanted[0, row] - likeliest) / embeddings.Temperature) >= PresentShare;
        })];
    }

    private float[,] Near(IReadOnlyList<float[,]> clips) => BridgeEmbeddings.Similarities(names, clips);
}
