using Mint.ML.Generation;
using Mint.ML.Systems;

namespace Mint.ML.Answering;

/// <summary>One clip's answer, or why there is none.</summary>
/// <param name="Path">The clip's name, see <see cref="ListedClip"/>.</param>
public sealed record AnswerRow(string Path)
{
    /// <summary>How long the clip lasts.</summary>
    public double Seconds { get; init; }

    /// <summary>What <c>--max-seconds</c> left unheard at the end.</summary>
    public double CutSeconds { get; init; }

    /// <summary>The caption, the answer, or the likeliest label; empty where no label is likely enough.</summary>
    public string Text { get; init; } = "";

    /// <summary>The labels that are shown, the likeliest first; empty where none is likely enough, null where labels were not asked for.</summary>
    public IReadOnlyList<LabelProbability>? Labels { get; init; }

    /// <summary>Where labels were asked for, how familiar the sound is to the encoder (<see cref="RankingOptions.UnfamiliarBelow"/>); null where it cannot
    /// tell.</summary>
    public double? Familiarity { get; init; }

    /// <summary>All numbers of the answer, in an order the run knows: every label's probability, or embeddings. Kept for evaluations only.</summary>
    public IReadOnlyList<float>? Values { get; init; }

    /// <summary>When what was heard, where the clip is longer than a window.</summary>
    public IReadOnlyList<AudioSegment> Segments { get; init; } = [];

    /// <summary>What a listener should know of the sound that was answered about (<see cref="Audio.AudioClip.Notes"/>), a sentence each; mostly
    /// empty.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Why there is no answer.</summary>
    public string? Error { get; init; }
}
