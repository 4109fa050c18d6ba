using System.Text.Json.Serialization;
using Mint.ML.Encoders;

namespace Mint.ML.Generation;

/// <summary>What candidates are ranked by.</summary>
public enum RankingScore
{
    /// <summary>The log-likelihood: exact, as LAVIS and the paper rank. It favours short labels as far as the model finds them likelier.</summary>
    Sum,

    /// <summary>The log-likelihood over the number of the candidate's tokens.</summary>
    [JsonStringEnumMemberName("mean")]
    MeanPerToken,

    /// <summary>
    /// How much likelier the audio makes the candidate: its log-likelihood minus that after the same prompt without audio. Labels that the
    /// model likes whatever it hears lose their advantage.
    /// </summary>
    [JsonStringEnumMemberName("pmi")]
    PointwiseMutualInformation,
}

/// <summary>How candidates are ranked.</summary>
public sealed record RankingOptions
{
    /// <summary>What ranks. Default: the sum, as LAVIS.</summary>
    public RankingScore Score { get; init; }

    /// <summary>
    /// Most rows (prompts times nodes of the tree) in one call of the decoder, which bounds memory: the logits are rows x V float32. Default
    /// 256: 33 MB at Flan-T5's 32128 tokens, and enough rows to keep matrix products busy.
    /// </summary>
    public int MaxRows { get; init; } = 256;

    /// <summary>
    /// False, the default: one label is true, probabilities are the softmax over the labels. True: each label is true or not by itself, its
    /// probability the logistic function of <see cref="Slope"/> x score + <see cref="Offset"/>.
    /// </summary>
    public bool MultiLabel { get; init; }

    /// <summary>
    /// Factor of the score in either mode, the inverse of a temperature. Default 1. For <see cref="MultiLabel"/> with mutual information it is
    /// right without fitting: the logistic function of log p(label | audio) / p(label) is the probability that the label was said about this
    /// audio rather than about none, both being equally likely before. Sums and means need slope and offset fitted to labelled clips.
    /// </summary>
    public double Slope { get; init; } = 1;

    /// <summary>
    /// Where one label is true: of how many labels <see cref="Slope"/> was fitted; among n others it is Slope · (n / FittedLabels)^0.15. Among more labels more
    /// are nearly the same, which share what one of them would have: the same score then says more. Default 0: the slope is taken as it is.
    /// </summary>
    public int FittedLabels { get; init; }

    /// <summary>Added to the score in <see cref="MultiLabel"/>. Default 0.</summary>
    public double Offset { get; init; }

    /// <summary>
    /// Where one label is true: the probability that the likeliest must reach to be the answer; below it the model does not know, and no label is given.
    /// Default 0: the likeliest is always given. <see cref="LabelCalibration.Threshold"/> chooses it on held-out clips.
    /// </summary>
    public double UnknownBelow { get; init; }

    /// <summary>
    /// Where one label is true: how familiar the sound must be to the encoder, or no label is given, however likely one is among the others. It is the highest
    /// score of the encoder's own classes in any second (<see cref="IAudioEncoder.ClassScores"/>), which tells what nobody knows better than labels'
    /// probabilities do (docs/everyday-measured.md), and does not depend on the labels. Default 0: every sound gets a label. An encoder without classes of its
    /// own cannot tell: above 0, that is an error.
    /// </summary>
    public double UnfamiliarBelow { get; init; }

    // Of the model of everyday sound among 5, 10, 11, 50 and 197 names of sounds that it never heard (docs/everyday-measured.md).
    private const double LabelsExponent = 0.15;

    /// <summary>The factor of scores among so many labels.</summary>
    internal double SlopeAmong(int labels) => FittedLabels == 0 || MultiLabel ? Slope : Slope * Math.Pow((double)labels / FittedLabels, LabelsExponent);

