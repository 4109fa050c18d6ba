using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>What stands before the data of a safetensors file: eight bytes of length, then JSON.</summary>
/// <remarks>
/// The format's own rules are enforced, so that a file which opens can be read: every tensor lies inside the file, its bytes match
/// its type and shape, and the tensors cover the data without overlap or gap. Memory is bounded by the header's length, and that
/// by <see cref="Longest"/> and by the file.
/// </remarks>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, TensorEntry> Tensors, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The limit of the original library, in bytes: a header of a million tensors fits.</summary>
    public const int Longest = 100_000_000;

    /// <exception cref="InvalidDataException">The bytes are not a safetensors header; the message names the file and the tensor.</exception>
    public static SafetensorsHeader Read(Stream stream, string file)
    {
        long room = stream.Length - 8;
        Span<byte> prefix = stackalloc byte[8];
        if (room < 2) throw Bad(file, $"it has {stream.Length} bytes, too few for a header");
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > Longest || (long)length > room)
        {
            throw Bad(file, $"its header claims {length} bytes; the file has {room} after the length and a header at most {Longest}. It is cut off or not "
                + "safetensors");
        }

        byte[] json = new byte[length];
        stream.ReadExactly(json);
        return Parse(json, 8 + (long)length, stream.Length, file);
    }

    private static SafetensorsHeader Parse(byte[] json, long dataStart, long fileLength, string file)
    {
        var tensors = new Dictionary<string, TensorEntry>();
        var metadata = new Dictionary<string, string>();
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            Expect(ref reader, JsonTokenType.StartObject);
            bool hasMetadata = false;
            while (Next(ref reader) == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                if (name == "__metadata__")
                {
                    if (hasMetadata) throw Bad(file, "its header has __metadata__ twice");
                    hasMetadata = true;
                    ReadMetadata(ref reader, metadata);
                }
                else if (!tensors.TryAdd(name, ReadEntry(ref reader, name, dataStart, fileLength, file)))
                {
                    throw Bad(file, $"its header has tensor '{name}' twice");
                }
            }
            if (reader.Read()) throw Bad(file, "something follows the header's closing brace");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{file}: the safetensors header is not the JSON it should be: {error.Message}", error);
        }
        CheckCoverage(tensors.Values, dataStart, fileLength, file);
        return new SafetensorsHeader(tensors, metadata);
    }

    private static TensorEntry ReadEntry(ref Utf8JsonReader reader, string name, long dataStart, long fileLength, string file)
    {
        string? type = null;
        List<long>? shape = null, offsets = null;
        Expect(ref reader, JsonTokenType.StartObject);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype" when type is null: type = reader.GetString(); break;
                case "shape" when shape is null: shape = ReadNumbers(ref reader); break;
                case "data_offsets" when offsets is null: offsets = ReadNumbers(ref reader); break;
                default: throw Bad(file, $"tensor '{name}' has an unknown or repeated key '{key}'");
            }
        }
        if (type is null || shape is null || offsets is not { Count: 2 })
            throw Bad(file, $"tensor '{name}' needs a dtype, a shape and two data_offsets");
        if (!StorageTypes.TryParse(type, out ScalarType scalarType))
            throw Bad(file, $"tensor '{name}' is stored as {type}; this reader knows {StorageTypes.Names}");
        long begin = offsets[0], end = offsets[1], data = fileLength - dataStart;
        if (begin < 0 || end < begin || end > data)
            throw Bad(file, $"tensor '{name}' claims bytes {begin} to {end} of {data}; the file is cut off or its header is wrong");
        if (StorageTypes.Elements(shape, scalarType) is not { } elements || elements * StorageTypes.Width(scalarType) != end - begin)
            throw Bad(file, $"tensor '{name}', {type} {StorageTypes.Text(shape)}, does not fit its {end - begin} bytes");
        return new TensorEntry(name, scalarType, shape.ToArray()) { Position = dataStart + begin };
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("a list of whole numbers is missing");
        var numbers = new List<long>(4);
        while (Next(ref reader) != JsonTokenType.EndArray) numbers.Add(reader.GetInt64());
        return numbers;
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            if (Next(ref reader) != JsonTokenType.String) throw new JsonException("__metadata__ holds strings only");
            if (!metadata.TryAdd(key, reader.GetString()!)) throw new JsonException($"__metadata__ has '{key}' twice");
        }
    }

    private static void CheckCoverage(IEnumerable<TensorEntry> tensors, long dataStart, long fileLength, string file)
    {
        long position = dataStart;
        foreach (TensorEntry entry in tensors.OrderBy(entry => entry.Position).ThenBy(entry => entry.Bytes))
        {
            if (entry.Position < position) throw Bad(file, $"tensor '{entry.Name}' overlaps the tensor before it");
            if (entry.Position > position) throw Bad(file, $"{entry.Position - position} bytes before tensor '{entry.Name}' belong to no tensor");
            position += entry.Bytes;
        }
        if (position != fileLength) throw Bad(file, $"{fileLength - position} bytes at its end belong to no tensor");
    }

    private static JsonTokenType Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType wanted)
    {
        if (Next(ref reader) != wanted) throw new JsonException($"{wanted} is missing at byte {reader.TokenStartIndex}");
    }

    private static InvalidDataException Bad(string file, string reason) => new($"{file}: {reason}.");
}
