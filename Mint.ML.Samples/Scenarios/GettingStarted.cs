using Mint.ML.Systems;

namespace Mint.ML.Samples.Scenarios;

/// <summary>The first program: what a sound is.</summary>
internal static class GettingStarted
{
    public static void Run(string model = "mint.zip", string sound = "note.opus")
    {
        #region start
        using var mint = AudioLanguageModel.Load(model);
        Console.WriteLine(mint.Caption(sound));
        foreach (var (label, probability) in mint.Rank(sound, ["flute", "organ", "guitar"])) Console.WriteLine($"{probability:F3}  {label}");
        #endregion
    }
}
