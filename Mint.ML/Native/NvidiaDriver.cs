using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Mint.ML.Native;

/// <summary>The NVIDIA driver of this machine, found by the files that it brings.</summary>
internal static class NvidiaDriver
{
    /// <summary>Its version, "550.54.15", or "unknown" where the file does not tell; null where there is no driver.</summary>
    public static string? Version()
    {
        string file = OperatingSystem.IsWindows() ? Path.Combine(Environment.SystemDirectory, "nvcuda.dll") : "/proc/driver/nvidia/version";
        try
        {
            if (!File.Exists(file)) return null;
            return OperatingSystem.IsWindows() ? FileVersionInfo.GetVersionInfo(file).FileVersion ?? "unknown" : InText(File.ReadAllText(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "unknown";
        }
    }

    /// <summary>The version in a text such as "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 ...".</summary>
    internal static string InText(string text) => Regex.Match(text, @"\b\d{3,}\.\d+(\.\d+)?\b") is { Success: true } found ? found.Value : "unknown";
}
