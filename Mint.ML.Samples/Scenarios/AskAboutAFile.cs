using Mint.ML.Systems;

namespace Mint.ML.Samples.Scenarios;

/// <summary>A caption, an answer, the likeliest label, and an answer word by word: the first lines of the README.</summary>
internal static class AskAboutAFile
{
    public static async Task Run(string model = "mint.zip", string sound = "dog.wav")
    {
        #region ask
        using var mint = AudioLanguageModel.Load(model);
        Console.WriteLine(mint.Caption(sound));
        Console.WriteLine(mint.Ask(sound, "Is there a dog?"));
        Console.WriteLine(mint.Rank(sound, ["dog", "cat", "rain"]).Answer?.Label ?? "unknown");
        await foreach (string piece in mint.StreamAsync(sound, "What happens?")) Console.Write(piece);
        #endregion
        Console.WriteLine();
    }
}
