namespace Mint.ML.Native;

/// <summary>What a program has of the native libraries that Mint.ML runs on, and what keeps it from running: what <c>mint doctor</c> tells.</summary>
/// <param name="CxxRuntime">Linux's libstdc++ and the newest version of it that is defined; null where there is none, and elsewhere.</param>
/// <param name="TorchSharp">TorchSharp's version, "0.107.0"; null where the program has none.</param>
/// <param name="WantedLibtorch">The version of libtorch that TorchSharp is built for.</param>
/// <param name="Bindings">Paths of TorchSharp's own native libraries.</param>
/// <param name="Libtorch">Paths of libtorch's main libraries.</param>
/// <param name="LibtorchVersion">Of the libtorch that is loaded, or of the folder's package; null where neither tells.</param>
/// <param name="LibtorchPackage">The package that libtorch came with, "libtorch-cpu-linux-x64/2.10.0"; null where no deps.json names one.</param>
/// <param name="NvidiaDriver">The driver's version, or "unknown"; null where there is no driver.</param>
/// <param name="SndFile">libsndfile's version; null where it is missing, so that only WAV can be read.</param>
/// <param name="Problem">What keeps models from running, with what to do; null where nothing does.</param>
public sealed record NativeLibraries(string? CxxRuntime, string? TorchSharp, string? WantedLibtorch, IReadOnlyList<string> Bindings,
    IReadOnlyList<string> Libtorch, string? LibtorchVersion, string? LibtorchPackage, string? NvidiaDriver, string? SndFile, string? Problem)
{
    /// <summary>Looks at a program. Only this one's libraries are loaded to find out; another's are read on disk.</summary>
    /// <param name="folder">Its output or publish folder; null for the running program.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static NativeLibraries Examine(string? folder = null)
    {
        var files = folder is null ? TorchFiles.ForThisProgram() : TorchFiles.InFolder(folder);
        string? problem = folder is null ? Native.Libtorch.Problem : Native.Libtorch.Explain(files, Native.CxxRuntime.Unmet, null);
        string? cxx = Native.CxxRuntime.Installed() is { } installed ? $"{installed.Path}, GLIBCXX up to {installed.Newest}" : null;
        return new(cxx, files.TorchSharp, files.Wanted, files.Bindings, files.Libtorch,
            folder is null ? Native.Libtorch.Loaded()?.ToString() : files.LibtorchVersion, files.LibtorchPackage,
            Native.NvidiaDriver.Version(), Audio.SndFile.Version, problem);
    }

    /// <summary>Loads libtorch, or says why it cannot be used. The first call takes a fraction of a second, the others nothing.</summary>
    /// <exception cref="NotSupportedException">It cannot be used; the message says why and what to do.</exception>
    public static void Require() => Native.Libtorch.Require();

    /// <summary>
    /// Makes every copy of TorchSharp's library below a folder load on a Linux whose C++ runtime is older than GCC 13's. Copies that cannot be mended
    /// are told with their error; the others are mended all the same.
    /// </summary>
    /// <param name="folder">A program's output or publish folder.</param>
    /// <returns>Each copy, whether it was changed, and what kept it from being mended.</returns>
    /// <exception cref="FileNotFoundException">There is no copy.</exception>
    public static IReadOnlyList<(string Library, bool Mended, Exception? Error)> Mend(string folder)
    {
        const string name = Native.CxxRuntime.TorchSharpLibrary;
        string[] libraries = [.. TorchFiles.InFolder(folder).Bindings.Where(library => Path.GetFileName(library) == name)];
        if (libraries.Length == 0)
            throw new FileNotFoundException($"There is no {name} below '{folder}'. Give the folder that a build or publish of the program wrote.");
        return [.. libraries.Select(Mended)];
    }

    private static (string Library, bool Mended, Exception? Error) Mended(string library)
    {
        try
        {
            return (library, Native.CxxRuntime.Mend(library) == Native.CxxRuntime.Outcome.Mended, null);
        }
        catch (Exception error) when (error is NotSupportedException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return (library, false, error);
        }
    }
}
