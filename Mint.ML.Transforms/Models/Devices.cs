using Microsoft.ML.Runtime;
using Mint.ML.Native;
using TorchSharp;

namespace Mint.ML.Transforms;

/// <summary>Where the models of a context run.</summary>
internal static class Devices
{
    /// <summary>The GPU that the context names (<c>MLContext.GpuDeviceId</c>), or the CPU when it names none.</summary>
    /// <exception cref="NotSupportedException">libtorch is missing, or TorchSharp cannot use it.</exception>
    /// <exception cref="InvalidOperationException">The GPU is not there and the context does not let the CPU stand in.</exception>
    public static torch.Device ForEnvironment(IHostEnvironment environment)
    {
        Libtorch.Require();
        var (gpu, fallback) = environment.DeviceSettings();
        if (gpu is not int index) return torch.CPU;
        if (torch.cuda.is_available() && index >= 0 && index < torch.cuda.device_count()) return torch.device($"cuda:{index}");
        string problem = torch.cuda.is_available() ? $"there are {torch.cuda.device_count()} GPUs, numbered from 0" : "no CUDA device can be used";
        if (!fallback)
            throw new InvalidOperationException($"MLContext.GpuDeviceId is {index}, but {problem}. Set MLContext.FallbackToCpu to let the CPU stand in.");
        using var channel = environment.Start("Device");
        channel.Warning(MessageSensitivity.None, "{0}",
            $"MLContext.GpuDeviceId is {index}, but {problem}: running on the CPU, as MLContext.FallbackToCpu allows.");
        return torch.CPU;
    }
}
