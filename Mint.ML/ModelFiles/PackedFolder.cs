using Mint.ML.Checkpoints;


namespace Mint.ML.ModelFiles;

/// <summary>The files of a model folder inside a model file: one stream, file after file.</summary>
internal static class PackedFolder
{
    private const int MostFiles = 10_000;

    public static void Write(ModelWriter writer, string stream, string folder) => writer.Stream(stream, w =>
    {
        string[] names = [.. ModelFolder.Names(folder)];
        w.Write(names.Length);
        foreach (string name in names)
        {
            using var file = File.OpenRead(Path.Combine(folder, name));
            w.Write(name);
            w.Write(file.Length);
            w.Flush();
            file.CopyTo(w.BaseStream);
        }
    });

    /// <summary>The folder, under the system's temporary one until it is disposed.</summary>
    public static TemporaryFolder Unpack(ModelReader reader, string stream)
    {
        var folder = new TemporaryFolder();
        try
        {
            reader.Stream(stream, r =>
            {
                int count = r.ReadInt32();
                if (count is < 0 or > MostFiles) throw new FormatException($"The model file is damaged: stream '{stream}' says it holds {count} files.");
                for (int i = 0; i < count; i++) Unpack(r, folder.Path, stream);
            });
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static void Unpack(BinaryReader reader, string folder, string stream)
    {
        string name = reader.ReadString();
        // A name is never a path: nothing is written outside the folder.
        if (name.Length == 0 || name != Path.GetFileName(name) || name is "." or "..")
            throw new FormatException($"The model file is damaged: stream '{stream}' names a file '{name}'.");
        long left = reader.ReadInt64();
        using var file = File.Create(Path.Combine(folder, name));
        var buffer = new byte[1 << 16];
        while (left > 0)
        {
            int read = reader.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0) throw new FormatException($"The model file is damaged: stream '{stream}' ends within '{name}'.");
            file.Write(buffer, 0, read);
            left -= read;
        }
    }
}

/// <summary>A folder that is deleted when it is disposed, or when the process ends.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder()
    {
        Path = Directory.CreateTempSubdirectory("mint-").FullName;
        AppDomain.CurrentDomain.ProcessExit += Delete;
    }

    public string Path { get; }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Delete;
        Delete(null, EventArgs.Empty);
    }

    private void Delete(object? sender, EventArgs e)
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // Somebody holds a file open (Windows), or it is gone already: a left-over temporary folder harms nobody.
        }
    }
}
