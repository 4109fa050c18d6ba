using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>Gives each of some labels, none of which the model need have been trained on, a probability for each sound.</summary>
public abstract class LabelScorer
{
    private protected LabelScorer(IReadOnlyList<string> labels, RankingOptions options)
    {
        options.Validate();
        RankingOptions.CheckLabels(labels);
        (Labels, Options) = ([.. labels], options);
    }

    /// <summary>The labels, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels { get; }

    private protected RankingOptions Options { get; }

    /// <summary>Probabilities of B sounds, (B, labels), in the labels' order; see <see cref="RankingOptions.MultiLabel"/>.</summary>
    /// <param name="sounds">Frames (B, T, E) and their mask.</param>
    /// <param name="cancel">Ends the call between two steps of the language model.</param>
    public abstract float[][] Score(AudioEncoding sounds, CancellationToken cancel = default);

    private protected static float[][] Rows(double[,] probabilities) => [.. Enumerable.Range(0, probabilities.GetLength(0))
        .Select(row => Enumerable.Range(0, probabilities.GetLength(1)).Select(label => (float)probabilities[row, label]).ToArray())];
}

/// <summary>Vocabulary ranking: how likely the language model finds each label as the answer to the instruction (Zhao et al., section 3.3).</summary>
internal sealed class RankingLabelScorer : LabelScorer
{
    private readonly IAudioLanguageModel model;
    private readonly CandidateTrie candidates;
    private readonly string instruction;
    private readonly Lazy<double[,]?> prior;

    /// <param name="model">The system; it stays the caller's.</param>
    /// <param name="labels">At least two different texts.</param>
    /// <param name="instruction">What the labels are an answer to.</param>
    /// <param name="options">What ranks.</param>
    /// <exception cref="ArgumentException">Labels or options are not usable.</exception>
    public RankingLabelScorer(IAudioLanguageModel model, IReadOnlyList<string> labels, string instruction, RankingOptions? options = null)
        : base(labels, options ?? new())
    {
        model.CheckRead(instruction);
        (this.model, this.instruction) = (model, instruction);
        candidates = model is Apt apt ? apt.Candidates(labels) : new([.. labels.Select(label => model.Tokenizer.Encode(label))]);
        // What the model thinks of the labels before it hears anything depends on the instruction alone: it is asked once.
        prior = new(() => Options.Score == RankingScore.PointwiseMutualInformation ? WithoutSound() : null);
    }

    /// <inheritdoc/>
    public override float[][] Score(AudioEncoding sounds, CancellationToken cancel = default)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (prompt, mask) = model.Prompt(sounds, [instruction]);
        return Rows(VocabularyRanking.Rank(model.LanguageModel, prompt, mask, candidates, Options, prior.Value, cancel).Probabilities);
    }

    private double[,] WithoutSound()
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (prompt, mask) = model.PromptWithoutSound(instruction);
        return VocabularyRanking.LogLikelihoods(model.LanguageModel, prompt, mask, candidates, Options);
    }
}

/// <summary>Embeddings alone (stage 1, CLAP): how near each label's text is to the sound, by the vector nearest to it, over the temperature that the
/// contrast was trained with.</summary>
internal sealed class SimilarityLabelScorer : LabelScorer
{
    private readonly IAudioTextEmbeddings embeddings;
    private readonly IReadOnlyList<float[,]> texts;
    private readonly float temperature;

    /// <param name="embeddings">Of a bridge of stage 1, or of a CLAP; they stay the caller's.</param>
    /// <param name="labels">At least two different texts.</param>
    /// <param name="instruction">What each label's text begins with.</param>
    /// <param name="options">Slope, offset and whether several labels can be true; the score is the similarity whatever it says.</param>
    /// <exception cref="ArgumentException">Labels or options are not usable.</exception>
    public SimilarityLabelScorer(IAudioTextEmbeddings embeddings, IReadOnlyList<string> labels, string instruction, RankingOptions? options = null)
        : base(labels, options ?? new())
    {
        this.embeddings = embeddings;
        string[] said = [.. labels.Select(label => $"{instruction} {label}".Trim())];
        foreach (string text in said) embeddings.CheckRead(text);
        texts = embeddings.Texts(said);
        temperature = embeddings.Temperature;
    }

    /// <inheritdoc/>
    public override float[][] Score(AudioEncoding sounds, CancellationToken cancel = default)
    {
        cancel.ThrowIfCancellationRequested();
        float[,] similarity = BridgeEmbeddings.Similarities(texts, embeddings.Clips(sounds)); // (labels, B)
        var scores = new double[similarity.GetLength(1), texts.Count];
        for (int row = 0; row < scores.GetLength(0); row++)
        {
            for (int label = 0; label < texts.Count; label++) scores[row, label] = similarity[label, row] / temperature;
        }
        return Rows(VocabularyRanking.Probabilities(scores, Options));
    }
}

/// <summary>Text matching (Pengi, section 4.2 and figure 3; APT, section 4.2): the answer to the instruction is generated, and the label wins whose text
/// embedding is nearest to the answer's.</summary>
internal sealed class TextMatchingLabelScorer : LabelScorer
{
    private readonly IAudioLanguageModel system;
    private readonly Func<IReadOnlyList<string>, IReadOnlyList<float[,]>> embed;
    private readonly GenerationOptions search;
    private readonly string instruction;
    private readonly IReadOnlyList<float[,]> named;

    /// <param name="pengi">The system; it stays the caller's.</param>
    /// <param name="labels">At least two different texts.</param>
    /// <param name="instruction">What is asked.</param>
    /// <param name="options">Slope, offset and whether several labels can be true; the score is the cosine whatever it says.</param>
    /// <exception cref="ArgumentException">Labels or options are not usable.</exception>
    public TextMatchingLabelScorer(Pengi pengi, IReadOnlyList<string> labels, string instruction, RankingOptions? options = null)
        : this(pengi, pengi.EmbedTexts, Pengi.Search, labels, instruction, options)
    {
    }

    /// <summary>The same of another system, whose texts are compared by the embeddings beside it.</summary>
    /// <inheritdoc cref="TextMatchingLabelScorer(Pengi, IReadOnlyList{string}, string, RankingOptions?)"/>
    public TextMatchingLabelScorer(IAudioLanguageModel system, Func<IReadOnlyList<string>, IReadOnlyList<float[,]>> embed, GenerationOptions search,
        IReadOnlyList<string> labels, string instruction, RankingOptions? options = null) : base(labels, options ?? new())
    {
        system.CheckRead(instruction);
        foreach (string label in labels)
            if (system.UnreadTokens(label) is > 0 and var unread) throw TextTensors.TooLong("A label", unread, label);
        (this.system, this.embed, this.search, this.instruction, named) = (system, embed, search, instruction, embed(labels));
    }

    /// <inheritdoc/>
    public override float[][] Score(AudioEncoding sounds, CancellationToken cancel = default)
    {
        var said = embed(system.Answer(sounds, [instruction], search, cancel));
        float[,] cosines = BridgeEmbeddings.Similarities(said, named); // (B, labels)
        var scores = new double[said.Count, named.Count];
        for (int row = 0; row < said.Count; row++)
        {
            for (int label = 0; label < named.Count; label++) scores[row, label] = cosines[row, label];
        }
        return Rows(VocabularyRanking.Probabilities(scores, Options));
    }
}
