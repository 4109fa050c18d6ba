using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;
using TorchSharp;

namespace Mint.ML.Transforms.Tests.Gpu;

/// <summary>Pipelines and the shipped model on a GPU beside the CPU. Without a GPU they are inconclusive; docs/gpu.md says how to run them on one.</summary>
[TestClass]
public sealed class GpuPipelineTests
{
    [TestMethod]
    public void A_chain_that_is_fitted_on_the_GPU_answers_there_and_on_the_CPU()
    {
        Required();
        var eight = EightClips.Shared;
        var ml = new MLContext(seed: 1) { GpuDeviceId = 0, FallbackToCpu = false };
        var data = ml.Data.LoadFromAudioManifest(eight.Manifest);
        var model = eight.Pipeline(ml, embed: true).Fit(data);
        string file = Path.Combine(eight.Folder, "gpu.zip");
        ml.Model.Save(model, data.Schema, file);
        string[] here = Answers(ml, model, data), again = Answers(ml, ml.Model.Load(file, out _), data);
        var plain = new MLContext(seed: 1);
        string[] there = Answers(plain, plain.Model.Load(file, out _), plain.Data.LoadFromAudioManifest(eight.Manifest));
        File.Delete(file);
        CollectionAssert.AreEqual(here, again);
        CollectionAssert.AreEqual(here, there);
    }

    [TestMethod]
    public void The_model_that_ships_says_the_same_on_the_GPU()
    {
        Required();
        string models = Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "models"), file = Path.Combine(models, "everyday", "mint.zip");
        using var cpu = AudioLanguageModel.Load(file, null, new FrozenModelFolders(models));
        using var gpu = AudioLanguageModel.Load(file, torch.device("cuda:0"), new FrozenModelFolders(models));
        string[] clips = [.. AudioManifest.Read(Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "sounds", "manifest.csv")).Rows
            .Where((_, row) => row % 40 == 0).Select(row => row.Path)];
        foreach (string clip in clips)
        {
            Assert.AreEqual(cpu.Caption(clip), gpu.Caption(clip), clip);
            var (expected, actual) = (cpu.Rank(clip, ["dog", "rain", "piano"]), gpu.Rank(clip, ["dog", "rain", "piano"]));
            CollectionAssert.AreEqual(expected.Select(label => label.Label).ToArray(), actual.Select(label => label.Label).ToArray());
        }
    }

    private static void Required()
    {
        if (!torch.cuda.is_available()) Assert.Inconclusive("No GPU is here that libtorch can use.");
    }

    private static string[] Answers(MLContext ml, ITransformer model, IDataView data) => [.. model.Transform(data).GetColumn<string>("GeneratedCaption")];
}
