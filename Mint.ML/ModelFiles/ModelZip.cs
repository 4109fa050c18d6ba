using System.IO.Compression;

namespace Mint.ML.ModelFiles;

/// <summary>A model file without ML.NET: the places in a zip, each a folder with the streams of one part.</summary>
/// <remarks>ML.NET's own zips are read in the same way: a chain's steps stand in folders Transform_000, Transform_001, ... of it, at any depth.</remarks>
internal sealed class ModelZip : IDisposable
{
    private readonly ZipArchive zip;
    private readonly FrozenModelFolders folders;
    private readonly Dictionary<int, object> loaded = [];
    private readonly Dictionary<object, int> written = new(ReferenceEqualityComparer.Instance);

    private ModelZip(ZipArchive zip, FrozenModelFolders folders) => (this.zip, this.folders) = (zip, folders);

    /// <exception cref="InvalidDataException">The file is no zip.</exception>
    public static ModelZip Open(string path, FrozenModelFolders folders) => Open(File.OpenRead(path), folders.Beside(path));

    /// <summary>The same of a file that is open, and then this one's own.</summary>
    internal static ModelZip Open(Stream file, FrozenModelFolders folders)
    {
        try
        {
            return new(new ZipArchive(file), folders);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public static ModelZip Create(Stream stream) => new(new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true), new());

    /// <summary>The places that hold a stream, in their order.</summary>
    public IEnumerable<string> Places(string stream) => zip.Entries.Select(entry => entry.FullName.Replace('\\', '/'))
        .Where(name => Path.GetFileName(name) == stream).Select(name => name[..^stream.Length]).Order(StringComparer.Ordinal);

    public ModelReader Read(string place) => new Reader(this, place);

    public ModelWriter Write(string place) => new Writer(this, place);

    public void Dispose() => zip.Dispose();

    private sealed class Reader(ModelZip file, string place) : ModelReader
    {
        private readonly Dictionary<string, ZipArchiveEntry> streams = file.zip.Entries
            .Where(entry => entry.FullName.Replace('\\', '/').StartsWith(place, StringComparison.Ordinal))
            .DistinctBy(entry => entry.FullName.Replace('\\', '/')).ToDictionary(entry => entry.FullName.Replace('\\', '/')[place.Length..]);

        public override FrozenModelFolders Folders => file.folders;

        public override bool TryStream(string name, Action<BinaryReader> read)
        {
            if (!streams.TryGetValue(name, out var entry)) return false;
            using var reader = new BinaryReader(entry.Open());
            read(reader);
            return true;
        }

        private protected override (long Packed, long Unpacked)? Size(string name) =>
            streams.TryGetValue(name, out var entry) ? (entry.CompressedLength, entry.Length) : null;

        private protected override IDictionary<int, object> Loaded => file.loaded;
    }

    private sealed class Writer(ModelZip file, string place) : ModelWriter
    {
        public override void Stream(string name, Action<BinaryWriter> write)
        {
            using var writer = new BinaryWriter(file.zip.CreateEntry(place + name).Open());
            write(writer);
        }

        private protected override IDictionary<object, int> Written => file.written;
    }
}
