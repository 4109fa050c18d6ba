using System.Runtime.InteropServices;
using TorchSharp;

namespace Mint.ML.Native;

/// <summary>Whether TorchSharp can use the libtorch that this program brings, found once and said in one message.</summary>
/// <remarks>
/// TorchSharp's own messages name a package where the C++ runtime is at fault, and do not look at versions at all: a libtorch that it was not built for
/// fails later, at the first function that differs.
/// </remarks>
internal static class Libtorch
{
    /// <summary>Set to 1, it lets TorchSharp run on a libtorch of another version: that of a PyTorch installation, say. What differs between them fails when it
    /// is called.</summary>
    private const string AnyVersion = "MINT_ANY_LIBTORCH";

    private static readonly Lazy<(string? Problem, Exception? Cause)> check = new(Check);

    /// <summary>Loads libtorch; the first call takes a fraction of a second, the others nothing.</summary>
    /// <exception cref="NotSupportedException">It cannot be used; the message says why and what to do.</exception>
    public static void Require()
    {
        if (check.Value.Problem is { } problem) throw new NotSupportedException(problem, check.Value.Cause);
    }

    /// <summary>What keeps this program from using libtorch, with what to do; null where nothing does.</summary>
    public static string? Problem => check.Value.Problem;

    /// <summary>The version of the libtorch that is loaded; null where none is, or where it is older than 2.7 and does not tell.</summary>
    public static Version? Loaded()
    {
        if (Library is not { } library || !NativeLibrary.TryGetExport(library, "aoti_torch_abi_version", out nint function)) return null;
        // One byte each: major, minor, patch, from the highest.
        ulong packed = Marshal.GetDelegateForFunctionPointer<AbiVersion>(function)();
        return new((int)(packed >> 56), (int)(packed >> 48 & 0xff), (int)(packed >> 40 & 0xff));
    }

    /// <summary>The part of libtorch that computes on the CPU; null where it cannot be loaded.</summary>
    public static nint? Library
    {
        get
        {
            string name = OperatingSystem.IsWindows() ? "torch_cpu.dll" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so";
            return NativeLibrary.TryLoad(name, typeof(torch).Assembly, null, out nint library) ? library : null;
        }
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate ulong AbiVersion();

    private static (string?, Exception?) Check()
    {
        // An old C++ runtime is seen before TorchSharp tries: where it fails, it writes pages and copies libtorch into the program's folder.
        if (OldRuntime(TorchFiles.ForThisProgram(), CxxRuntime.Unmet) is { } old) return (old, null);
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
        }
        catch (Exception error) when (error is NotSupportedException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException
            or TypeInitializationException)
        {
            return (Explain(TorchFiles.ForThisProgram(), CxxRuntime.Unmet, error), error);
        }
        Nnpack.TurnOff();
        var files = TorchFiles.ForThisProgram();
        return Environment.GetEnvironmentVariable(AnyVersion) != "1" && Loaded() is { } loaded && files.Wanted is { } wanted && !SameMinor(loaded, wanted)
            ? (Mismatch(files, loaded.ToString()), null) : (null, null);
    }

    /// <summary>Why a program's libtorch cannot be loaded, and what to do, from what it has on disk.</summary>
    /// <param name="files">The program's.</param>
    /// <param name="unmet">What a library asks for and this system has not.</param>
    /// <param name="error">What TorchSharp said; null where nothing was tried: then null is returned where nothing is seen to be wrong.</param>
    internal static string? Explain(TorchFiles files, Func<string, IReadOnlyList<string>> unmet, Exception? error)
    {
        string torchSharp = $"TorchSharp {files.TorchSharp}".TrimEnd();
        if (files.Bindings.Count == 0)
        {
            return $"{files.Folder} has no native library of {torchSharp} for this platform. Build the program anew with a reference to the package "
                + "TorchSharp; " +
                "it has libraries for linux-x64, win-x64, win-arm64 and osx-arm64.";
        }
        if (OldRuntime(files, unmet) is { } old) return old;
        if (files.Libtorch.Count == 0 && (error is not null || files.LibtorchPackage is null))
        {
            string package = TorchFiles.PackageForThisPlatform is { } name
                ? $"Add the package {name} {files.Wanted} to the program's project, or TorchSharp-cuda-{(OperatingSystem.IsWindows() ? "windows" : "linux")} "
                    + $"{files.TorchSharp} for an NVIDIA GPU."
                : "There is no libtorch package for this platform, only for linux-x64, win-x64, win-arm64 and osx-arm64.";
            return $"{files.Folder} has no libtorch, and {torchSharp} needs libtorch {files.Wanted}. {package}";
        }
        if (files.LibtorchVersion is { } there && files.Wanted is { } wanted && Version.TryParse(there, out var version) && !SameMinor(version, wanted))
            return Mismatch(files, there);
        return error is null ? null : $"libtorch could not be loaded: {Innermost(error).Message} Run 'mint doctor' to see what this machine has.";
    }

    private static string? OldRuntime(TorchFiles files, Func<string, IReadOnlyList<string>> unmet)
    {
        if (!OperatingSystem.IsLinux()) return null;
        string[] names = [.. files.Bindings.Where(library => library.EndsWith(".so", StringComparison.Ordinal)).SelectMany(unmet).Distinct()];
        return names.Length == 0 ? null :
            $"TorchSharp {files.TorchSharp} asks for {string.Join(", ", names)}, and this system's C++ runtime is older. " +
            $"Run 'mint doctor \"{files.Folder.TrimEnd(Path.DirectorySeparatorChar)}\" --mend' once after each build or publish, " +
            "or use a system with GCC 13's runtime or later (Debian 13, Ubuntu 24.04, RHEL 10). See docs/troubleshooting.md.";
    }

    private static string Mismatch(TorchFiles files, string there) =>
        $"TorchSharp {files.TorchSharp} is built for libtorch {files.Wanted}, and this program has libtorch {there}. Reference the versions that belong "
            + "together: " +
        $"{TorchFiles.PackageForThisPlatform} {files.Wanted}, or another TorchSharp (in this repository: Directory.Packages.props). {AnyVersion}=1 tries it "
            + "all the same.";

    private static bool SameMinor(Version there, string wanted) =>
        Version.TryParse(wanted, out var version) && (version.Major, version.Minor) == (there.Major, there.Minor);

    private static Exception Innermost(Exception error) => error is TypeInitializationException { InnerException: { } inner } ? Innermost(inner) : error;
}
