using Mint.ML.Training.Memory;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

[TestClass]
public sealed class DeviceMemoryTests
{
    [TestMethod]
    public void The_CPU_has_no_more_than_the_machine_and_no_less_than_this_process_takes()
    {
        long bytes = DeviceMemory.Of(CPU);
        Assert.IsTrue(bytes > Environment.WorkingSet, $"{bytes}");
        if (!OperatingSystem.IsLinux()) return;
        string total = File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        Assert.IsTrue(bytes <= long.Parse(total.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024, $"{bytes}, {total}");
    }
}
