using System.Buffers.Binary;
using System.Text.Json;
using Mint.ML.Files;
using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>Writes and reads whole safetensors files.</summary>
public static class Safetensors
{
    /// <summary>Bytes copied at a time from a tensor that is not on the CPU.</summary>
    private const long ChunkBytes = 64 << 20;

    /// <summary>Writes tensors to a temporary file beside <paramref name="path"/>, flushes it to the disk and renames it.</summary>
    /// <param name="path">The file; one that exists is replaced as a whole.</param>
    /// <param name="tensors">Tensors of any device and layout; names must differ.</param>
    /// <param name="metadata">The header's <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">Two tensors have one name.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var file = new AtomicFile(path, bufferSize: 0);
        Write(file.Stream, tensors, metadata);
        file.Commit();
    }

    /// <summary>Writes tensors to a stream.</summary>
    /// <param name="stream">Written from its position on; stays open.</param>
    /// <param name="tensors">Tensors of any device and layout; names must differ.</param>
    /// <param name="metadata">The header's <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">Two tensors have one name.</exception>
    public static void Write(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Widest elements first, then by name, as the original library orders them: every tensor is then aligned to its elements.
        var ordered = tensors.OrderByDescending(pair => StorageTypes.Width(Checked(pair))).ThenBy(pair => pair.Key, StringComparer.Ordinal).ToList();
        stream.Write(Header(ordered, metadata));
        foreach (var (_, tensor) in ordered)
            WriteElements(stream, tensor);
    }

    /// <summary>Reads every tensor of a file, as stored, on the CPU.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is cut off or is not safetensors.</exception>
    public static Dictionary<string, Tensor> ReadAll(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var tensors = file.Tensors.Values.ToDictionary(entry => entry.Name, entry => empty([.. entry.Shape], dtype: entry.Type));
        TensorFile.Read([.. file.Tensors.Values.Select(entry => (file.Handle, entry, tensors[entry.Name]))]);
        return tensors;
    }

    /// <summary>Reads every tensor of a stream that can seek and holds nothing but safetensors, as stored, on the CPU.</summary>
    /// <exception cref="InvalidDataException">The bytes are cut off or are not safetensors.</exception>
    public static Dictionary<string, Tensor> ReadAll(Stream stream)
    {
        var header = SafetensorsHeader.Read(stream, "stream");
        var tensors = new Dictionary<string, Tensor>();
        foreach (TensorEntry entry in header.Tensors.Values.OrderBy(entry => entry.Position))
        {
            Tensor tensor = empty([.. entry.Shape], dtype: entry.Type);
            tensors.Add(entry.Name, tensor);
            foreach (Tensor part in Parts(tensor))
            {
                using (part)
                    stream.ReadExactly(part.bytes);
            }
        }
        return tensors;
    }

    private static byte[] Header(List<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            var names = new HashSet<string>();
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata) writer.WriteString(key, value);
                writer.WriteEndObject();
            }
            long position = 0;
            foreach (var (name, tensor) in tensors)
            {
                if (name == "__metadata__" || !names.Add(name)) throw new ArgumentException($"Two tensors are named '{name}'.", nameof(tensors));
                writer.WriteStartObject(name);
                writer.WriteString("dtype", StorageTypes.Name(tensor.dtype));
                writer.WriteStartArray("shape");
                foreach (long size in tensor.shape) writer.WriteNumberValue(size);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(position);
                writer.WriteNumberValue(position += tensor.numel() * StorageTypes.Width(tensor.dtype));
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        while (json.Length % 8 != 0) json.WriteByte((byte)' ');      // so that the data begin at a multiple of eight
        byte[] header = new byte[8 + json.Length];
        BinaryPrimitives.WriteInt64LittleEndian(header, json.Length);
        json.GetBuffer().AsSpan(0, (int)json.Length).CopyTo(header.AsSpan(8));
        return header;
    }

    private static void WriteElements(Stream stream, Tensor tensor)
    {
        using Tensor plain = tensor.detach();
        using Tensor dense = plain.contiguous();
        foreach (Tensor part in Parts(dense))
        {
            using (part)
            using (Tensor here = part.cpu())
                stream.Write(here.bytes);
        }
    }

    private static IEnumerable<Tensor> Parts(Tensor dense)
    {
        using Tensor flat = dense.view(-1);
        long total = flat.numel(), step = ChunkBytes / StorageTypes.Width(dense.dtype);
        for (long start = 0; start < total; start += step)
            yield return flat.narrow(0, start, Math.Min(step, total - start));
    }

    private static ScalarType Checked(KeyValuePair<string, Tensor> pair)
    {
        try
        {
            StorageTypes.Name(pair.Value.dtype);
        }
        catch (NotSupportedException error)
        {
            throw new ArgumentException($"Tensor '{pair.Key}': {error.Message}", error);
        }
        return pair.Value.dtype;
    }
}
