using System.Runtime.InteropServices;

namespace Mint.ML.Native;

/// <summary>Makes TorchSharp's native library load on systems whose C++ runtime is GCC 12's: Debian 12, Ubuntu 22.04.</summary>
/// <remarks>
/// <c>libLibTorchSharp.so</c> asks for GLIBCXX_3.4.32 because of one symbol, <see cref="StartsStreams"/>, by which code compiled with GCC 13 asks the
/// runtime to have started <c>std::cout</c> and its like. Nothing calls it: it has no relocation, so the linker never looks it up and checks its version alone.
/// (GCC 11's, as RHEL 9 has it, lacks <c>std::condition_variable::wait</c> in the version that is called, GLIBCXX_3.4.30, which nothing here can mend.)
/// libtorch, which is loaded first, starts the streams in the way of older compilers. So the requirement may be marked weak, and nothing else changes.
/// </remarks>
internal static class CxxRuntime
{
    /// <summary>The library whose requirements are met here.</summary>
    public const string TorchSharpLibrary = "libLibTorchSharp.so";

    private const string StartsStreams = "_ZSt21ios_base_library_initv";

    /// <summary>What <see cref="Mend(string)"/> found and did.</summary>
    public enum Outcome
    {
        /// <summary>The system has all that the library asks for, or the library has been mended before.</summary>
        NothingToDo,
        /// <summary>The library was changed and will load.</summary>
        Mended,
    }

    /// <summary>The requirements of a library that this system does not meet, as "GLIBCXX_3.4.32 of libstdc++.so.6".</summary>
    public static IReadOnlyList<string> Unmet(string library) => Unmet(library, Offered);

    /// <param name="library">Its path.</param>
    /// <param name="offered">The versions that a library of the system defines, null where there is no such library.</param>
    internal static IReadOnlyList<string> Unmet(string library, Func<string, IReadOnlySet<string>?> offered) =>
        [.. Missing(ElfFile.Read(library), offered).Select(need => $"{need.Version} of {need.Library}")];

    /// <summary>Mends one copy of <see cref="TorchSharpLibrary"/>; a link is replaced by a file, and what it pointed to stays as it is.</summary>
    /// <exception cref="NotSupportedException">The library asks for more than what can be mended; the message names it.</exception>
    /// <exception cref="InvalidDataException">The file is no ELF library.</exception>
    public static Outcome Mend(string library) => Mend(library, Offered);

    internal static Outcome Mend(string library, Func<string, IReadOnlySet<string>?> offered)
    {
        var elf = ElfFile.Read(library);
        var missing = Missing(elf, offered);
        if (missing.Count == 0) return Outcome.NothingToDo;
        var needed = missing.Select(need => (Need: need, Symbols: elf.Symbols(need).ToList()))
            .Where(asked => asked.Symbols.Count == 0 || asked.Symbols.Any(symbol => symbol.Used || symbol.Name != StartsStreams))
            .Select(asked => $"{asked.Need.Version} of {asked.Need.Library} (for "
                + $"{string.Join(", ", asked.Symbols.Select(symbol => symbol.Name).DefaultIfEmpty("no symbol that it names"))})").ToList();
        if (needed.Count > 0)
        {
            throw new NotSupportedException(
                $"{library} asks for what this system does not have: {string.Join("; ", needed)}. Only {StartsStreams} can be done without. " +
                "Use a system with a newer C++ runtime (GCC 12 or later: Debian 12, Ubuntu 22.04, RHEL 10), or a newer libstdc++.so.6 on LD_LIBRARY_PATH.");
        }
        missing.ForEach(elf.MakeWeak);
        elf.Save();
        return Outcome.Mended;
    }

    private static List<ElfFile.Need> Missing(ElfFile elf, Func<string, IReadOnlySet<string>?> offered)
    {
        var asked = new Dictionary<string, IReadOnlySet<string>?>();
        return [.. elf.Needs().Where(need =>
        {
            if (need.Weak) return false;
            if (!asked.TryGetValue(need.Library, out var versions)) asked[need.Library] = versions = offered(need.Library);
            return versions is not null && !versions.Contains(need.Version);
        })];
    }

    // Others are the program's own, and nothing is loaded only because a file names it.
    private static readonly string[] ofTheSystem = ["libstdc++.so.6", "libgcc_s.so.1", "libc.so.6", "libm.so.6"];

    /// <summary>The versions that a library of this system defines; null where it is not found or not the system's.</summary>
    private static IReadOnlySet<string>? Offered(string library) =>
        ofTheSystem.Contains(library) && SystemLibrary(library) is { } path ? ElfFile.Read(path).Defined() : null;

    /// <summary>This system's C++ runtime and the newest version that it defines, as 3.4.30; null where there is none.</summary>
    public static (string Path, Version Newest)? Installed()
    {
        const string prefix = "GLIBCXX_";
        if (SystemLibrary("libstdc++.so.6") is not { } path) return null;
        var versions = ElfFile.Read(path).Defined().Where(name => name.StartsWith(prefix, StringComparison.Ordinal));
        return (path, versions.Select(name => Version.TryParse(name[prefix.Length..], out var version) ? version : new()).Max() ?? new());
    }

    /// <summary>The file that the dynamic linker takes for a library's name; null where there is none.</summary>
    public static string? SystemLibrary(string name)
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad(name, out _)) return null;
        // A mapped file's line ends in its path: "7f... r-xp ... 1234   /usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30".
        return File.ReadLines("/proc/self/maps").Select(line => line.IndexOf('/') is var at and >= 0 ? line[at..] : "")
            .FirstOrDefault(path => Path.GetFileName(path).StartsWith(name, StringComparison.Ordinal));
    }
}
