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
        Interleaving(); // before the files are read
        return Answer([.. files.Select(Hear)], [sequence], options, cancel)[0];
    }

    /// <summary>Answers several sequences of clips and texts at once.</summary>
    /// <param name="clips">The clips, each heard as one; the sequences name them by their places.</param>
    /// <param name="sequences">What is read.</param>
    /// <param name="options">How the answers are searched for; null as <see cref="Defaults"/> say.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <exception cref="NotSupportedException">The model hears one clip at a time; APT hears several.</exception>
    public IReadOnlyList<string> Answer(IReadOnlyList<AudioClip> clips, IReadOnlyList<Interleaved> sequences, GenerationOptions? options = null,
        CancellationToken cancel = default)
    {
        using var work = use.Enter();
        var apt = Interleaving();
        using var sounds = Heard(clips);
        return apt.Answer(sounds, sequences, options ?? Defaults.Generation, cancel);
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
        Interleaving(); // before the files are read
        double[,] probabilities = Rank([.. files.Select(Hear)], [sequence], answers, options, cancel);
        return [.. answers.Select((answer, i) => new LabelProbability(answer, probabilities[0, i])).OrderByDescending(answer => answer.Probability)];
    }

    /// <summary>Probabilities of answers to several sequences at once, (sequences, answers).</summary>
    internal double[,] Rank(IReadOnlyList<AudioClip> clips, IReadOnlyList<Interleaved> sequences, IReadOnlyList<string> answers, RankingOptions? options,
        CancellationToken cancel)
    {
        using var work = use.Enter();
        var apt = Interleaving();
        using var sounds = Heard(clips);
        return apt.Rank(sounds, sequences, answers, options, cancel).Probabilities;
    }

    /// <summary>What reads sequences, or an error that says that this model does not.</summary>
    internal Apt Interleaving() => Answering() as Apt
        ?? throw new NotSupportedException($"{published?.Name ?? "This model"} hears one clip at a time; APT reads sequences of clips and texts.");

    private AudioEncoding? Heard(IReadOnlyList<AudioClip> clips) => clips.Count == 0 ? null : Encoder.Encode(clips);
}
