using System.Security.Cryptography;
using Mint.ML.Checkpoints;

namespace Mint.ML.ModelFiles;

/// <summary>The files of a model folder inside a model file: one stream, file after file.</summary>
internal static class PackedFolder
{
    /// <summary>Most files of a folder; a large model has some dozens.</summary>
    public const int MostFiles = 10_000;

    public static void Write(ModelWriter writer, string stream, string folder, params IEnumerable<string> parts) =>
        Write(writer, stream, [.. ModelFolder.Names(folder, parts).Select(name => (name, (Func<Stream>)(() => File.OpenRead(Path.Combine(folder, name)))))]);

    /// <summary>Writes files that may have no name on the disk any more.</summary>
    /// <param name="writer">The model file.</param>
    /// <param name="stream">Its stream.</param>
    /// <param name="files">Each file's name in it, and its bytes.</param>
    /// <param name="packed">Told the SHA-256 of each file as it was packed; null computes none.</param>
    public static void Write(ModelWriter writer, string stream, IReadOnlyList<(string Name, Func<Stream> Open)> files, Action<string, string>? packed = null) =>
        writer.Stream(stream, w =>
        {
            w.Write(files.Count);
            foreach (var (name, open) in files)
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                using var file = open();
                w.Write(name);
                w.Write(file.Length);
                byte[] piece = new byte[1 << 20];
                while (file.Read(piece) is > 0 and var read)
                {
                    w.Write(piece, 0, read);
                    if (packed is not null) hash.AppendData(piece, 0, read);
                }
                packed?.Invoke(name, Convert.ToHexStringLower(hash.GetHashAndReset()));
            }
        });

    /// <summary>The folder, under the reader's temporary one until it is disposed.</summary>
    /// <exception cref="IOException">It is larger than the limit, which the message tells, or than the disk's room.</exception>
    public static TemporaryFolder Unpack(ModelReader reader, string stream)
    {
        reader.CheckUnpacked(stream);
        var folder = new TemporaryFolder(reader.Temporary);
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
        string path = Path.Combine(folder, name);
        if (!ForeignNames.IsFileOrInPart(name) || name.Split('/').Any(step => step.StartsWith('.')) || File.Exists(path) || Directory.Exists(path))
            throw new FormatException($"The model file is damaged: stream '{stream}' names a file '{name}'.");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        long left = reader.ReadInt64();
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
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
