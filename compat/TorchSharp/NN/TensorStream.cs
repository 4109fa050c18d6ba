using System.Buffers;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>A tensor in a stream: type, number of dimensions and sizes as LEB128 numbers, then the elements, row by row.</summary>
internal static class TensorStream
{
    internal static void Save(BinaryWriter writer, Tensor tensor)
    {
        var shape = tensor.shape;
        writer.Write7BitEncodedInt64((long)tensor.dtype);
        writer.Write7BitEncodedInt64(shape.Length);
        foreach (long size in shape) writer.Write7BitEncodedInt64(size);
        using var scope = NewDisposeScope();
        writer.Write(tensor.detach().cpu().contiguous().bytes);
    }

    /// <exception cref="InvalidDataException">The stream does not hold a tensor, or ends within it.</exception>
    internal static Tensor Load(BinaryReader reader)
    {
        long type = reader.Read7BitEncodedInt64(), dims = reader.Read7BitEncodedInt64();
        if (!Enum.IsDefined((ScalarType)type) || dims is < 0 or > 64) throw new InvalidDataException($"Not a tensor: element type {type}, {dims} dimensions.");
        var shape = new long[dims];
        for (int i = 0; i < dims; i++) shape[i] = reader.Read7BitEncodedInt64();
        RequireInStream(reader.BaseStream, (ScalarType)type, shape);

        var tensor = empty(shape, (ScalarType)type, CPU);
        var bytes = tensor.bytes;
        int read = reader.BaseStream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (read == bytes.Length) return tensor;
        tensor.Dispose();
        throw new InvalidDataException($"The stream ends after {read} of the {bytes.Length} bytes of a tensor of shape ({string.Join(", ", shape)}).");
    }

    // Before anything is allocated: sizes come from a file.
    private static void RequireInStream(Stream stream, ScalarType type, long[] shape)
    {
        try {
            long bytes = type.ElementSize();
            foreach (long size in shape) bytes = checked(bytes * (size >= 0 ? size : throw new OverflowException()));
            if (!stream.CanSeek || bytes <= stream.Length - stream.Position) return;
        } catch (OverflowException) { }
        throw new InvalidDataException($"A tensor of shape ({string.Join(", ", shape)}) is announced, more than the stream holds.");
    }
}
