using Mint.ML.Encoders;
using Mint.ML.Retrieval;

namespace Mint.ML.Systems;

/// <summary>Says what is heard in words, for a language model that reads them where the bridge's queries would stand.</summary>
/// <remarks>
/// A prompt of words needs no stage 2: what stage 1 learnt of names is all that is heard. It is a cascade and not the paper's: what no name says (how many,
/// in which order) does not reach the language model. Whether something is there is stage 1's to say: the language model is asked for it by a name that it
/// knows, and told that name, or another.
/// </remarks>
internal sealed class NamedSounds
{
    // What is asked for is there where it is at least this likely beside the likeliest name. Chosen on clips that training heard (docs/everyday.md).
    private const double PresentShare = 0.1;

    private readonly IAudioTextEmbeddings embeddings;
    private readonly IReadOnlyList<float[,]> names;
    private readonly string[] words;

    /// <param name="embeddings">Of stage 1.</param>
    /// <param name="names">Name by name, as the embeddings know it, what the language model is told.</param>
    public NamedSounds(IAudioTextEmbeddings embeddings, IReadOnlyDictionary<string, string> names)
    {
        (this.embeddings, this.names, words) = (embeddings, embeddings.Texts([.. names.Keys]), [.. names.Values]);
    }

    /// <summary>What is said of each of B sounds in place of it, and what is asked: the likeliest name's words, and the question. The next names are mostly
    /// other names of the same sound.</summary>
    /// <param name="sounds">The sounds.</param>
    /// <param name="questions">One of each, or one of all.</param>
    public string[] Tell(AudioEncoding sounds, IReadOnlyList<string> questions)
    {
        var clips = embeddings.Clips(sounds);
        float[,] near = BridgeEmbeddings.Similarities(names, clips); // (names, B)
        return [.. clips.Select((clip, row) =>
        {
            string question = questions[questions.Count == 1 ? 0 : row];
            int[] order = [.. Enumerable.Range(0, words.Length).OrderByDescending(name => near[name, row])];
            return PresenceQuestion.Asked(question) is { } asked ? Answer(clip, near[order[0], row], order, asked) : $"{words[order[0]]} {question}";
        })];
    }

    private string Answer(float[,] clip, float likeliest, int[] order, string asked)
    {
        IReadOnlyList<float[,]> text = embeddings.Texts([asked]);
        float[,] kin = BridgeEmbeddings.Similarities(names, text); // (names, 1)
        string known = words[Enumerable.Range(0, words.Length).MaxBy(name => kin[name, 0])];
        double share = Math.Exp((BridgeEmbeddings.Similarities(text, [clip])[0, 0] - likeliest) / embeddings.Temperature);
        string told = share >= PresentShare ? known : words[order.FirstOrDefault(name => words[name] != known, order[0])];
        return $"{told} Is there {known}?";
    }
}
