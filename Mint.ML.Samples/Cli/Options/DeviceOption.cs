using System.CommandLine;
using System.Globalization;
using Mint.ML.Distributed;
using Mint.ML.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>The option --device, the same for every command that computes: cpu, cuda, or cuda:1 for the second GPU.</summary>
internal static class DeviceOption
{
    public static Option<string> Create()
    {
        var option = new Option<string>("--device")
        {
            Description = "Where to compute: cpu, cuda (of ranks, each its own) or cuda:1",
            DefaultValueFactory = _ => "cpu",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !TryParse(token.Value, out _)) result.AddError($"--device is '{token.Value}'; expected cpu, cuda or cuda:1.");
        });
        return option;
    }

    /// <summary>The device of a text that the option has let through, where this machine has it.</summary>
    /// <exception cref="NotSupportedException">It has not.</exception>
    public static Device Parse(string text)
    {
        var device = Named(text);
        if (device.type != DeviceType.CUDA) return device;
        NativeLibraries.Require(); // its message tells more than the question's failing would
        int there = cuda.is_available() ? cuda.device_count() : 0;
        return device.index < there ? device : throw new NotSupportedException($"--device is '{text}', but "
            + (there == 0 ? "no CUDA device can be used; 'mint doctor' says why." : $"there are {there} GPUs, numbered from 0."));
    }

    /// <summary>The device that a text names.</summary>
    /// <remarks>Without a number, ranks of one machine take its GPUs in turn.</remarks>
    public static Device Named(string text) => text == "cuda" && Ranks.Started > 1 && cuda.is_available() && cuda.device_count() is > 1 and int gpus
        ? new Device(DeviceType.CUDA, Ranks.Present.LocalRank % gpus)
        : TryParse(text, out int? gpu) ? gpu is { } index ? new Device(DeviceType.CUDA, index) : CPU
        : throw new ArgumentException($"--device is '{text}'; expected cpu, cuda or cuda:1.");

    private static bool TryParse(string text, out int? gpu)
    {
        gpu = text == "cuda" ? 0 : text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : null;
        return gpu is not null || text == "cpu";
    }
}
