using Mint.ML.Evaluation;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Scenarios;

/// <summary>Measures a model on a recipe of <c>recipes/</c>. A run that was stopped goes on: its answers are in the folder.</summary>
internal static class EvaluateAModel
{
    public static void Run(string model = "mint.zip", string recipe = "recipes/notes.json", string folder = "runs/evaluate/notes")
    {
        #region evaluate
        using var mint = AudioLanguageModel.Load(model);
        var run = new EvaluationRun(EvaluationRecipe.Read(recipe), new EvaluationSettings(mint, model), folder, Console.Error.WriteLine);
        foreach (var metric in run.Run()!.Metrics)
            Console.WriteLine($"{metric.Name,-12} {metric.Value:F3}  ({metric.Low:F3} to {metric.High:F3})");
        #endregion
    }
}
