using Mint.ML.Evaluation;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Contract;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Documentation;

/// <summary>The code of docs/apt.md, and the recipes that it names.</summary>
[TestClass]
public sealed class AptPageTests
{
    private static string Clip(int clip) => Path.Combine(EightClips.Shared.Folder, $"clip{clip}.wav");

    [TestMethod]
    public void Two_clips_are_asked_about_and_a_third_is_labelled_by_them()
    {
        var (answer, label) = Ask(SmallSystems.Apt, Clip(0), Clip(1), Clip(2), Clip(3), Clip(4));
        Assert.IsNotNull(answer);
        Assert.IsTrue(label is { Label: "dog" or "rain", Probability: >= 0.5 });
    }

    private static (string, LabelProbability) Ask(string folder = "runs/apt2/system", string one = "a.wav", string other = "b.wav", string dog = "dog.wav",
        string rain = "rain.wav", string query = "query.wav")
    {
        #region clips
        using var model = AudioLanguageModel.Load(folder);
        string which = model.Ask([one, other], Interleaved.About(0, 1, "Which is louder, first or second?"));
        var label = model.Rank([dog, rain, query], Interleaved.FewShot([(0, "dog"), (1, "rain")], 2), ["dog", "rain"])[0];
        #endregion
        return (which, label);
    }

    [TestMethod]
    public void An_images_vectors_and_a_question_make_a_step() => Assert.IsNotNull(Step(SmallSystems.TheApt));

    private static SequenceAnswerer Step(AudioLanguageSystem system)
    {
        #region image
        var answers = system.AnswerSequences(new()
        {
            Sequence = "{Image} {Features} Question: {Question}",
            VectorColumnNames = ["Image"],
            AnswersColumnName = "Options",
        });
        #endregion
        return answers;
    }

    [TestMethod]
    public void The_recipes_of_the_papers_evaluations_are_whole()
    {
        string[] files = [.. Directory.GetFiles(Path.Combine(TinyModels.Repository(), "recipes", "apt"))
            .Where(file => !Path.GetFileName(file).StartsWith("stage", StringComparison.Ordinal))];
        Assert.HasCount(8, files);
        foreach (string file in files)
        {
            var recipe = EvaluationRecipe.Read(file);
            // What the paper trains without measuring it.
            if (recipe.Task is not ("detection" or "counting")) Assert.AreNotEqual(0, recipe.Paper.Count, file);
        }
    }
}
