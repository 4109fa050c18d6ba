using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Mint.ML.Tests;

/// <summary>Reads float32 tensors of a fixture without the product's own reader, so that a fault there cannot hide one elsewhere.</summary>
internal static class FixtureTensors
{
    public static (float[] Values, long[] Shape) Read(string name, params string[] path)
    {
        byte[] file = File.ReadAllBytes(Fixtures.Path(path));
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using var json = JsonDocument.Parse(file.AsMemory(8, header));
        JsonElement entry = json.RootElement.GetProperty(name);
        Assert.AreEqual("F32", entry.GetProperty("dtype").GetString());
        long[] offsets = [.. entry.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt64())];
        Span<byte> bytes = file.AsSpan(8 + header + (int)offsets[0], (int)(offsets[1] - offsets[0]));
        return (MemoryMarshal.Cast<byte, float>(bytes).ToArray(), [.. entry.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())]);
    }
}
