namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>T5's pre-training task: spans of a text give way to sentinels, and the answer says what stood there.</summary>
internal static class SpanCorruption
{
    /// <summary>Hides some words. Spans are of words, not of tokens, so that each answer is whole words.</summary>
    /// <param name="text">At least two words; a shorter text is hidden whole.</param>
    /// <param name="random">Decides which.</param>
    /// <param name="share">Share of the words that are hidden. T5 hides 15 %; a short gloss then loses one word, which teaches little.</param>
    /// <param name="meanSpan">Words in a span on average; T5's 3.</param>
    /// <remarks>Raffel et al. (2020), section 3.1.4. "a soft note" may become "a &lt;extra_id_0&gt; note" with the answer "&lt;extra_id_0&gt; soft
    /// &lt;extra_id_1&gt;".</remarks>
    public static TextPair Corrupt(string text, Random random, double share = 0.25, double meanSpan = 3)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int hidden = Math.Clamp((int)Math.Round(words.Length * share), 1, Math.Max(1, words.Length - 1));
        int spans = Math.Clamp((int)Math.Round(hidden / meanSpan), 1, LanguageModelFolder.Sentinels - 1);
        // Each span hides its share of the words; what is seen is cut at random places, in which the spans stand.
        int seen = words.Length - hidden;
        int[] places = [.. Enumerable.Range(0, seen + 1).OrderBy(_ => random.Next()).Take(spans).Order()];
        List<string> input = [], target = [];
        int word = 0;
        for (int span = 0; span < places.Length; span++)
        {
            int before = places[span] - (span == 0 ? 0 : places[span - 1]);
            int length = hidden * (span + 1) / places.Length - hidden * span / places.Length;
            input.AddRange(words[word..(word + before)]);
            input.Add($"<extra_id_{span}>");
            target.Add($"<extra_id_{span}>");
            target.AddRange(words[(word + before)..(word + before + length)]);
            word += before + length;
        }
        input.AddRange(words[word..]);
        target.Add($"<extra_id_{places.Length}>");
        return new TextPair(string.Join(' ', input), string.Join(' ', target));
    }
}
