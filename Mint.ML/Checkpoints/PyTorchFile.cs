using System.IO.Compression;
using Microsoft.Win32.SafeHandles;

namespace Mint.ML.Checkpoints;

/// <summary>A <c>.bin</c>, <c>.pt</c> or <c>.pth</c> file of torch.save since PyTorch 1.6: a zip with a pickle and one entry a storage.</summary>
/// <remarks>
/// The tensors are those of the pickled dictionary, or of the dictionary that stands in it under "state_dict", "model",
/// "model_state_dict" or "module", as training programs save them. Entries are stored uncompressed, so weights are read from their
/// place in the file like those of safetensors.
/// </remarks>
internal static class PyTorchFile
{
    private static readonly string[] wrappers = ["state_dict", "model", "model_state_dict", "module"];

    /// <exception cref="InvalidDataException">The file is not such a zip, or holds what the allow-list refuses.</exception>
    public static (SafeFileHandle File, IReadOnlyDictionary<string, TensorEntry> Tensors) Open(string path)
    {
        var file = File.OpenHandle(path, options: FileOptions.RandomAccess); // one open for the index and the tensors
        try
        {
            using var stream = new FileStream(new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false), FileAccess.Read, bufferSize: 1);
            return (file, ReadIndex(stream, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    internal static Dictionary<string, TensorEntry> ReadIndex(Stream stream, string file)
    {
        RefuseOtherFormats(stream, file);
        try
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            ZipArchiveEntry pickle = zip.Entries.FirstOrDefault(entry => entry.FullName.EndsWith("/data.pkl", StringComparison.Ordinal))
                ?? throw new InvalidDataException($"{file}: this zip has no data.pkl; it is not a PyTorch checkpoint.");
            string root = pickle.FullName[..^"data.pkl".Length];
            RefuseBigEndian(zip.GetEntry(root + "byteorder"), file);
            var named = Tensors(PickleReader.Read(ReadWhole(pickle, file), file), file);
            var starts = new Dictionary<string, long>();
            return named.ToDictionary(pair => pair.Key, pair => Locate(pair.Key, pair.Value, zip, root, starts, stream, file));
        }
        catch (Exception error)
            when (error is not InvalidDataException and (NotSupportedException or ArgumentException or OverflowException or EndOfStreamException))
        {
            throw new InvalidDataException($"{file}: the zip is broken: {error.Message}", error);
        }
        catch (InvalidDataException error) when (!error.Message.StartsWith(file, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{file}: the zip is broken or cut off: {error.Message}", error);
        }
    }

    private static void RefuseOtherFormats(Stream stream, string file)
    {
        Span<byte> first = stackalloc byte[2];
        int read = stream.ReadAtLeast(first, 2, throwOnEndOfStream: false);
        stream.Position = 0;
        if (read == 2 && first is [0x80, <= 5])
        {
            throw new InvalidDataException($"{file}: this is PyTorch's format from before version 1.6, which is not read. "
                + "In Python: torch.save(torch.load(file, map_location='cpu'), file) writes the present one.");
        }

        if (read < 2 || first is not [(byte)'P', (byte)'K'])
            throw new InvalidDataException($"{file}: this is not a PyTorch checkpoint (a zip file); it may be cut off or a Git LFS pointer.");
    }

    private static void RefuseBigEndian(ZipArchiveEntry? order, string file)
    {
        if (order is not null && !ReadWhole(order, file).AsSpan().SequenceEqual("little"u8))
            throw new InvalidDataException($"{file}: its numbers are big-endian; only little-endian checkpoints are read.");
    }

    private static byte[] ReadWhole(ZipArchiveEntry entry, string file)
    {
        if (entry.Length > PickleReader.LongestPickle)
            throw new InvalidDataException($"{file}: {entry.FullName} has {entry.Length} bytes; at most {PickleReader.LongestPickle} are read.");
        using Stream content = entry.Open();
        // The directory's length is only a claim; what is read decides.
        byte[] bytes = new byte[entry.Length];
        int read = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return read == bytes.Length ? bytes : throw new InvalidDataException($"{file}: {entry.FullName} is cut off.");
    }

    private static Dictionary<string, PickledTensor> Tensors(object? root, string file)
    {
        if (root is not Dictionary<object, object?> dictionary)
        {
            throw new InvalidDataException($"{file}: it holds {(root is PickledTensor ? "one tensor" : "something else")}, not a dictionary of "
                + "tensors by name.");
        }

        var found = NamedTensors(dictionary);
        foreach (string wrapper in wrappers)
        {
            if (found.Count == 0 && dictionary.TryGetValue(wrapper, out object? inner) && inner is Dictionary<object, object?> wrapped)
                found = NamedTensors(wrapped);
        }

        return found.Count > 0 ? found : throw new InvalidDataException(
            $"{file}: no tensors stand in its dictionary, nor under {string.Join(", ", wrappers)} in it.");
    }

    private static Dictionary<string, PickledTensor> NamedTensors(Dictionary<object, object?> dictionary) => dictionary
        .Where(pair => pair is { Key: string, Value: PickledTensor })
        .ToDictionary(pair => (string)pair.Key, pair => (PickledTensor)pair.Value!);

    private static TensorEntry Locate(string name, PickledTensor tensor, ZipArchive zip, string root, Dictionary<string, long> starts, Stream stream,
        string file)
    {
        var (storage, offset, shape, strides) = tensor;
        int width = StorageTypes.Width(storage.Type);
        string entryName = $"{root}data/{storage.Key}";
        if (!starts.TryGetValue(entryName, out long start))
        {
            ZipArchiveEntry entry = zip.GetEntry(entryName)
                ?? throw new InvalidDataException($"{file}: tensor '{name}' is in {entryName}, which the file lacks.");
            if (entry.CompressedLength != entry.Length || entry.Length / width < storage.Elements)
            {
                throw new InvalidDataException($"{file}: {entryName} should hold {storage.Elements} elements of {width} bytes uncompressed; it has "
                    + $"{entry.CompressedLength} bytes.");
            }

            starts[entryName] = start = Start(entry, stream);
        }
        return new TensorEntry(name, storage.Type, shape)
        {
            Position = start + offset * width,
            Strides = IsDense(shape, strides) ? null : strides,
        };
    }

    // ZipArchive does not say where an entry's bytes begin; reading the first of a stored entry leaves the file just behind it.
    private static long Start(ZipArchiveEntry entry, Stream stream)
    {
        if (entry.Length == 0) return 0;
        using Stream content = entry.Open();
        return content.ReadByte() >= 0 ? stream.Position - 1 : throw new InvalidDataException($"{entry.FullName} is cut off.");
    }

    private static bool IsDense(long[] shape, long[] strides)
    {
        long expected = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            if (shape[i] != 1 && strides[i] != expected) return shape.Contains(0);
            expected *= shape[i];
        }
        return true;
    }
}
