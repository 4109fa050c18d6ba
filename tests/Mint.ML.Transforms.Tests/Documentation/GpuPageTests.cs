using Microsoft.ML;
using Mint.ML.Systems;
using Mint.ML.Training.Memory;
using Mint.ML.Transforms.Tests.Pipeline;
using TorchSharp;

namespace Mint.ML.Transforms.Tests.Documentation;

/// <summary>The code of docs/gpu.md, on the device that every machine has.</summary>
[TestClass]
public sealed class GpuPageTests
{
    [TestMethod]
    public void A_model_is_loaded_to_a_device()
    {
        string file = Path.Combine(EightClips.Shared.Folder, "gpu-page.zip");
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, file);
        Load("cpu", file);
        File.Delete(file);
    }

    private static void Load(string name = "cuda:0", string file = "mint.zip")
    {
        #region device
        var device = torch.device(name);
        long bytes = DeviceMemory.Of(device);                             // of a GPU by nvidia-smi, of the CPU what the process may have
        using var mint = AudioLanguageModel.Load(file, device);           // weights and sums are there
        var ml = new MLContext { GpuDeviceId = 0, FallbackToCpu = true }; // every step of this context, where there is a GPU
        #endregion
        Assert.AreEqual(device.type, mint.System!.LanguageModel.Device.type);
        Assert.IsGreaterThan(0, bytes);
        Assert.IsTrue(ml.FallbackToCpu);
    }
}
