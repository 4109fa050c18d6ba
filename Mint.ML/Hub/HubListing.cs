using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mint.ML.ModelFiles;

namespace Mint.ML.Hub;

/// <summary>A file of a repository on a hub.</summary>
/// <param name="Name">Its name; a file of the repository's top folder.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Of a large file, in hexadecimal digits; null for a small one.</param>
/// <param name="Blob">Of a small file: Git's SHA-1 of it, in hexadecimal digits; null for a large one.</param>
public sealed record HubFile(string Name, long Size, string? Sha256, string? Blob);

/// <summary>What a hub says of a repository at one commit.</summary>
/// <param name="Repository">Owner and name.</param>
/// <param name="Commit">The commit that its files are of.</param>
/// <param name="License">The licence that its card names; null where it names none.</param>
/// <param name="Files">What a model folder needs of its files.</param>
public sealed partial record HubListing(string Repository, string Commit, string? License, IReadOnlyList<HubFile> Files)
{
    private const long LargestFile = 1L << 40; // no file of weights comes near a terabyte
    private const int MostFiles = 10_000;

    /// <summary>Reads a hub's answer to <c>api/models/OWNER/NAME/revision/REVISION?blobs=true</c>.</summary>
    /// <exception cref="InvalidDataException">It is no such answer, names a file that leads out of a folder, or one without size or hash.</exception>
    internal static HubListing Read(string repository, string json)
    {
        try
        {
            var answer = JsonNode.Parse(json)!.AsObject();
            string commit = answer["sha"]!.GetValue<string>();
            if (!Commits().IsMatch(commit)) throw new InvalidDataException($"{repository}: the hub says its commit is '{commit}', which is none.");
            HubFile[] all = [.. answer["siblings"]!.AsArray().Select(file => File(repository, file!.AsObject())).OfType<HubFile>()];
            var needed = Needed(all);
            if (needed.Length > MostFiles) throw new InvalidDataException($"{repository}: the hub names {needed.Length} files; a model folder has fewer.");
            // On some file systems names that differ in case alone are one file.
            if (needed.GroupBy(file => file.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
                throw new InvalidDataException($"{repository}: the hub names a file '{twice.Key}' twice.");
            return new(repository, commit, Licence(answer), needed);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or NullReferenceException or FormatException
            or ArgumentException) // a key that stands twice
        {
            throw new InvalidDataException($"{repository}: the hub's list of its files cannot be read: {error.Message}", error);
        }
    }

    private static HubFile? File(string repository, JsonObject file)
    {
        string name = file["rfilename"]!.GetValue<string>();
        if (name.Contains('/') || name.StartsWith('.')) return null; // exports for other programs, and the hub's own
        if (!ForeignNames.IsFile(name)) throw new InvalidDataException($"{repository}: the hub names a file '{name}', which is no name of a file.");
        long size = file["size"]?.GetValue<long>() ?? -1;
        if (size is < 0 or > LargestFile) throw new InvalidDataException($"{repository}: the hub tells no size of '{name}' that a file has.");
        string? sha256 = file["lfs"]?["sha256"]?.GetValue<string>().ToLowerInvariant(), blob = file["blobId"]?.GetValue<string>().ToLowerInvariant();
        if (sha256 is null ? blob is null || !Commits().IsMatch(blob) : !Sha256s().IsMatch(sha256))
            throw new InvalidDataException($"{repository}: the hub tells no hash of '{name}', by which it could be checked.");
        return new(name, size, sha256, sha256 is null ? blob : null);
    }

    // The weights once, in the format that a model folder reads first (docs/models.md), and everything small beside them.
    private static HubFile[] Needed(HubFile[] all)
    {
        Regex[] weights = [Safetensors(), PyTorch(), OtherPyTorch()];
        var chosen = weights.FirstOrDefault(format => all.Any(file => format.IsMatch(file.Name)));
        return [.. all.Where(file => chosen?.IsMatch(file.Name) == true || Small().IsMatch(file.Name)
            && !weights.Any(format => format.IsMatch(file.Name)))];
    }

    private static string? Licence(JsonObject answer) => answer["cardData"]?["license"] is JsonValue said && said.TryGetValue(out string? name) ? name
        : (answer["tags"] as JsonArray ?? []).Select(tag => tag!.GetValue<string>()).FirstOrDefault(tag => tag.StartsWith("license:", StringComparison.Ordinal))
            ?["license:".Length..];

    [GeneratedRegex("^[0-9a-f]{40}$")]
    private static partial Regex Commits();

    [GeneratedRegex("^[0-9a-f]{64}$")]
    private static partial Regex Sha256s();

    [GeneratedRegex(@"^model(-\d{5}-of-\d{5})?\.safetensors$|^model\.safetensors\.index\.json$")]
    private static partial Regex Safetensors();

    [GeneratedRegex(@"^pytorch_model(-\d{5}-of-\d{5})?\.bin$|^pytorch_model\.bin\.index\.json$")]
    private static partial Regex PyTorch();

    [GeneratedRegex(@"\.(safetensors|bin|pth|pt)$")]
    private static partial Regex OtherPyTorch();

    [GeneratedRegex(@"\.(json|txt|model|vocab|bpe)$|^LICEN[CS]E|^README\.md$", RegexOptions.IgnoreCase)]
    private static partial Regex Small();
}
