using static TorchSharp.torch;

namespace Mint.ML.Tests.Gpu;

/// <summary>The GPU of the tests that need one. CI has none: there they are inconclusive. docs/gpu.md says how to run them on a machine that has one.</summary>
internal static class Gpu
{
    /// <summary>The first GPU, whose float32 products are not rounded to TF32 from here on.</summary>
    public static Device Required()
    {
        if (!cuda.is_available()) Assert.Inconclusive("No GPU is here that libtorch can use.");
        backends.cuda.matmul.allow_tf32 = false;
        backends.cudnn.allow_tf32 = false;
        return device("cuda:0");
    }
}
