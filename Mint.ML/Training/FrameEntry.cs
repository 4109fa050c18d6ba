using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mint.ML.Checkpoints;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>An entry of <see cref="FeatureCache"/>: a safetensors file of one tensor (T, E), float32 or bfloat16, with its SHA-256 in the header.</summary>
internal static class FrameEntry
{
    private const string Frame = "frames", Sum = "sha256";
    private const int Piece = 1 << 16; // values widened at a time: stays in the second-level cache

    /// <summary>Writes an entry beside and renames it.</summary>
    public static void Write(string path, Tensor frames) =>
        Safetensors.Write(path, new Dictionary<string, Tensor> { [Frame] = frames }, new Dictionary<string, string> { [Sum] = Convert.ToHexStringLower(SHA256.HashData(frames.bytes)) });

    /// <summary>Shape (T, E) by the header alone; null when there is no entry, or none that can be read.</summary>
    public static (long Frames, int Width)? Shape(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return SafetensorsHeader.Read(stream, path).Tensors.GetValueOrDefault(Frame) is { Shape: [> 0 and var frames, > 0 and var width] } ? (frames, (int)width) : null;
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads an entry from its mapped pages straight to where the values are wanted.</summary>
    /// <param name="path">The entry.</param>
    /// <param name="values">T x E values as float32.</param>
    /// <param name="check">Whether to compute the checksum on the way.</param>
    /// <returns>False when the entry is missing, damaged, or not of this size.</returns>
    public static bool TryRead(string path, Span<float> values, bool check)
    {
        try
        {
            SafetensorsHeader header;
            using (var stream = File.OpenRead(path)) header = SafetensorsHeader.Read(stream, path);
            if (!header.Tensors.TryGetValue(Frame, out var stored) || stored.Elements != values.Length) return false;
            using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            using var view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            using var hash = check ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
            if (stored.Type == ScalarType.Float32)
            {
                view.SafeMemoryMappedViewHandle.ReadSpan((ulong)stored.Position, values);
                hash?.AppendData(MemoryMarshal.AsBytes(values));
            }
            else if (stored.Type == ScalarType.BFloat16)
            {
                Widen(view.SafeMemoryMappedViewHandle, stored.Position, values, hash);
            }
            else
            {
                return false;
            }
            return hash is null || header.Metadata.GetValueOrDefault(Sum) == Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return false; // missing: another process trimmed the cache; or damaged
        }
    }

    // A bfloat16 is the upper half of a float32.
    private static void Widen(SafeBuffer file, long position, Span<float> values, IncrementalHash? hash)
    {
        Span<ushort> halves = new ushort[Math.Min(Piece, values.Length)];
        for (int start = 0; start < values.Length; start += Piece)
        {
            var piece = halves[..Math.Min(Piece, values.Length - start)];
            file.ReadSpan((ulong)(position + 2L * start), piece);
            hash?.AppendData(MemoryMarshal.AsBytes(piece));
            for (int i = 0; i < piece.Length; i++) values[start + i] = BitConverter.UInt32BitsToSingle((uint)piece[i] << 16);
        }
    }
}
