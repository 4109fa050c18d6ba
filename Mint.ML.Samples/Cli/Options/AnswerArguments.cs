using System.CommandLine;
using Mint.ML.Audio;
using Mint.ML.Generation;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>The options of the commands that answer. A new property of these records needs one line here, and every such command and recipe has it.</summary>
internal static class AnswerArguments
{
    /// <summary>How answers in words are searched for.</summary>
    public static OptionSet<GenerationOptions> Generation() => new(new GenerationOptions())
    {
        { "--beams", "Beams of the search; 1 takes the likeliest token each time", o => o.Beams, (o, value) => o with { Beams = value } },
        { "--returned", "Answers that are searched for, of which the best is shown: at most --beams, or any number with --sample", o => o.Returned,
            (o, value) => o with { Returned = value } },
        { "--max-tokens", "Most tokens of an answer", o => o.MaxTokens, (o, value) => o with { MaxTokens = value } },
        { "--min-tokens", "Fewest tokens of an answer", o => o.MinTokens, (o, value) => o with { MinTokens = value } },
        { "--length-penalty", "Of beam search: above 0 favours long answers", o => o.LengthPenalty, (o, value) => o with { LengthPenalty = value } },
        { "--repetition-penalty", "Above 1 avoids tokens that were said", o => o.RepetitionPenalty, (o, value) => o with { RepetitionPenalty = value } },
        { "--no-repeat-n-gram", "No run of so many tokens is said twice; 0 allows it", o => o.NoRepeatNGram, (o, value) => o with { NoRepeatNGram = value } },
        { "--stop-strings", "A text that ends an answer; may be given several times", o => o.StopStrings.ToArray(),
            (o, value) => o with { StopStrings = value } },
        { "--sample", "Draws tokens instead of taking the likeliest", o => o.Sample, (o, value) => o with { Sample = value } },
        { "--temperature", "With --sample: below 1 keeps to likely tokens, above 1 strays", o => o.Temperature, (o, value) => o with { Temperature = value } },
        { "--top-k", "With --sample: draws from the k likeliest tokens; 0 from all", o => o.TopK, (o, value) => o with { TopK = value } },
        { "--top-p", "With --sample: draws from the fewest tokens whose probabilities reach this sum", o => o.TopP, (o, value) => o with { TopP = value } },
        { "--seed", "Decides what --sample draws", o => o.Seed, (o, value) => o with { Seed = value } },
        { "--length-penalty-counts", "As the originals: what the length penalty counts, as in LAVIS or in transformers from 4.36 on",
            o => o.LengthPenaltyCounts, (o, value) => o with { LengthPenaltyCounts = value } },
        { "--early-stopping", "As the originals: when beam search ends, as transformers' early_stopping says", o => o.EarlyStopping,
            (o, value) => o with { EarlyStopping = value } },
        { "--padding-counts", "As the originals: padding counts as tokens for penalties, as in transformers", o => o.PaddingCounts,
            (o, value) => o with { PaddingCounts = value } },
    };

    /// <summary>Refuses what says nothing about the search that is asked for.</summary>
    public static void CheckUsed(this OptionSet<GenerationOptions> generation, ParseResult parse, GenerationOptions read)
    {
        var errors = new OptionErrors();
        errors.Unused(parse, !read.Sample, "without --sample", generation.Named("--seed"));
        errors.Unused(parse, read.Beams == 1 && read.Returned == 1, "without --beams", generation.Named("--length-penalty", "--length-penalty-counts"));
        errors.Unused(parse, read.Beams == 1, "without --beams", generation.Named("--early-stopping"));
        errors.Throw();
    }

    /// <summary>How labels are ranked by a language model.</summary>
    public static OptionSet<RankingOptions> Ranking() => new(new RankingOptions())
    {
        { "--score", "Of ranking: sum of the tokens' log-likelihoods, mean per token, or pmi, against no sound (with --multi-label, pmi unless said "
            + "otherwise)", o => o.Score, (o, value) => o with { Score = value } },
        { "--multi-label", "Tagging: each label is true or not by itself, and those from --threshold on are shown", o => o.MultiLabel,
            (o, value) => o with { MultiLabel = value } },
        { "--slope", "Factor of the score before it becomes a probability", o => o.Slope,
            (o, value) => o with { Slope = value, FittedLabels = 0 } }, // what is said is meant
        { "--fitted-labels", "Of how many labels --slope was fitted: among another number it is scaled; 0 takes it as it is", o => o.FittedLabels,
            (o, value) => o with { FittedLabels = value } },
        { "--offset", "With --multi-label: added to the score before it becomes a probability", o => o.Offset, (o, value) => o with { Offset = value } },
        { "--unknown-below", "Without --multi-label: probability that the likeliest label must reach; below it none is given", o => o.UnknownBelow,
            (o, value) => o with { UnknownBelow = value } },
        { "--unfamiliar-below", "Without --multi-label: how familiar a sound must be to the encoder, by the classes that itself has, from 0 to 1; below it "
            + "no label is given", o => o.UnfamiliarBelow, (o, value) => o with { UnfamiliarBelow = value } },
        { "--max-rows", "Most rows of one call of the decoder, which bounds memory", o => o.MaxRows, (o, value) => o with { MaxRows = value } },
    };

    /// <summary>The windows of clips.</summary>
    public static OptionSet<LongAudioOptions> Windows() => new(new LongAudioOptions())
    {
        { "--window-seconds", "Seconds heard at once; a longer clip is heard in windows; 0 hears any clip as one", o => o.WindowSeconds,
            (o, value) => o with { WindowSeconds = value } },
        { "--overlap-seconds", "Seconds that windows share (default: 5, or a sixth of a window under 30 s)", o => o.OverlapSeconds,
            (o, value) => o with { OverlapSeconds = value } },
    };

    /// <summary>Refuses what says nothing about windows.</summary>
    public static void CheckUsed(this OptionSet<LongAudioOptions> windows, ParseResult parse, LongAudioOptions read)
    {
        var errors = new OptionErrors();
        errors.Unused(parse, read.WindowSeconds == 0, "where --window-seconds 0 hears any clip as one", windows.Named("--overlap-seconds"));
        errors.Throw();
    }

    /// <summary>What becomes of sound that is not as it should be, of every command that reads sound.</summary>
    public static OptionSet<HearingOptions> Hearing() => new(HearingOptions.Default)
    {
        { "--damaged", "What a file does that is cut off or broken: it cannot be read (--on-error), or is heard up to the damage, with a note in its row",
            o => o.Damaged, (o, value) => o with { Damaged = value } },
        { "--short", "What a clip does that is shorter than the encoder needs: silence follows it, with a note in its row, or it cannot be read",
            o => o.Short, (o, value) => o with { Short = value } },
    };

    /// <summary>How long clips are heard.</summary>
    public static OptionSet<LongAudioOptions> LongAudio()
    {
        var windows = Windows();
        windows.Add("--max-seconds", "Hears only so many seconds of a clip, and reports what it leaves out (default: all)", o => o.MaxSeconds,
            (o, value) => o with { MaxSeconds = value });
        return windows;
    }
}
