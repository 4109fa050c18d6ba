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

    /// <summary>Draws tokens from the distribution instead of taking the likeliest. Default false.</summary>
    public bool Sample { get; init; }

    /// <summary>Divides the logits before sampling: below 1 sharpens, above 1 flattens. Default 1. Only with <see cref="Sample"/>.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Samples from the k likeliest tokens only; 0, the default, from all. Only with <see cref="Sample"/>.</summary>
    public int TopK { get; init; }

    /// <summary>Samples from the fewest tokens whose probabilities reach this sum. Default 1, all. Only with <see cref="Sample"/>.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Seed of sampling. An answer depends on the seed, its prompt and its number among the samples, not on the batch. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>These, without the seed where it decides nothing.</summary>
    internal GenerationOptions Deciding => Sample ? this : this with { Seed = 0 };

    /// <summary>Tokens that occurred have a positive score divided, a negative one multiplied by this. Default 1, none; LAVIS captions with 1.5.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>No run of so many tokens occurs twice; 0, the default, allows it.</summary>
    public int NoRepeatNGram { get; init; }

    /// <summary>Fewest tokens before the EOS. Default 0. (transformers' min_length counts the start token and the EOS too.)</summary>
    public int MinTokens { get; init; }

    /// <summary>Most tokens, EOS included. Default 30, as MINT trains.</summary>
    public int MaxTokens { get; init; } = 30;

    /// <summary>Texts that end an answer once it contains one; whoever generates hands the model's tokenizer over with them. Default none.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    // The three below answer as a certain version of an original does. They are for comparing answers with it, token for token.

    /// <summary>As the originals: what the length penalty counts. Default: as LAVIS, whose settings for captions it comes with.</summary>
    public LengthPenaltyCounts LengthPenaltyCounts { get; init; }

    /// <summary>As the originals: when beam search ends. Default: as transformers.</summary>
    public EarlyStopping EarlyStopping { get; init; }

    /// <summary>
    /// As the originals: true makes the padding of token prompts of a decoder-only model count as tokens for penalties and lengths, as in transformers;
    /// then an answer depends on the longest prompt of its batch. Default false.
    /// </summary>
    public bool PaddingCounts { get; init; }

    /// <summary>Reports everything that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Options are out of range or contradict each other.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        errors.Require(Beams >= 1, $"Beams is {Beams}; at least 1 is needed.");
        errors.Require(Returned >= 1, $"Returned is {Returned}; at least 1 answer is needed.");
        errors.Require(Sample || Returned <= Math.Max(Beams, 1), $"Returned is {Returned}, of {Beams} beam(s); raise Beams, or sample.");
        errors.Require(!Sample || Beams <= 1, $"Sampling with {Beams} beams is not offered; choose one of the two.");
        errors.Require(double.IsFinite(LengthPenalty), $"LengthPenalty is {LengthPenalty}; it must be a finite number.");
        errors.Require(Temperature > 0 && double.IsFinite(Temperature), $"Temperature is {Temperature}; it divides, so it must be above 0.");
        errors.Require(TopK >= 0, $"TopK is {TopK}; 0 means all.");
        errors.Require(TopP is > 0 and <= 1, $"TopP is {TopP}; it is a probability above 0.");
        errors.Require(Sample || (Temperature, TopK, TopP) == (1, 0, 1), "Temperature, TopK and TopP say how tokens are drawn; set Sample, or leave them out.");
        errors.Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty),
            $"RepetitionPenalty is {RepetitionPenalty}; 1 means none, and it must be above 0.");
        errors.Require(NoRepeatNGram >= 0, $"NoRepeatNGram is {NoRepeatNGram}; 0 means none.");
        errors.Require(MaxTokens >= 1, $"MaxTokens is {MaxTokens}; at least 1 token is needed.");
        errors.Require(MinTokens >= 0 && MinTokens <= MaxTokens, $"MinTokens is {MinTokens}; it must be between 0 and MaxTokens, {MaxTokens}.");
        errors.Require(StopStrings.All(stop => !string.IsNullOrEmpty(stop)), "A stop string is empty.");
        errors.RequireKnown(nameof(LengthPenaltyCounts), LengthPenaltyCounts);
        errors.RequireKnown(nameof(EarlyStopping), EarlyStopping);
        errors.Throw();
    }
}
