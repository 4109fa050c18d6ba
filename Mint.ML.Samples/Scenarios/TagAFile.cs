using Mint.ML.Generation;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Scenarios;

/// <summary>Which of several labels are true of a sound, each by itself: none may be, or all.</summary>
internal static class TagAFile
{
    public static void Run(string model = "mint.zip", string sound = "song.mp3", string labels = "guitar,piano,drums,voice",
        string question = "Identify the instruments in this segment of music:")
    {
        #region tag
        using var mint = AudioLanguageModel.Load(model);
        var tags = new RankingOptions { MultiLabel = true, Score = RankingScore.PointwiseMutualInformation };
        foreach (var (label, probability) in mint.Rank(sound, labels.Split(','), question, tags))
            Console.WriteLine($"{probability:F3}  {(probability >= 0.5 ? "yes" : "no "),-4} {label}");
        #endregion
    }
}
