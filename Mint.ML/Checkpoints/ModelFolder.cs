using System.Security.Cryptography;
using System.Text;
using Mint.ML.Files;

namespace Mint.ML.Checkpoints;

/// <summary>The files that make a model folder what it is.</summary>
public static class ModelFolder
{
    /// <summary>Names of all files of a folder, in order: weights in any format, configuration, vocabularies, and whatever else a loader might open.</summary>
    /// <remarks>
    /// Left out are hidden files, cards (.md) and unfinished ones (.tmp): nothing loads those; and pipes and devices, which are no files. What is not listed
    /// by ending
    /// counts, so that no file is overlooked.
    /// </remarks>
    public static IReadOnlyList<string> Names(string folder) => [.. Directory.EnumerateFiles(folder).Where(RegularFile.Exists)
        .Select(file => Path.GetFileName(file))
        .Where(name => !name.StartsWith('.') && !name.EndsWith(".md", StringComparison.OrdinalIgnoreCase) && !name.EndsWith(".tmp", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)];

    /// <summary>The same of a whole system, whose models and vocabularies stand in folders within it: "clip/vocab.json".</summary>
    /// <param name="folder">The system's folder.</param>
    /// <param name="parts">The folders within it that belong to it; one that is not there has no files.</param>
    internal static IReadOnlyList<string> Names(string folder, IEnumerable<string> parts) =>
        [.. Names(folder), .. parts.Where(part => Directory.Exists(Path.Combine(folder, part)))
            .SelectMany(part => Names(Path.Combine(folder, part)).Select(name => $"{part}/{name}"))];

    /// <summary>SHA-256 of a model's files and their names, in hexadecimal digits: another weight, another setting or one file more makes another.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static string Hash(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in Names(folder))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name + "\0"));
            hash.AppendData(Convert.FromHexString(FileHash.Sha256(Path.Combine(folder, name))));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>SHA-256 of a model file, or of a whole system's folder: its files and those of the folders in it (MusiLingo's mert).</summary>
    /// <param name="model">The file or folder.</param>
    public static string HashWhole(string model)
    {
        if (!Directory.Exists(model)) return FileHash.Sha256(model);
        string[] inner = [.. Directory.GetDirectories(model).Where(folder => !Path.GetFileName(folder).StartsWith('.')).Order(StringComparer.Ordinal)];
        string text = string.Join('\n', [Hash(model), .. inner.Select(folder => $"{Path.GetFileName(folder)} {HashWhole(folder)}")]);
        return inner.Length == 0 ? text : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
