using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Mint.ML.Checkpoints;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Mint.ML.Training.Data;

/// <summary>An entry of <see cref="FrameStore"/>: a safetensors file of one tensor (T, E), float32 or bfloat16, with its SHA-256 in the header.</summary>
internal static class FrameEntry
{
    private const string Frame = "frames", Sum = "sha256";
    private const int Piece = 1 << 16; // values widened at a time: stays in the second-level cache

    /// <summary>Writes an entry beside and renames it.</summary>
    /// <exception cref="InvalidDataException">A number is not finite.</exception>
    public static void Write(string path, Tensor frames, string source)
    {
        using (var finite = frames.isfinite())
        using (var all = finite.all())
        {
            if (!all.item<bool>())
            {
                throw new InvalidDataException($"{source}: the encoder's frames hold a number that is not finite. The sound or the encoder's weights "
                    + "are damaged.");
            }
        }

        Safetensors.Write(path, new Dictionary<string, Tensor> { [Frame] = frames }, new Dictionary<string,
            string>
        { [Sum] = Convert.ToHexStringLower(SHA256.HashData(frames.bytes)) });
    }

    /// <summary>Shape (T, E) by the header alone; null when there is no entry, or none that can be read.</summary>
    public static (long Frames, int Width)? Shape(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return SafetensorsHeader.Read(stream, path).Tensors.GetValueOrDefault(Frame) is { Shape: [> 0 and var frames, > 0 and var width] }
                ? (frames, (int)width) : null;
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads an entry straight to where the values are wanted.</summary>
    /// <param name="path">The entry.</param>
    /// <param name="values">T x E values as float32.</param>
    /// <param name="check">Whether to compute the checksum on the way, and to look for numbers that are not finite.</param>
    /// <returns>False when the entry is missing, damaged, or not of this size.</returns>
    /// <exception cref="InvalidDataException">A number is not finite.</exception>
    public static bool TryRead(string path, Span<float> values, bool check)
    {
        try
        {
            // Read, not mapped: a file that another program shortens meanwhile would end the process.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            var header = SafetensorsHeader.Read(stream, path);
            if (!header.Tensors.TryGetValue(Frame, out var stored) || stored.Elements != values.Length) return false;
            using var hash = check ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
            if (stored.Type == ScalarType.Float32) Fill(stream.SafeFileHandle, stored.Position, MemoryMarshal.AsBytes(values), hash);
            else if (stored.Type == ScalarType.BFloat16) Widen(stream.SafeFileHandle, stored.Position, values, hash);
            else return false;
            if (hash is not null && header.Metadata.GetValueOrDefault(Sum) != Convert.ToHexStringLower(hash.GetHashAndReset())) return false;
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return false; // missing, damaged or shortened
        }
        if (check && !TensorPrimitives.IsFiniteAll<float>(values))
        {
            throw new InvalidDataException($"{path}, an entry of a feature cache, holds a number that is not finite, which no encoder gave. Delete it; its "
                + "frames are then computed anew.");
        }

        return true;
    }

    private static void Fill(SafeFileHandle file, long position, Span<byte> bytes, IncrementalHash? hash)
    {
        for (int read = 0; read < bytes.Length;)
        {
            int got = RandomAccess.Read(file, bytes[read..], position + read);
            if (got == 0) throw new EndOfStreamException();
            read += got;
        }
        hash?.AppendData(bytes);
    }

    // A bfloat16 is the upper half of a float32.
    private static void Widen(SafeFileHandle file, long position, Span<float> values, IncrementalHash? hash)
    {
        Span<ushort> halves = new ushort[Math.Min(Piece, values.Length)];
        for (int start = 0; start < values.Length; start += Piece)
        {
            var piece = halves[..Math.Min(Piece, values.Length - start)];
            Fill(file, position + 2L * start, MemoryMarshal.AsBytes(piece), hash);
            for (int i = 0; i < piece.Length; i++) values[start + i] = BitConverter.UInt32BitsToSingle((uint)piece[i] << 16);
        }
    }
}
