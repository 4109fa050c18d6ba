using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mint.ML.ModelFiles;

/// <summary>Where a part of a model puts what it needs to come back: named streams in its own place of the model file.</summary>
/// <remarks>The place is a step's folder in ML.NET's zip, or a folder in a zip that <see cref="Systems.AudioLanguageModel.Save"/> writes: the streams are the
/// same.</remarks>
internal abstract class ModelWriter
{
    /// <summary>The folder for temporary files; null for the system's own.</summary>
    public virtual string? Temporary => null;

    /// <summary>Writes one stream. <paramref name="name"/> is a file name, unique within the place.</summary>
    public abstract void Stream(string name, Action<BinaryWriter> write);

    /// <summary>Writes a record or an options object by the names of its members.</summary>
    public void Json<T>(string name, T value) => Stream(name, w => w.Write(JsonSerializer.SerializeToUtf8Bytes(value, ModelJson.Options)));

    /// <summary>
    /// Writes what several steps of one model file may share: the first step to come writes it, the others name it. A step that is saved
    /// alone is therefore complete.
    /// </summary>
    /// <param name="name">A stream name, unique within the place.</param>
    /// <param name="shared">What is shared, compared by reference.</param>
    /// <param name="write">Writes it into further streams of this place.</param>
    public void Shared(string name, object shared, Action write)
    {
        bool known = Written.TryGetValue(shared, out int number);
        if (!known) Written[shared] = number = Written.Count;
        Stream(name, w => w.Write(number));
        if (!known) write();
    }

    /// <summary>What this save has written, with its number.</summary>
    private protected abstract IDictionary<object, int> Written { get; }
}

/// <summary>The streams that a part of a model wrote.</summary>
internal abstract class ModelReader
{
    /// <summary>Where frozen models are looked for that the file names and does not hold.</summary>
    public abstract FrozenModelFolders Folders { get; }

    /// <summary>The folder for temporary files; null for the system's own.</summary>
    public virtual string? Temporary => null;

    /// <summary>Reads one stream if it is there. The reader runs forward only.</summary>
    public abstract bool TryStream(string name, Action<BinaryReader> read);

    /// <summary>Bytes of a stream in the model file and out of it; null where it is not there. A zip's reader gives no more than is said here.</summary>
    private protected abstract (long Packed, long Unpacked)? Size(string name);

    /// <summary>Bytes that a stream which is read into memory has at most: names, numbers, options.</summary>
    private const long MostInMemory = 16 << 20;

    /// <summary>Reads one stream.</summary>
    /// <exception cref="FormatException">The model file does not have it.</exception>
    public void Stream(string name, Action<BinaryReader> read)
    {
        if (!TryStream(name, read)) throw new FormatException($"The model file is damaged or of another version: it has no stream '{name}'.");
    }

    /// <summary>Refuses a stream whose files would take more of the disk than was allowed, or than there is, before any of it is written.</summary>
    /// <exception cref="IOException">It is larger; the message says how large, and what allows it.</exception>
    public void CheckUnpacked(string name)
    {
        if (Size(name) is not var (packed, unpacked)) return; // reading will say that it is missing
        long most = Folders.MostUnpacked(packed);
        if (unpacked > most)
        {
            throw new IOException($"Stream '{name}' of the model file, of {packed:N0} bytes, unpacks to {unpacked:N0}, beyond the limit of {most:N0}. "
                + $"Weights shrink little in a file, so it may be "
                + $"made to fill disks. If you trust it, raise the limit: {nameof(FrozenModelFolders)}.{nameof(FrozenModelFolders.MostUnpackedBytes)} in "
                + $"a program, {FrozenModelFolders.LimitVariable} "
                + "(bytes) anywhere.");
        }
        string folder = Path.GetFullPath(Temporary is { Length: > 0 } named ? named : Path.GetTempPath());
        if (unpacked > Free(folder))
        {
            throw new IOException($"The model file unpacks {unpacked:N0} bytes into {folder}, where {Free(folder):N0} are free. Make room, or name "
                + $"another folder: "
                + "MLContext.TempFilePath in a program of ML.NET, TMPDIR (TMP on Windows) anywhere.");
        }
    }

    private static long Free(string folder)
    {
        try
        {
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder)! : folder).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return long.MaxValue; // a server's folder on Windows, or one that is not there yet: writing will tell
        }
    }

    /// <summary>Reads what <see cref="ModelWriter.Json"/> wrote. Members that are absent keep their defaults.</summary>
    /// <exception cref="FormatException">A member is unknown, or has a value of another type; the message names it.</exception>
    public T Json<T>(string name)
    {
        T? value = default;
        if (Size(name) is { Unpacked: > MostInMemory and var size })
        {
            throw new FormatException($"The model file is damaged: stream '{name}' of options "
            + $"has {size:N0} bytes.");
        }

        Stream(name, r =>
        {
            using var bytes = new MemoryStream();
            r.BaseStream.CopyTo(bytes);
            try
            {
                value = JsonSerializer.Deserialize<T>(bytes.ToArray(), ModelJson.Options);
            }
            catch (JsonException error)
            {
                throw new FormatException($"The model file is damaged, or a later version made it: stream '{name}': {error.Message}", error);
            }
        });
        return value ?? throw new FormatException($"The model file is damaged: stream '{name}' is null.");
    }

    /// <summary>Reads what <see cref="ModelWriter.Shared"/> wrote: the first step to come reads it, the others become owners of the same.</summary>
    public SharedModel<T> Shared<T>(string name, Func<T> read) where T : class, IDisposable
    {
        int number = 0;
        Stream(name, r => number = r.ReadInt32());
        if (Loaded.TryGetValue(number, out object? known))
        {
            return known is SharedModel<T> model ? model.Share()
                : throw new FormatException($"The model file is damaged: stream '{name}' names a model of another kind.");
        }

        var first = new SharedModel<T>(read());
        Loaded[number] = first;
        return first;
    }

    /// <summary>What this load has read, by number.</summary>
    private protected abstract IDictionary<int, object> Loaded { get; }
}

/// <summary>How options stand in a model file: by name, so that a new one does not break an old file, and an unknown one is never ignored.</summary>
internal static class ModelJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        IncludeFields = true, // ML.NET's Options have public fields
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter() },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };
}