    /// <summary>Reports everything that is wrong at once.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        errors.RequireKnown(nameof(Score), Score);
        errors.Require(MaxRows >= 1, $"MaxRows is {MaxRows}; at least 1 row is needed.");
        errors.Require(Slope > 0 && double.IsFinite(Slope), $"Slope is {Slope}; it must be above 0, or the ranking would turn.");
        errors.Require(FittedLabels >= 0, $"FittedLabels is {FittedLabels}; it is a number of labels, or 0.");
        errors.Require(double.IsFinite(Offset), $"Offset is {Offset}; it must be a finite number.");
        errors.Require(UnknownBelow is >= 0 and <= 1, $"UnknownBelow is {UnknownBelow}; it is a probability, from 0 to 1.");
        errors.Require(UnfamiliarBelow is >= 0 and <= 1, $"UnfamiliarBelow is {UnfamiliarBelow}; it is a score, from 0 to 1.");
        errors.Throw();
    }

    /// <summary>Whether the likeliest label is the answer, where one is true.</summary>
    /// <param name="probability">Its probability.</param>
    /// <param name="familiarity">See <see cref="UnfamiliarBelow"/>; null where the encoder cannot tell, which leaves nothing out.</param>
    public bool IsKnown(double probability, double? familiarity) => probability >= UnknownBelow && !(familiarity < UnfamiliarBelow);

    /// <summary>Whether what hears can tell what is asked of it.</summary>
    /// <param name="encoder">What hears; null where that is not known.</param>
    /// <exception cref="ArgumentException"><see cref="UnfamiliarBelow"/> is asked for, and it cannot.</exception>
    internal void CheckFamiliarity(IAudioEncoder? encoder)
    {
        if (UnfamiliarBelow == 0 || MultiLabel || encoder is { Classes: > 0 }) return;
        throw new ArgumentException($"UnfamiliarBelow is {UnfamiliarBelow}, but {(encoder is null ? "the encoder of these frames is not at hand"
            : $"{encoder.GetType().Name} has no classes of its own")}, which alone tell how familiar a sound is. Set it to 0, and UnknownBelow instead.");
    }

    /// <summary>Checks the texts to rank among; what is wrong is named, however many there are.</summary>
    /// <param name="labels">At least two, none empty, no two alike.</param>
    /// <exception cref="ArgumentException">They cannot be ranked.</exception>
    public static void CheckLabels(IReadOnlyList<string> labels)
    {
        var errors = new OptionErrors();
        errors.Require(labels.Count >= 2, $"Labels must be at least two different texts; there {(labels.Count == 1 ? "is 1" : $"are {labels.Count}")}.");
        int blank = labels.Select((label, i) => string.IsNullOrWhiteSpace(label) ? i : -1).FirstOrDefault(i => i >= 0, -1);
        errors.Require(blank < 0, $"Label {blank + 1} of {labels.Count} is empty.");
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        List<int> again = [.. Enumerable.Range(0, labels.Count).Where(i => !string.IsNullOrWhiteSpace(labels[i]) && !first.TryAdd(labels[i], i))];
        if (again is [var at, ..])
        {
            errors.Require(false, $"Labels must differ: '{(labels[at].Length > 60 ? labels[at][..60] + "..." : labels[at])}' is label "
                + $"{first[labels[at]] + 1} and label {at + 1}{(again.Count > 1 ? $", and {again.Count - 1} more are doubled" : "")}.");
        }

        errors.Throw();
    }
}

/// <summary>Scores of candidates, in the order of the candidates.</summary>
/// <param name="Scores">(prompts, candidates), by <see cref="RankingOptions.Score"/>; higher is better.</param>
/// <param name="Probabilities">(prompts, candidates), see <see cref="RankingOptions.MultiLabel"/>.</param>
/// <param name="DecoderTokens">Tokens that the decoder computed for each prompt, the start included: <see cref="CandidateTrie.Nodes"/>.</param>
public sealed record RankingResult(double[,] Scores, double[,] Probabilities, long DecoderTokens)
{
    /// <summary>Candidates of a prompt, the best first; of equals the earlier.</summary>
    public int[] Order(int prompt) => [.. Enumerable.Range(0, Scores.GetLength(1)).OrderByDescending(candidate => Scores[prompt, candidate])];
}
