using Microsoft.Win32.SafeHandles;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>Gives tensors the memory of a mapped file instead of a copy of it.</summary>
/// <remarks>
/// Nothing is read until it is used, and all processes that map a file share its pages. The mapping is private: what writes into such a tensor gets pages of
/// its own, and the file stays as it is. The process ends when another program shortens a mapped file, which nothing can catch.
/// </remarks>
internal static class MappedWeights
{
    /// <summary>Maps what can be: tensors on the CPU, of the type that is stored, that lie without gaps and at a multiple of their numbers' width.</summary>
    /// <returns>Those that have to be read.</returns>
    public static List<(SafeFileHandle File, TensorEntry Entry, Tensor Destination)> Take(
        IReadOnlyList<(SafeFileHandle File, TensorEntry Entry, Tensor Destination)> tensors)
    {
        var left = new List<(SafeFileHandle, TensorEntry, Tensor)>();
        foreach (var group in tensors.GroupBy(tensor => (tensor.File, tensor.Entry.Type)))
        {
            // The file that was opened, whatever has taken its place since; only Linux names it so.
            string open = $"/proc/self/fd/{group.Key.File.DangerousGetHandle()}";
            int width = StorageTypes.Width(group.Key.Type);
            using var scope = NewDisposeScope();
            var whole = File.Exists(open) ? from_file(open, shared: false, size: RandomAccess.GetLength(group.Key.File) / width, dtype: group.Key.Type) : null;
            foreach (var (file, entry, destination) in group)
            {
                if (whole is null || entry.Strides is not null || entry.Position % width != 0 || entry.Elements == 0
                    || destination.dtype != entry.Type || destination.device_type != TorchSharp.DeviceType.CPU)
                {
                    left.Add((file, entry, destination));
                    continue;
                }
                TensorMemory.Place(destination, whole.narrow(0, entry.Position / width, entry.Elements).view([.. entry.Shape]));
            }
        }
        return left;
    }
}
