using Mint.ML.Answering;
using Mint.ML.Retrieval;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Scenarios;

/// <summary>The sounds of a folder that fit a text best. For a folder that is searched often, <c>mint search build</c> keeps the vectors in an index.</summary>
internal static class SearchAFolder
{
    public static void Run(string model = "mint.zip", string folder = "sounds", string text = "a dog barks in the rain")
    {
        #region search
        using var mint = AudioLanguageModel.Load(model);
        var clips = ClipList.Read(folder, Console.Error.WriteLine);
        // The words fit a clip as well as they fit the nearest of its vectors, one a query and window.
        float[,] similarity = BridgeEmbeddings.Similarities([mint.EmbedText(text)], [.. clips.Select(clip => mint.Embed(clip.File))]); // (1, clips)
        foreach (int clip in Enumerable.Range(0, clips.Count).OrderByDescending(clip => similarity[0, clip]).Take(10))
            Console.WriteLine($"{similarity[0, clip]:F3}  {clips[clip].Name}");
        #endregion
    }
}
