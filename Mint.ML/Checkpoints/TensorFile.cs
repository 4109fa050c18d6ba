using Microsoft.Win32.SafeHandles;
using Mint.ML.Native;
using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>Moves elements from a file into the memory of tensors that already exist, with no copy of the weights in between.</summary>
/// <remarks>
/// Plain reads are used rather than a mapped file: mapped pages count as the process's memory beside the tensors that they are
/// copied to. Where the stored type or the device differs, a buffer of <see cref="ChunkBytes"/> a thread stands in between.
/// </remarks>
internal static class TensorFile
{
    /// <summary>Large enough that a system call costs nothing, small enough that two cores share one large tensor.</summary>
    private const int ChunkBytes = 8 << 20;

    /// <summary>Reads tensors of one or more files in parallel.</summary>
    public static void Read(IReadOnlyList<(SafeFileHandle File, TensorEntry Entry, Tensor Destination)> tensors)
    {
        var opened = new List<Tensor>();
        try
        {
            var chunks = new List<Chunk>();
            foreach (var (file, entry, destination) in tensors)
            {
                CheckFit(entry, destination);
                if (entry.Strides is not null || !destination.is_contiguous())
                {
                    ReadScattered(file, entry, destination);
                    continue;
                }
                Tensor flat = Flat(destination);
                opened.Add(flat);
                Advise(flat);
                AddChunks(chunks, file, entry.Position, entry.Type, flat);
            }
            Run(chunks);
        }
        finally
        {
            opened.ForEach(flat => flat.Dispose());
        }
    }

    private readonly record struct Chunk(SafeFileHandle File, long Position, ScalarType Stored, Tensor Flat, long Start, long Count);

    private static void AddChunks(List<Chunk> chunks, SafeFileHandle file, long position, ScalarType stored, Tensor flat)
    {
        int width = StorageTypes.Width(stored);
        long total = flat.numel(), step = ChunkBytes / width;
        for (long start = 0; start < total; start += step)
            chunks.Add(new Chunk(file, position + start * width, stored, flat, start, Math.Min(step, total - start)));
    }

    private static unsafe void Advise(Tensor flat)
    {
        if (flat.device_type != TorchSharp.DeviceType.CPU || flat.numel() == 0) return;
        using Tensor start = flat.narrow(0, 0, 1); // a span of all of it could hold no more than 2 GB
        fixed (byte* memory = start.bytes) HugePages.Advise(memory, flat.numel() * flat.element_size());
    }

    private static void Run(List<Chunk> chunks)
    {
        // More threads than this gain nothing from one disk and only hold more buffers.
        int threads = Math.Min(Math.Min(Environment.ProcessorCount, 8), chunks.Count);
        if (threads <= 1)
        {
            using var noGradient = no_grad();
            chunks.ForEach(Read);
            return;
        }
        try
        {
            Parallel.ForEach(chunks, new ParallelOptions { MaxDegreeOfParallelism = threads }, chunk =>
            {
                using var noGradient = no_grad();       // the setting is per thread
                Read(chunk);
            });
        }
        catch (AggregateException errors)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(errors.InnerExceptions[0]);
        }
    }

    private static void Read(Chunk chunk)
    {
        using Tensor part = chunk.Flat.narrow(0, chunk.Start, chunk.Count);
        if (chunk.Flat.dtype == chunk.Stored && chunk.Flat.device_type == TorchSharp.DeviceType.CPU)
        {
            ReadExactly(chunk.File, part.bytes, chunk.Position);
            return;
        }
        using Tensor stored = empty(chunk.Count, dtype: chunk.Stored);
        ReadExactly(chunk.File, stored.bytes, chunk.Position);
        part.copy_(stored);
    }

    /// <summary>A tensor whose elements lie apart in the file, or whose destination is a strided view: read once, then placed.</summary>
    private static void ReadScattered(SafeFileHandle file, TensorEntry entry, Tensor destination)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        long extent = entry.Elements == 0 ? 0
            : entry.Strides is null ? entry.Elements
            : 1 + entry.Shape.Zip(entry.Strides, (size, stride) => (size - 1) * stride).Sum();
        Tensor run = empty(extent, dtype: entry.Type);
        var chunks = new List<Chunk>();
        AddChunks(chunks, file, entry.Position, entry.Type, run);
        Run(chunks);
        long[] shape = [.. entry.Shape];
        Tensor placed = entry.Strides is null ? run.view(shape) : run.as_strided(shape, [.. entry.Strides], 0);
        destination.detach().copy_(placed);
    }

    private static Tensor Flat(Tensor destination)
    {
        using Tensor plain = destination.detach();
        return plain.view(-1);
    }

    private static void CheckFit(TensorEntry entry, Tensor destination)
    {
        if (!destination.shape.AsSpan().SequenceEqual([.. entry.Shape]))
        {
            throw new ArgumentException($"Tensor '{entry.Name}' is {StorageTypes.Text(entry.Shape)} in the file; it was to be read into "
                + $"{StorageTypes.Text(destination.shape)}.");
        }
    }

    private static void ReadExactly(SafeFileHandle file, Span<byte> bytes, long position)
    {
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(file, bytes, position);
            if (read == 0)
                throw new EndOfStreamException($"The checkpoint ended at byte {position} while its tensors were being read: it changed after it was opened.");
            bytes = bytes[read..];
            position += read;
        }
    }
}
