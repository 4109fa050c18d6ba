using Mint.ML.Text;

namespace Mint.ML.Generation;

/// <summary>Which tokens the length penalty of beam search counts; two conventions rank the same beams differently.</summary>
public enum LengthPenaltyCounts
{
    /// <summary>
    /// transformers up to 4.35, with which LAVIS and the paper's models answered: the prompt's ids of a decoder-only model (or one BOS
    /// that stands for its embeddings), the start token of a decoder, and the answer without its EOS.
    /// </summary>
    WholeSequence,

    /// <summary>transformers from 4.36 on: the answer's tokens only, a final EOS included.</summary>
    Answer,
}

/// <summary>When a beam search that has as many ended answers as beams is over.</summary>
public enum EarlyStopping
{
    /// <summary>When the best open beam, ranked at its present length, cannot enter the answers: a heuristic, and the usual choice.</summary>
    WhenUnlikely,

    /// <summary>At once.</summary>
    Immediately,

    /// <summary>Only when no open beam can enter the answers at any length up to the longest.</summary>
    WhenImpossible,
}

/// <summary>How answers are generated. The defaults give greedy decoding of at most 30 tokens.</summary>
public sealed record GenerationOptions
{
    /// <summary>Beams K of a prompt; 1 decodes greedily or samples. Default 1.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>Answers returned for a prompt, the best first: at most <see cref="Beams"/>, or any number of samples. Default 1.</summary>
    public int Returned { get; init; } = 1;

    /// <summary>Exponent of the length that a beam's log-probability is divided by: above 0 favours long answers. Default 1, the mean.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>What the length penalty counts. Default: as LAVIS, whose settings for captions it comes with.</summary>
    public LengthPenaltyCounts LengthPenaltyCounts { get; init; }

    /// <summary>When beam search ends. Default: as transformers.</summary>
    public EarlyStopping EarlyStopping { get; init; }

    /// <summary>Draws tokens from the distribution instead of taking the likeliest. Default false.</summary>
    public bool Sample { get; init; }

    /// <summary>Divides the logits before sampling: below 1 sharpens, above 1 flattens. Default 1.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Samples from the k likeliest tokens only; 0, the default, from all.</summary>
    public int TopK { get; init; }

    /// <summary>Samples from the fewest tokens whose probabilities reach this sum. Default 1, all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Seed of sampling. An answer depends on the seed, its prompt and its number among the samples, not on the batch. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Tokens that occurred have a positive score divided, a negative one multiplied by this. Default 1, none; LAVIS captions with 1.5.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>No run of so many tokens occurs twice; 0, the default, allows it.</summary>
    public int NoRepeatNGram { get; init; }

    /// <summary>Fewest tokens before the EOS. Default 0. (transformers' min_length counts the start token and the EOS too.)</summary>
    public int MinLength { get; init; }

    /// <summary>Most tokens, EOS included. Default 30, as MINT trains.</summary>
    public int MaxLength { get; init; } = 30;

    /// <summary>
    /// True makes the padding of token prompts of a decoder-only model count as tokens for penalties and lengths, as in transformers; then an
    /// answer depends on the longest prompt of its batch. Default false.
    /// </summary>
    public bool PaddingCounts { get; init; }

    /// <summary>Texts that end an answer once it contains one; they need <see cref="Tokenizer"/>. Default none.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>The model's tokenizer, for <see cref="StopStrings"/> and <see cref="Text"/>.</summary>
    public ITextTokenizer? Tokenizer { get; init; }

    /// <summary>The text of an answer, cut where a stop string begins.</summary>
    /// <param name="ids">An answer's token ids.</param>
    /// <exception cref="InvalidOperationException">There is no tokenizer.</exception>
    public string Text(IEnumerable<int> ids)
    {
        string text = (Tokenizer ?? throw new InvalidOperationException("GenerationOptions.Tokenizer is not set.")).Decode(ids);
        int end = StopStrings.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(text.Length).Min();
        return text[..end];
    }

    /// <summary>Reports everything that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Options are out of range or contradict each other.</exception>
    public void Validate()
    {
        List<string> errors = [];
        Require(Beams >= 1, $"Beams is {Beams}; at least 1 is needed.");
        Require(Returned >= 1, $"Returned is {Returned}; at least 1 answer is needed.");
        Require(Sample || Returned <= Math.Max(Beams, 1), $"Returned is {Returned}, of {Beams} beam(s); raise Beams, or sample.");
        Require(!Sample || Beams == 1, $"Sampling with {Beams} beams is not offered; choose one of the two.");
        Require(double.IsFinite(LengthPenalty), "LengthPenalty is not a finite number.");
        Require(Temperature > 0 && double.IsFinite(Temperature), $"Temperature is {Temperature}; it divides, so it must be above 0.");
        Require(TopK >= 0, $"TopK is {TopK}; 0 means all.");
        Require(TopP is > 0 and <= 1, $"TopP is {TopP}; it is a probability above 0.");
        Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), $"RepetitionPenalty is {RepetitionPenalty}; 1 means none, and it must be above 0.");
        Require(NoRepeatNGram >= 0, $"NoRepeatNGram is {NoRepeatNGram}; 0 means none.");
        Require(MaxLength >= 1, $"MaxLength is {MaxLength}; at least 1 token is needed.");
        Require(MinLength >= 0 && MinLength <= MaxLength, $"MinLength is {MinLength}; it must be between 0 and MaxLength, {MaxLength}.");
        Require(StopStrings.All(stop => stop.Length > 0), "A stop string is empty.");
        Require(StopStrings.Count == 0 || Tokenizer is not null, "StopStrings need the model's Tokenizer.");
        if (errors.Count > 0) throw new ArgumentException("Generation options: " + string.Join(" ", errors));

        void Require(bool holds, string error)
        {
            if (!holds) errors.Add(error);
        }
    }
}
