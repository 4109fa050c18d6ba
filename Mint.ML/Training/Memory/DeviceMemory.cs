using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Mint.ML.Files;
using static TorchSharp.torch;

namespace Mint.ML.Training.Memory;

/// <summary>How much memory there is for what a <see cref="MemoryPlan"/> counts.</summary>
public static class DeviceMemory
{
    /// <summary>
    /// Bytes of a device, whoever uses them now: of the CPU, what this process may have (less than the machine's in a container); of a GPU, all that it has.
    /// </summary>
    /// <remarks>nvidia-smi tells it without a CUDA context being made, which takes memory itself. It numbers GPUs by their place on the bus.</remarks>
    /// <param name="device">The device; of several GPUs, by its index.</param>
    /// <exception cref="InvalidOperationException">It is a GPU and nvidia-smi does not tell.</exception>
    public static long Of(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CPU) return GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        try
        {
            string[] arguments = ["--query-gpu=memory.total", "--format=csv,noheader,nounits", $"--id={Math.Max(0, device.index)}"];
            using var process = Process.Start(new ProcessStartInfo(ProgramPath.Find("nvidia-smi"), arguments) { RedirectStandardOutput = true })!;
            string first = process.StandardOutput.ReadLine() ?? "";
            process.WaitForExit();
            return long.Parse(first, CultureInfo.InvariantCulture) << 20; // MiB
        }
        catch (Exception error) when (error is Win32Exception or FormatException)
        {
            throw new InvalidOperationException($"nvidia-smi does not tell the memory of {device}.", error);
        }
    }
}
