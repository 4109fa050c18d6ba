using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Mint.ML.Audio;
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
        {
            throw new DirectoryNotFoundException($"There is no folder '{folder}'. Give the folder that a build or publish of the program wrote.");
        }
        if (mend && Mend(folder ?? AppContext.BaseDirectory) > 0) return 1;
        Line(".NET", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        Line("system", RuntimeInformation.OSDescription);
        Line("machine",
            string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:F1} GB of memory"));
        if (OperatingSystem.IsLinux())
        {
            Line("C++ runtime", CxxRuntime.Installed() is { } cxx ? $"{cxx.Path}, GLIBCXX up to {cxx.Newest}" : "libstdc++.so.6 is missing");
        }
        string? problem = Torch(folder);
        Line("libsndfile", SndFile.Version ?? "missing: WAV can be read, FLAC, Ogg and MP3 cannot. Install libsndfile1 (apt), libsndfile (dnf, brew)");
        Console.WriteLine(problem is null ? "Nothing that is needed is missing." : $"Missing: {problem}");
        return problem is null ? 0 : 1;
    }

    /// <summary>Says what a program has of TorchSharp; the answer is what keeps it from running.</summary>
    private static string? Torch(string? folder)
    {
        var files = folder is null ? TorchFiles.ForThisProgram() : TorchFiles.InFolder(folder);
        Line("TorchSharp", files.TorchSharp is null ? "none" : $"{files.TorchSharp}, built for libtorch {files.Wanted ?? "of unknown version"}");
        foreach (string binding in files.Bindings) Line("", binding);
        string? problem = folder is null ? Libtorch.Problem : Libtorch.Explain(files, CxxRuntime.Unmet, null);
        string? version = folder is null ? Libtorch.Loaded()?.ToString() : files.LibtorchVersion;
        Line("libtorch", files.Libtorch.Count + (version is null ? 0 : 1) == 0 ? "none"
            : $"{version ?? "unknown version"}{(files.LibtorchPackage is { } package ? $", package {package}" : "")}");
        foreach (string library in files.Libtorch) Line("", library);
        Line("GPU", Gpu(files, tried: folder is null && problem is null));
        return problem;
    }

    private static string Gpu(TorchFiles files, bool tried)
    {
        if (NvidiaDriver.Version() is not { } driver) return "no NVIDIA driver: models run on the CPU";
        if (files.LibtorchPackage?.Contains("cuda", StringComparison.Ordinal) == false)
        {
            return $"NVIDIA driver {driver}, but this libtorch is for the CPU: build with -p:MintTorch=cuda where the registry serves TorchSharp-cuda-linux "
                + "(docs/packages.md)";
        }
        return $"NVIDIA driver {driver}{(tried ? $", {(cuda.is_available() ? cuda.device_count() : 0)} devices that libtorch can use" : "")}";
    }

    /// <summary>Mends every copy of TorchSharp's library below a folder; the answer is how many could not be.</summary>
    private static int Mend(string folder)
    {
        string[] libraries = [.. TorchFiles.InFolder(folder).Bindings.Where(library => Path.GetFileName(library) == CxxRuntime.TorchSharpLibrary)];
        if (libraries.Length == 0)
        {
            throw new FileNotFoundException($"There is no {CxxRuntime.TorchSharpLibrary} below '{folder}'. Give the folder that a build or publish of the "
                + "program wrote.");
        }
        int failed = 0;
        foreach (string library in libraries)
        {
            try
            {
                Line(CxxRuntime.Mend(library) == CxxRuntime.Outcome.Mended ? "mended" : "nothing to mend", library);
            }
            catch (Exception error) when (error is NotSupportedException or InvalidDataException or IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"mint: {error.Message}");
                failed++;
            }
        }
        return failed;
    }

    private static void Line(string what, string value) => Console.WriteLine($"{what,-16} {value}");
}
