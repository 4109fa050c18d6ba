using Mint.ML.Text;

namespace Mint.ML.Generation;

/// <summary>An answer.</summary>
/// <param name="Ids">Its tokens, without the prompt and without the EOS; with the tokens of a stop string that ended it.</param>
/// <param name="Score">
/// With beams, the sum of its tokens' (penalised) log-probabilities over its length to the power of the length penalty; otherwise the sum
/// of their log-probabilities under the model as it is, the EOS's included.
/// </param>
/// <param name="Complete">True when an EOS or a stop string ended it, false when the longest length cut it.</param>
public sealed record GeneratedSequence(int[] Ids, double Score, bool Complete)
{
    /// <summary>The answer's text, cut where a stop string begins.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="stopStrings">Those it was generated with, <see cref="GenerationOptions.StopStrings"/>; null for none.</param>
    public string Text(ITextTokenizer tokenizer, IReadOnlyList<string>? stopStrings = null)
    {
        string text = tokenizer.Decode(Ids);
        int end = (stopStrings ?? []).Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(text.Length).Min();
        return text[..end];
    }
}
