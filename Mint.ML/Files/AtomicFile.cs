using System.Text;
using System.Text.RegularExpressions;

namespace Mint.ML.Files;

/// <summary>A file that is there as a whole or not at all: written beside its place, flushed to the disk, then renamed.</summary>
/// <remarks>
/// The temporary name is random and must not exist, so that nothing is written through a link that somebody laid there. Without <see cref="Commit"/>
/// the place stays as it was. What a killed process leaves behind is found again by <see cref="Sweep"/>.
/// </remarks>
public sealed partial class AtomicFile : IDisposable
{
    private const int LongestStem = 60; // characters of the name that the temporary one repeats: together below the 255 bytes of a name

    private readonly string path, temporary;
    private bool committed;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where it goes; its folder exists. A file that is there is replaced on <see cref="Commit"/>.</param>
    /// <param name="bufferSize">Bytes gathered before they are written; 0 for a caller that writes large pieces.</param>
    /// <exception cref="IOException">A folder, a pipe, a socket or a device is there.</exception>
    public AtomicFile(string path, int bufferSize = 1 << 16)
    {
        Check(path);
        this.path = Path.GetFullPath(path);
        string name = Path.GetFileName(this.path);
        temporary = Path.Combine(Path.GetDirectoryName(this.path)!, $"{name[..Math.Min(name.Length, LongestStem)]}.{Guid.NewGuid():N}.tmp");
        Stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize);
    }

    /// <summary>Refuses a place that no file is put into: renamed over /dev/null, it would be everybody's.</summary>
    /// <param name="path">The place; nothing need be there.</param>
    /// <exception cref="IOException">A folder, a pipe, a socket or a device is there.</exception>
    public static void Check(string path)
    {
        if (Directory.Exists(path)) throw new IOException($"{path} is a folder; a file is written. Name a file.");
        if (RegularFile.IsOther(path)) throw new IOException($"{path} is a pipe, a socket or a device; a file is written. Name another place.");
    }

    /// <summary>What is written; it can seek.</summary>
    public FileStream Stream { get; }

    /// <summary>Puts the file in its place; a link that stands there is replaced, not followed.</summary>
    public void Commit()
    {
        Place(Stream, path);
        committed = true;
    }

    /// <summary>Ends a file that was written, and renames it once its contents are on the disk.</summary>
    internal static void Place(FileStream written, string path)
    {
        written.Flush(flushToDisk: true);
        written.Dispose();
        File.Move(written.Name, path, overwrite: true);
    }

    /// <summary>Ends writing; what was not committed is removed.</summary>
    public void Dispose()
    {
        try
        {
            Stream.Dispose();
        }
        catch (IOException) when (!committed)
        {
            // A disk that is full takes what was still buffered no more than what came before; it goes with the file.
        }
        finally
        {
            if (!committed) File.Delete(temporary);
        }
    }

    /// <summary>Writes a whole file.</summary>
    /// <param name="path">Where it goes; its folder exists.</param>
    /// <param name="write">Writes it; if this throws, the place stays as it was.</param>
    public static void Write(string path, Action<Stream> write)
    {
        using var file = new AtomicFile(path);
        write(file.Stream);
        file.Commit();
    }

    /// <summary>Copies a file.</summary>
    /// <param name="from">The file.</param>
    /// <param name="to">Where it goes; its folder exists. A file that is there is replaced.</param>
    public static void Copy(string from, string to) => Write(to, stream =>
    {
        using var source = File.OpenRead(from);
        source.CopyTo(stream);
    });

    /// <summary>Writes a text as UTF-8 without a mark.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Deletes what killed processes left of files of certain names; other files, whatever they end in, are not touched.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="isOwn">Whether a file of this name is written by the caller, and by nobody else at this time.</param>
    /// <param name="age">Younger ones are left alone: somebody may be writing them.</param>
    public static void Sweep(string folder, Func<string, bool> isOwn, TimeSpan age = default)
    {
        foreach (var left in new DirectoryInfo(folder).EnumerateFiles("*.tmp"))
        {
            if (Temporary().Match(left.Name) is not { Success: true } match || !isOwn(match.Groups[1].Value)) continue;
            if (left.LastWriteTimeUtc <= DateTime.UtcNow - age) left.Delete();
        }
    }

    [GeneratedRegex(@"^(.+)\.[0-9a-f]{32}\.tmp$", RegexOptions.Singleline)]
    private static partial Regex Temporary();
}
