using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mint.ML.Native;

/// <summary>What a program has of TorchSharp and libtorch on disk. Nothing is loaded to find it.</summary>
/// <param name="Folder">The program's.</param>
/// <param name="TorchSharp">TorchSharp's version as packages have it, "0.107.0"; null where the program has none.</param>
/// <param name="Wanted">The version of libtorch that TorchSharp is built for, "2.10.0".</param>
/// <param name="Bindings">TorchSharp's native libraries: one for each platform that the program was built for.</param>
/// <param name="Libtorch">libtorch's main libraries.</param>
/// <param name="LibtorchPackage">The package that libtorch came with, as "libtorch-cpu-linux-x64/2.10.0"; null where the program's deps.json names
/// none.</param>
internal sealed record TorchFiles(
    string Folder, string? TorchSharp, string? Wanted, IReadOnlyList<string> Bindings, IReadOnlyList<string> Libtorch, string? LibtorchPackage)
{
    private static readonly string[] bindingNames = [CxxRuntime.TorchSharpLibrary, "libLibTorchSharp.dylib", "LibTorchSharp.dll"];
    private static readonly string[] libtorchNames = ["libtorch_cpu.so", "libtorch_cpu.dylib", "torch_cpu.dll"];

    /// <summary>The version of libtorch's package, "2.10.0".</summary>
    public string? LibtorchVersion => LibtorchPackage?[(LibtorchPackage.IndexOf('/') + 1)..];

    /// <summary>The package that brings libtorch to this platform; null where there is none.</summary>
    public static string? PackageForThisPlatform =>
        Platform() is "linux-x64" or "win-x64" or "win-arm64" or "osx-arm64" ? $"libtorch-cpu-{Platform()}" : null;

    /// <summary>The folder of the running program and the places where it looks for native libraries.</summary>
    public static TorchFiles ForThisProgram()
    {
        string searched = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        string[] folders = [AppContext.BaseDirectory, .. searched.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)];
        var files = folders.Where(Directory.Exists).SelectMany(Directory.EnumerateFiles);
        return FromFiles(AppContext.BaseDirectory, files);
    }

    /// <summary>A program's output or publish folder, with the folders below it.</summary>
    /// <exception cref="DirectoryNotFoundException">It is not there.</exception>
    public static TorchFiles InFolder(string folder) =>
        FromFiles(Path.GetFullPath(folder), Directory.EnumerateFiles(folder, "*", new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            AttributesToSkip = 0,
        }));

    private static TorchFiles FromFiles(string folder, IEnumerable<string> found)
    {
        string[] files = [.. found.Select(Path.GetFullPath).Distinct().Order(StringComparer.Ordinal)];
        string[] Named(string[] names) => [.. files.Where(file => names.Contains(Path.GetFileName(file)))];
        var packages = files.Where(file => file.EndsWith(".deps.json", StringComparison.Ordinal)).SelectMany(Packages).ToList();
        string? assembly = Named(["TorchSharp.dll"]).FirstOrDefault();
        return new(folder,
            packages.Find(package => package.StartsWith("TorchSharp/", StringComparison.Ordinal))?["TorchSharp/".Length..]
                ?? (assembly is null ? null : AssemblyVersion(assembly)),
            assembly is null ? null : WantedBy(assembly), Named(bindingNames), Named(libtorchNames),
            packages.Find(package => package.StartsWith("libtorch-", StringComparison.Ordinal)));
    }

    private static string Platform()
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : OperatingSystem.IsLinux() ? "linux" : "unknown";
        return $"{system}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
    }

    // "libraries" of a deps.json has a member for each package: "TorchSharp/0.107.0": { ... }.
    private static IEnumerable<string> Packages(string depsFile)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(depsFile)) is JsonObject root && root["libraries"] is JsonObject libraries
                ? [.. libraries.Select(library => library.Key)] : [];
        }
        catch (Exception error) when (error is JsonException or IOException or ArgumentException)
        {
            return [];
        }
    }

    private static string? AssemblyVersion(string assembly)
    {
        try
        {
            return AssemblyName.GetAssemblyName(assembly).Version?.ToString(3);
        }
        catch (Exception error) when (error is BadImageFormatException or IOException)
        {
            return null;
        }
    }

    /// <summary>The constant by which TorchSharp names its libtorch in its own messages, read from the metadata.</summary>
    private static string? WantedBy(string assembly)
    {
        try
        {
            using var image = new PEReader(File.OpenRead(assembly));
            var metadata = image.GetMetadataReader();
            foreach (var handle in metadata.FieldDefinitions)
            {
                var field = metadata.GetFieldDefinition(handle);
                if (!metadata.StringComparer.Equals(field.Name, "libtorchPackageVersion") || field.GetDefaultValue().IsNil) continue;
                var value = metadata.GetBlobReader(metadata.GetConstant(field.GetDefaultValue()).Value);
                return Version.TryParse(value.ReadUTF16(value.Length), out var version) && version.Build >= 0 ? version.ToString(3) : null;
            }
        }
        catch (Exception error) when (error is BadImageFormatException or InvalidOperationException or IOException)
        {
        }
        return null;
    }
}
