using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>ML.NET's log has what a run says of itself.</summary>
[TestClass]
public sealed class LearningWarningTests
{
    [TestMethod]
    public void Captions_that_are_all_the_same_are_a_warning_in_the_log_and_others_are_none()
    {
        StringAssert.Contains(string.Concat(Warnings("Instruction")), "All 8 captions are 'This is a sound of'");
        Assert.IsEmpty(Warnings("Caption"));
    }

    private static List<string> Warnings(string column)
    {
        var ml = new MLContext(seed: 1);
        var (warnings, told) = (new List<string>(), new List<string>());
        ml.Log += (_, message) =>
        {
            if (message.Kind == ChannelMessageKind.Warning) warnings.Add(message.RawMessage);
            told.Add(message.RawMessage);
        };
        using var model = EightClips.Shared.Featurize(ml).Append(ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
        {
            TextColumnName = column,
            Bridge = EightClips.Bridge,
            Training = EightClips.Training,
            VocabularySize = 80,
        })).Fit(EightClips.Shared.Data);
        Assert.IsTrue(told.Any(message => message.StartsWith("guessing gives  total ", StringComparison.Ordinal)));
        return warnings;
    }
}
