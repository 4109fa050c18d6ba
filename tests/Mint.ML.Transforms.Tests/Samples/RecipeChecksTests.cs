using Mint.ML.Evaluation;
using Mint.ML.Generation;
using Mint.ML.Samples.Cli.Commands;
using static Mint.ML.Transforms.Tests.Samples.CommandChecks;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What is wrong with recipes is told as that of a command line is.</summary>
[TestClass]
public sealed class RecipeChecksTests
{
    [TestMethod]
    public void An_evaluation_recipe_has_every_property_too()
    {
        var recipe = Evaluation("""
            "generation": { "beams": 3, "early-stopping": "immediately", "stop-strings": ["."] }, "long-audio": { "window-seconds": 3 }
            """);
        Assert.AreEqual((3, EarlyStopping.Immediately, "."), (recipe.Generation.Beams, recipe.Generation.EarlyStopping, recipe.Generation.StopStrings[0]));
        Assert.AreEqual(0.5, recipe.LongAudio.Overlap);
        recipe = Evaluation(""" "ranking": { "score": "pmi", "slope": 0.5 } """, "tagging");
        Assert.AreEqual(new RankingOptions { Score = RankingScore.PointwiseMutualInformation, Slope = 0.5 }, recipe.Ranking);
    }

    [TestMethod]
    public void A_key_that_stands_twice_in_a_recipe_is_an_error() =>
        Says(() => Evaluation(""" "metrics": ["BLEU-1"], "metrics": ["BLEU-2"] """), "recipe.json", "metrics");

    [TestMethod]
    public void What_a_recipes_task_does_not_read_is_refused_by_its_key()
    {
        Says(() => Evaluation(""" "by": "similarity", "ranking": { "slope": 2 }, "labels": ["a", "b"] """),
            "'labels' are for", "'by' is for", "'ranking' is for");
        Says(() => Evaluation(""" "generation": { "beams": 3 }, "instruction": "x" """, "retrieval"),
            "'generation' is for captioning", "'instruction' says nothing");
        Says(() => Evaluation(""" "by": "similarity", "ranking": { "score": "pmi" } """, "classification"),
            "'ranking.score' says nothing where 'by' is similarity");
    }

    [TestMethod]
    public void All_that_is_wrong_with_an_evaluation_recipe_is_one_error()
    {
        Says(() => Evaluation("""  "by": "luck", "generation": { "beams": -1, "max-tokens": 0 }, "ranking": { "slope": -2 }, "metrics": ["BLEU-9"] """),
            "recipe.json", "'luck'", "Beams is -1", "MaxTokens is 0", "Slope is -2", "'BLEU-9'");
        Says(() => Evaluation("""  "generation": { "beam": 1 }, "ranking": { "score": "PMI" }, "insturction": "x" """),
            "'generation.beam'; the nearest key is 'generation.beams'", "'ranking.score' is \"PMI\"; expected one of sum, mean, pmi", "'instruction'");
    }

    [TestMethod]
    public void A_recipe_of_an_ablation_is_checked_before_a_training()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """{ "rows": [{ "name": "a", "stages": 3 }, { "name": "b", "matching-weight": -1 }] }""");
            Says(() => Mint.ML.Samples.Making.Ablation.AblationRecipe.Read(file), file, "Row 'a' has 3 stages", "MatchingWeight is -1");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void A_recipe_of_options_is_checked_as_the_command_line_is()
    {
        string folder = Directory.CreateTempSubdirectory("mint-option-").FullName, recipe = Path.Combine(folder, "recipe.json");
        try
        {
            File.WriteAllText(recipe, """{ "beams": -1, "max-tokens": 0, "on-error": "skip" }""");
            Says(() => Run(CaptionCommand.Create(), "none.wav", "--recipe", recipe), "Beams is -1", "MaxTokens is 0");
            File.WriteAllText(recipe, """{ "learning-rate": "nan", "batch-size": 0 }""");
            Says(() => Run(PretrainCommand.Create(), "--recipe", recipe), "LearningRate is NaN", "BatchSize is 0");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static EvaluationRecipe Evaluation(string keys, string task = "captioning")
    {
        string folder = Directory.CreateTempSubdirectory("mint-option-").FullName, file = Path.Combine(folder, "recipe.json");
        try
        {
            File.WriteAllText(file, $$"""{ "task": "{{task}}", "manifest": "a.csv", "columns": ["Caption"], {{keys}} }""");
            return EvaluationRecipe.Read(file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
