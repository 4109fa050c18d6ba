namespace Mint.ML.Training;

/// <summary>What in the texts alone keeps a run from learning what sounds like what.</summary>
internal static class TextFaults
{
    /// <param name="texts">One an example.</param>
    /// <param name="called">What a message calls them.</param>
    public static IEnumerable<string> Of(IReadOnlyList<string> texts, string called)
    {
        // Of two or three it may be meant.
        if (texts.Count >= 4 && texts.All(text => text == texts[0]))
        {
            yield return $"All {texts.Count} {called} are '{Brief.List([texts[0]])}': nothing tells one clip from another. Look at the column that they come "
                + "from.";
        }
    }
}
