using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Mint.ML.Native;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint doctor</c>: what this machine and a program have of what Mint.ML needs, what is missing, and what to do.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var folder = new Argument<string?>("folder")
        {
            Description = "A program's output or publish folder (default: this program, which is then tried as well)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var mend = new Option<bool>("--mend")
        {
            Description = "Make TorchSharp's native libraries below the folder load on a system whose C++ runtime is older than GCC 13's",
        };
        var command =
            new Command("doctor", "Say what this machine has (runtime, C++ runtime, libtorch, TorchSharp, GPU, libsndfile), what is missing and what to do; "
            + "exit code 1 where something needed is missing.")
        {
            folder, mend,
        };
        command.SetAction(parse => Run(parse.GetValue(folder), parse.GetValue(mend)));
        return command;
    }

    private static int Run(string? folder, bool mend)
    {
        if (folder is not null && !Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no folder '{folder}'. Give the folder that a build or publish of the program wrote.");
        if (mend && Mend(folder ?? AppContext.BaseDirectory) > 0) return 1;
        Line(".NET", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        Line("system", RuntimeInformation.OSDescription);
        Line("machine",
            string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:F1} GB of memory"));
        var found = NativeLibraries.Examine(folder);
        if (OperatingSystem.IsLinux()) Line("C++ runtime", found.CxxRuntime ?? "libstdc++.so.6 is missing");
        Line("TorchSharp", found.TorchSharp is null ? "none" : $"{found.TorchSharp}, built for libtorch {found.WantedLibtorch ?? "of unknown version"}");
        foreach (string binding in found.Bindings) Line("", binding);
        bool none = found.Libtorch.Count == 0 && found.LibtorchVersion is null;
        string package = found.LibtorchPackage is { } name ? $", package {name}" : "";
        Line("libtorch", none ? "none" : $"{found.LibtorchVersion ?? "unknown version"}{package}");
        foreach (string library in found.Libtorch) Line("", library);
        Line("GPU", Gpu(found, tried: folder is null && found.Problem is null));
        Line("libsndfile", found.SndFile ??
            "missing: WAV can be read, FLAC, Ogg and MP3 cannot. Install libsndfile1 (apt), libsndfile (dnf, brew)");
        Console.WriteLine(found.Problem is null ? "Nothing that is needed is missing." : $"Missing: {found.Problem}");
        return found.Problem is null ? 0 : 1;
    }

    private static string Gpu(NativeLibraries found, bool tried)
    {
        if (found.NvidiaDriver is not { } driver) return "no NVIDIA driver: models run on the CPU";
        if (found.LibtorchPackage?.Contains("cuda", StringComparison.Ordinal) == false)
        {
            return $"NVIDIA driver {driver}, but this libtorch is for the CPU: "
                + "build with -p:MintTorch=cuda where the registry serves TorchSharp-cuda-linux (docs/packages.md)";
        }
        return $"NVIDIA driver {driver}{(tried ? $", {(cuda.is_available() ? cuda.device_count() : 0)} devices that libtorch can use" : "")}";
    }

    /// <summary>Mends every copy of TorchSharp's library below a folder; the answer is how many could not be.</summary>
    private static int Mend(string folder)
    {
        int failed = 0;
        foreach (var (library, mended, error) in NativeLibraries.Mend(folder))
        {
            if (error is null) Line(mended ? "mended" : "nothing to mend", library);
            else Console.Error.WriteLine($"mint: {error.Message}");
            failed += error is null ? 0 : 1;
        }
        return failed;
    }

    private static void Line(string what, string value) => Console.WriteLine($"{what,-16} {value}");
}
