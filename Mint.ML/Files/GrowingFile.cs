namespace Mint.ML.Files;

/// <summary>A file that is written where it stands, and so is not renamed into its place: answers, a log, a download, a lock.</summary>
internal static class GrowingFile
{
    /// <summary>Opens a file, or makes it. A link, which may lead to a stranger's or to none yet, is never followed.</summary>
    /// <param name="file">The file.</param>
    /// <param name="share">What others may do meanwhile.</param>
    /// <param name="is">What is wanted there, for errors.</param>
    /// <param name="bufferSize">Bytes gathered before they are written.</param>
    /// <exception cref="InvalidDataException">A link, a pipe, a socket or a device is there.</exception>
    public static FileStream Open(string file, FileShare share, string @is, int bufferSize = 4096)
    {
        try
        {
            return new FileStream(file, FileMode.CreateNew, FileAccess.ReadWrite, share, bufferSize); // which follows no link
        }
        catch (IOException) when (Path.Exists(file) || IsLink(file))
        {
            Check(file, @is);
        }
        return new FileStream(file, FileMode.Open, FileAccess.ReadWrite, share, bufferSize); // makes none, if a link took its place meanwhile
    }

    /// <summary>Adds a text to a file as UTF-8.</summary>
    public static void Append(string file, string text, string @is)
    {
        using var stream = Open(file, FileShare.Read, @is);
        stream.Seek(0, SeekOrigin.End);
        stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Refuses what is there and is no file of its own.</summary>
    /// <exception cref="InvalidDataException">A link, a pipe, a socket or a device is there.</exception>
    public static void Check(string file, string @is)
    {
        if (IsLink(file))
            throw new InvalidDataException($"{file} is a link to '{new FileInfo(file).LinkTarget}', and no {@is}: delete it, or name another place.");
        if (RegularFile.IsOther(file))
            throw new InvalidDataException($"{file} is a pipe, a socket or a device, and no {@is}: delete it, or name another place.");
    }

    private static bool IsLink(string file) => new FileInfo(file).LinkTarget is not null;
}
