using Microsoft.ML;
using Mint.ML.Tests;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>What a second process of these tests does when <see cref="ModelFileTests"/> starts it: it answers with a saved pipeline, and runs no
/// test.</summary>
[TestClass]
public static class AnsweringProcess
{
    /// <summary>Names the folder that holds model.zip and clips.csv, and takes answers.txt.</summary>
    public const string FolderVariable = "MINT_TEST_PIPELINE";

    [AssemblyInitialize]
    public static void AnswerInsteadOfTesting(TestContext context)
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { } folder)
        {
            TemporaryFiles.Begin();
            return;
        }
        var ml = new MLContext();
        var model = ml.Model.Load(Path.Combine(folder, "model.zip"), out _);
        var data = ml.Data.LoadFromAudioManifest(Path.Combine(folder, "clips.csv"));
        File.WriteAllLines(Path.Combine(folder, "answers.txt"), EightClips.Answers(ml, model, data).Select(answer => answer.ToString()));
        Environment.Exit(0);
    }
}
