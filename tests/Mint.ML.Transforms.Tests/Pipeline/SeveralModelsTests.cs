using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Generation;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Contract;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Different systems in one process: what one answers, and when it goes, is nothing to the other.</summary>
[TestClass]
public sealed class SeveralModelsTests
{
    private const string Question = "what is heard?";

    private static readonly GenerationOptions Few = new() { MaxTokens = 5 };

    private static string[] Folders => [SmallSystems.Pengi, SmallSystems.MusiLingo, SmallSystems.Mint];

    private static string[] Clips => [.. Enumerable.Range(0, 3).Select(i => Path.Combine(EightClips.Shared.Folder, $"clip{i}.wav"))];

    private static string Answers(string folder)
    {
        using var model = AudioLanguageModel.Load(folder);
        return string.Join('|', Clips.Select(clip => model.Ask(clip, Question, Few)));
    }

    [TestMethod]
    public void Systems_loaded_used_and_disposed_of_in_turn_answer_as_the_first_time()
    {
        string[] first = [.. Folders.Select(Answers)];
        Assert.HasCount(3, first.Distinct().ToArray(), "three systems, three answers");
        CollectionAssert.AreEqual(first, Folders.Select(Answers).ToArray());

        // One after the other, and both there: the one that goes leaves the other as it is.
        using var stays = AudioLanguageModel.Load(Folders[1]);
        var goes = AudioLanguageModel.Load(Folders[0]);
        Assert.AreEqual(first[0].Split('|')[0], goes.Ask(Clips[0], Question, Few));
        goes.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => goes.Ask(Clips[0], Question, Few));
        Assert.AreEqual(first[1].Split('|')[0], stays.Ask(Clips[0], Question, Few));
    }

    [TestMethod]
    public void Systems_loaded_used_and_disposed_of_at_once_answer_as_alone()
    {
        string[] alone = [.. Folders.Select(Answers)];
        var together = Enumerable.Range(0, 4 * Folders.Length).AsParallel().AsOrdered().WithDegreeOfParallelism(4)
            .WithExecutionMode(ParallelExecutionMode.ForceParallelism).Select(i => Answers(Folders[i % Folders.Length])).ToArray();
        for (int i = 0; i < together.Length; i++) Assert.AreEqual(alone[i % Folders.Length], together[i], $"run {i}");
    }

    [TestMethod]
    public void Chains_of_two_systems_stand_side_by_side_in_ML_NET()
    {
        var ml = new MLContext(seed: 1);
        var data = EightClips.Shared.Data;
        string[][] alone = [.. Folders[..2].Select(Said)];
        using AudioLanguageSystem one = ml.AudioLanguage().LoadSystem(Folders[0]), other = ml.AudioLanguage().LoadSystem(Folders[1]);
        var (first, second) = (Chain(one).Fit(data), Chain(other).Fit(data));
        Parallel.For(0, 6, i => CollectionAssert.AreEqual(alone[i % 2], Captions(i % 2 == 0 ? first : second)));
        ((IDisposable)first).Dispose();
        CollectionAssert.AreEqual(alone[1], Captions(second));
        ((IDisposable)second).Dispose();

        string[] Said(string folder)
        {
            using var system = ml.AudioLanguage().LoadSystem(folder);
            var chain = Chain(system).Fit(data);
            string[] said = Captions(chain);
            ((IDisposable)chain).Dispose();
            return said;
        }

        string[] Captions(ITransformer chain) => [.. chain.Transform(data).GetColumn<string>("Said")];

        IEstimator<ITransformer> Chain(AudioLanguageSystem system) => ml.Transforms.LoadAudio().Append(system.FeaturizeAudio("Features", "Audio"))
            .Append(system.GenerateCaptions("Said", generation: Few));
    }
}
