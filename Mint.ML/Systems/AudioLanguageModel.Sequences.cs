using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Generation;

namespace Mint.ML.Systems;

// Several clips and texts in one sequence: APT's.
public sealed partial class AudioLanguageModel
{
    /// <summary>Answers a sequence of clips and texts, in one pass of the language model.</summary>
    /// <param name="files">Sound files, each heard as one; the sequence names them by their places.</param>
    /// <param name="sequence">What is read, for instance <see cref="Interleaved.About(int, int, string)"/>.</param>
    /// <param name="options">How the answer is searched for; null as <see cref="Defaults"/> say.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <exception cref="NotSupportedException">The model hears one clip at a time; APT hears several.</exception>
    /// <exception cref="AudioFormatException">A file cannot be read; the message names it.</exception>
    public string Ask(IReadOnlyList<string> files, Interleaved sequence, GenerationOptions? options = null, CancellationToken cancel = default)
    {
        using var work = use.Enter();
        var apt = Interleaving();
        using var sounds = Heard(files);
        return apt.Answer(sounds, [sequence], options ?? Defaults.Generation, cancel)[0];
    }

    /// <summary>Ranks answers to a sequence of clips and texts: the labels of <see cref="Interleaved.FewShot"/>, or the options of a question.</summary>
    /// <param name="files">Sound files, each heard as one; the sequence names them by their places.</param>
    /// <param name="sequence">What is read.</param>
    /// <param name="answers">At least two different texts.</param>
    /// <param name="options">What ranks; null for the sum of log-likelihoods.</param>
    /// <param name="cancel">Ends the call between two steps.</param>
    /// <returns>Every answer, the likeliest first; of equals the earlier.</returns>
    /// <exception cref="NotSupportedException">The model hears one clip at a time; APT hears several.</exception>
    /// <exception cref="AudioFormatException">A file cannot be read; the message names it.</exception>
    public IReadOnlyList<LabelProbability> Rank(IReadOnlyList<string> files, Interleaved sequence, IReadOnlyList<string> answers,
        RankingOptions? options = null, CancellationToken cancel = default)
    {
        using var work = use.Enter();
        var apt = Interleaving();
        using var sounds = Heard(files);
        double[,] probabilities = apt.Rank(sounds, [sequence], answers, options, cancel).Probabilities;
        return [.. answers.Select((answer, i) => new LabelProbability(answer, probabilities[0, i])).OrderByDescending(answer => answer.Probability)];
    }

    private Apt Interleaving() => Answering() as Apt
        ?? throw new NotSupportedException($"{published?.Name ?? "This model"} hears one clip at a time; APT reads sequences of clips and texts.");

    private AudioEncoding? Heard(IReadOnlyList<string> files) => files.Count == 0 ? null : Encoder.Encode([.. files.Select(Hear)]);
}
