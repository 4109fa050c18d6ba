using TorchSharp;

namespace Mint.ML.Tests;

/// <summary>
/// Tensors that outlive what is done. Counted on this thread alone: Tensor.TotalCount falls whenever the finalizer comes round to what an
/// earlier test dropped, so that it told of leaks that were none, and could hide one.
/// </summary>
internal static class LiveTensors
{
    public static void AssertSteady(Action use)
    {
        use(); // what is made once (gradients, operator handles) stays
        long before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        for (int i = 0; i < 5; i++) use();
        Assert.AreEqual(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }
}
