using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>A safetensors file, opened: its header is read and checked, its weights are read when asked for.</summary>
/// <remarks>
/// <see href="https://github.com/huggingface/safetensors">The format</see>. Tensors go straight into the destination's memory; a
/// destination of another type or device is filled through a buffer of a few megabytes.
/// </remarks>
internal sealed class SafetensorsFile : IDisposable
{
    private readonly SafeFileHandle file;

    private SafetensorsFile(SafeFileHandle file, SafetensorsHeader header)
    {
        this.file = file;
        Tensors = header.Tensors;
        Metadata = header.Metadata;
    }

    /// <summary>The file's tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The header's <c>__metadata__</c>; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is cut off or is not safetensors; the message says which tensor is wrong.</exception>
    public static SafetensorsFile Open(string path)
    {
        // One open for header and tensors: a file that takes the place meanwhile is not mixed in.
        var file = File.OpenHandle(path, options: FileOptions.RandomAccess);
        try
        {
            using var stream = new FileStream(new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false), FileAccess.Read);
            return new SafetensorsFile(file, SafetensorsHeader.Read(stream, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a tensor into memory that exists already, casting to its type and moving to its device.</summary>
    /// <exception cref="KeyNotFoundException">The file has no such tensor.</exception>
    /// <exception cref="ArgumentException">The destination has another shape.</exception>
    public void ReadInto(string name, Tensor destination) => TensorFile.Read([(file, Entry(name), destination)]);

    /// <summary>Reads a tensor as it is stored, on the CPU.</summary>
    /// <exception cref="KeyNotFoundException">The file has no such tensor.</exception>
    public Tensor Read(string name)
    {
        TensorEntry entry = Entry(name);
        Tensor tensor = empty([.. entry.Shape], dtype: entry.Type);
        ReadInto(name, tensor);
        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    internal SafeFileHandle Handle => file;

    private TensorEntry Entry(string name) => Tensors.TryGetValue(name, out TensorEntry? entry) ? entry
        : throw new KeyNotFoundException($"The file has no tensor '{name}'.");
}
