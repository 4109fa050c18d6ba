using System.Text;
using System.Text.Json;
using Mint.ML.Files;

namespace Mint.ML.Hub;

/// <summary>How far a pull is.</summary>
/// <param name="File">The file at hand.</param>
/// <param name="FileBytes">Bytes of it that are there.</param>
/// <param name="FileSize">Bytes that it has.</param>
/// <param name="Bytes">Bytes of all files that are there.</param>
/// <param name="Size">Bytes that all have.</param>
public sealed record PullProgress(string File, long FileBytes, long FileSize, long Bytes, long Size);

/// <summary>Fetches a published model folder from a hub.</summary>
/// <remarks>
/// Files gather in a hidden folder beside the destination, each checked by its size and hash. The destination is made by one renaming, when all are
/// there: a folder of that name is a whole model. What a broken pull left is gone on with; what does not fit its hash is fetched anew.
/// </remarks>
public sealed class HubPull : IDisposable
{
    private const long LargestListing = 64 << 20; // of a repository of ten thousand files

    private readonly HubOptions options;
    private readonly HttpClient client;

    /// <param name="options">Where from, and how patiently; null for the hub itself.</param>
    /// <exception cref="ArgumentException">The revision is empty.</exception>
    public HubPull(HubOptions? options = null)
    {
        this.options = options ?? new();
        if (string.IsNullOrWhiteSpace(this.options.Revision))
            throw new ArgumentException("Revision is empty; name a branch, a tag or a commit.", nameof(options));
        // Redirects are followed here, so that none leads from https to plain http, or to nowhere for ever.
        client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = this.options.Silence })
        {
            Timeout = Timeout.InfiniteTimeSpan, // a slow file takes hours; silence is timed instead
        };
        client.DefaultRequestHeaders.UserAgent.ParseAdd($"mint.ml/{typeof(HubPull).Assembly.GetName().Version}");
    }

    /// <summary>Asks the hub what a repository holds.</summary>
    /// <param name="repository">Owner and name, as in "facebook/data2vec-audio-base"; some old ones have no owner.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="IOException">The hub cannot be reached, or has no such repository.</exception>
    /// <exception cref="InvalidDataException">Its answer cannot be read.</exception>
    public async Task<HubListing> List(string repository, CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(repository);
        var address = At($"api/models/{Escaped(repository)}/revision/{Uri.EscapeDataString(options.Revision)}?blobs=true");
        using var bytes = new MemoryStream();
        await Transfer.Try(options, repository, 0, async _ =>
        {
            bytes.SetLength(0);
            using var response = await Transfer.Get(client, options, address, 0, cancel).ConfigureAwait(false);
            await Transfer.Copy(response, bytes, LargestListing, options.Silence, null, cancel).ConfigureAwait(false);
            return bytes.Length;
        }, cancel).ConfigureAwait(false);
        return HubListing.Read(repository, Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
    }

    /// <summary>Fetches a repository's model folder.</summary>
    /// <param name="listing">What <see cref="List"/> told.</param>
    /// <param name="folder">Where it goes. One that is there already is left as it is: a whole folder of the same commit is the result, another is
    /// refused.</param>
    /// <param name="progress">Told of every piece.</param>
    /// <param name="cancel">Stops it; a later call goes on.</param>
    /// <returns>Whether anything had to be fetched.</returns>
    /// <exception cref="IOException">The connection fails again and again, the disk is full, or another pull is at work there.</exception>
    /// <exception cref="InvalidDataException">A file is not the one that the hub lists, twice over.</exception>
    public async Task<bool> Pull(HubListing listing, string folder, IProgress<PullProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(listing);
        CheckPlace(listing.Repository, folder);
        folder = Whole(folder);
        if (Directory.Exists(folder)) return IsOther(listing, folder);
        if (listing.Files.Count == 0) throw new InvalidDataException($"{listing.Repository} has no files that a model folder needs.");
        string beside = Beside(folder);
        using (FolderLock.TakeFile(folder)) // beside the folder that is renamed, and so held until it is
        {
            if (Directory.Exists(folder)) return IsOther(listing, folder); // by another pull, just now
            Directory.CreateDirectory(beside);
            AtomicFile.WriteText(Path.Combine(beside, Mark), listing.Repository);
            Forget(listing, beside);
            CheckRoom(listing, beside);
            long size = listing.Files.Sum(file => file.Size), done = 0;
            foreach (var file in listing.Files)
            {
                long before = done;
                await Fetch(listing, file, beside, bytes => progress?.Report(new(file.Name, bytes, file.Size, before + bytes, size)), cancel)
                    .ConfigureAwait(false);
                done += file.Size;
            }
            AtomicFile.WriteText(Path.Combine(beside, Record), JsonSerializer.Serialize(new Pulled(listing.Repository, listing.Commit, listing.License)));
            File.Delete(Path.Combine(beside, Mark));
            Directory.Move(beside, folder);
            if (!OperatingSystem.IsWindows()) File.Delete(LockOf(folder)); // whoever waits for it finds the folder; Windows deletes nothing that is open
        }
        return true;
    }

    /// <summary>Looks at the place of a pull, as <see cref="Pull"/> does, before anything is asked of the hub.</summary>
    /// <param name="repository">What is to be fetched.</param>
    /// <param name="folder">Where it is to go.</param>
    /// <exception cref="IOException">Something else is there, or where files would gather.</exception>
    public static void CheckPlace(string repository, string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        folder = Whole(folder);
        if (new FileInfo(folder).LinkTarget is { } target && !Directory.Exists(folder))
            throw new IOException($"{folder} is a link to '{target}', which is no folder. Move it away, or name another folder.");
        if (File.Exists(folder)) throw new IOException($"{folder} is a file, and the model would be a folder. Move it away, or name another folder.");
        if (!Directory.Exists(folder))
            CheckOwn(Beside(folder));
        else if (ReadRecord(Path.Combine(folder, Record))?.Repository != repository)
            throw new IOException($"{folder} is there already, and is not {repository}. Move it away, or name another folder.");
    }

    private static string Whole(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    private static string Beside(string folder) => Path.Combine(Path.GetDirectoryName(folder)!, $".{Path.GetFileName(folder)}.pull");

    private static string LockOf(string folder) => Path.Combine(Path.GetDirectoryName(folder)!, $".{Path.GetFileName(folder)}.lock");

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    // Hidden files count for no model (ModelFolder.Names).
    private const string Record = ".pulled.json", Mark = ".pull";

    private sealed record Pulled(string Repository, string Commit, string? License);

    private static bool IsOther(HubListing listing, string folder)
    {
        if (ReadRecord(Path.Combine(folder, Record)) is { } there && there.Repository == listing.Repository && there.Commit == listing.Commit)
        {
            // It was whole when it was made; since then files may have gone.
            foreach (var file in listing.Files)
            {
                var found = new FileInfo(Path.Combine(folder, file.Name));
                if (found.Exists && found.Length == file.Size) continue;
                throw new IOException($"{found.FullName} {(found.Exists ? $"has {found.Length:N0} of {file.Size:N0} bytes" : "is gone")}, which was there when "
                    + "the folder was pulled. Move the folder away, and pull again.");
            }
            return false;
        }
        throw new IOException($"{folder} is there already, and is not {listing.Repository} at {listing.Commit[..8]}. Move it away, or name another folder.");
    }

    private static Pulled? ReadRecord(string record)
    {
        try
        {
            return File.Exists(record) ? JsonSerializer.Deserialize<Pulled>(TextFile.Read(record)) : null;
        }
        catch (Exception error) when (error is JsonException or InvalidDataException)
        {
            return null; // not ours, or damaged: another folder
        }
    }

    // Only a folder that a pull made is tidied, and nothing is written through a link.
    private static void CheckOwn(string beside)
    {
        bool link = new FileInfo(beside).LinkTarget is not null;
        if (!Path.Exists(beside) && !link) return;
        if (!link && Directory.Exists(beside))
        {
            string[] names = [.. Directory.EnumerateFileSystemEntries(beside).Select(path => Path.GetFileName(path))];
            if (names.Contains(Mark) || names.Contains(Record) || names.All(name => name.StartsWith(Mark, StringComparison.Ordinal))) return;
        }
        throw new IOException($"{beside}, where files would gather, is there and was made by no pull. Move it away, or name another folder.");
    }

    // What is left of another commit, or of another list of files, is of no use.
    private static void Forget(HubListing listing, string beside)
    {
        var names = listing.Files.Select(file => file.Name).ToHashSet();
        foreach (string left in Directory.EnumerateFiles(beside))
        {
            string name = Path.GetFileName(left);
            if (name == Mark) continue;
            bool wanted = names.Contains(name) || names.Any(file => Partial(file, listing.Commit) == name);
            if (!wanted || new FileInfo(left).LinkTarget is not null) File.Delete(left);
        }
    }

    private static string Partial(string name, string commit) => $".{name}.{commit[..8]}.partial";

    private static void CheckRoom(HubListing listing, string beside)
    {
        long needed = listing.Files.Sum(file => file.Size) - new DirectoryInfo(beside).EnumerateFiles().Sum(file => file.Length);
        long free = new DriveInfo(Path.GetFullPath(beside)).AvailableFreeSpace;
        if (needed > free)
        {
            throw new IOException($"{listing.Repository} needs {needed:N0} bytes, and where {beside} is, {free:N0} are free. Make room, or name another "
                + "folder.");
        }
    }

    private async Task Fetch(HubListing listing, HubFile file, string beside, Action<long> report, CancellationToken cancel)
    {
        string path = Path.Combine(beside, file.Name), partial = Path.Combine(beside, Partial(file.Name, listing.Commit));
        if (File.Exists(path))
        {
            if (Transfer.Fits(path, file, cancel)) { report(file.Size); return; }
            File.Delete(path);
        }
        var address = At($"{Escaped(listing.Repository)}/resolve/{listing.Commit}/{Uri.EscapeDataString(file.Name)}");
        for (int round = 1; ; round++)
        {
            await Transfer.Try(options, file.Name, file.Size, _ => Transfer.Continue(client, options, address, file, partial, report, cancel), cancel)
                .ConfigureAwait(false);
            if (Transfer.Fits(partial, file, cancel)) break;
            // Of a file that was gone on with, the first half may be another's than the second: it is fetched once more, from its beginning.
            File.Delete(partial);
            if (round == 2)
            {
                throw new InvalidDataException($"{address}: what was fetched, twice, is not the file that the hub lists (its hash differs). Try again "
                    + "later, or another mirror.");
            }
        }
        using var whole = new FileStream(partial, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        AtomicFile.Place(whole, path);
    }

    private Uri At(string path) => new(options.Address.AbsoluteUri.TrimEnd('/') + "/" + path);

    private static string Escaped(string repository) => repository.Split('/') is { Length: 1 or 2 } parts
        && parts.All(part => part.Length > 0 && part is not ("." or "..")) ? string.Join('/', parts.Select(Uri.EscapeDataString))
        : throw new ArgumentException($"'{repository}' is no repository; expected OWNER/NAME.", nameof(repository));
}
