using Mint.ML.Models;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>Frames of all clips, in memory.</summary>
public sealed class FrameTable : IFrameSource
{
    private readonly IReadOnlyList<float[]> clips;

    /// <summary>Takes frames that stand row by row in arrays.</summary>
    /// <param name="clips">One array of T x E values a clip; T may differ.</param>
    /// <param name="hiddenSize">E.</param>
    /// <exception cref="ArgumentException">An array is empty or not a whole number of frames.</exception>
    public FrameTable(IReadOnlyList<float[]> clips, int hiddenSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hiddenSize, 1);
        for (int i = 0; i < clips.Count; i++)
            if (clips[i].Length == 0 || clips[i].Length % hiddenSize != 0)
                throw new ArgumentException($"Clip {i} has {clips[i].Length} values; expected one or more frames of {hiddenSize}.", nameof(clips));
        (this.clips, HiddenSize) = (clips, hiddenSize);
    }

    /// <summary>Copies tensors of (T, E) frames, one a clip, of any type and device; T may differ.</summary>
    /// <exception cref="ArgumentException">There is no clip, or a shape differs.</exception>
    public FrameTable(IReadOnlyList<Tensor> clips) : this(Values(clips), (int)clips[0].shape[1])
    {
    }

    /// <inheritdoc/>
    public int Count => clips.Count;

    /// <inheritdoc/>
    public int HiddenSize { get; }

    /// <inheritdoc/>
    public long Frames(int clip) => clips[clip].Length / HiddenSize;

    /// <inheritdoc/>
    public AudioEncoding Read(IReadOnlyList<int> clips)
    {
        int longest = (int)clips.Max(Frames);
        var frames = new float[clips.Count * longest * HiddenSize];
        var mask = new bool[clips.Count, longest];
        for (int row = 0; row < clips.Count; row++)
        {
            this.clips[clips[row]].CopyTo(frames, row * longest * HiddenSize);
            for (int frame = 0; frame < Frames(clips[row]); frame++) mask[row, frame] = true;
        }
        return new AudioEncoding(tensor(frames, [clips.Count, longest, HiddenSize]), tensor(mask));
    }

    private static float[][] Values(IReadOnlyList<Tensor> clips)
    {
        if (clips.Count == 0) throw new ArgumentException("There is no clip.", nameof(clips));
        long width = clips[0].shape[^1];
        for (int i = 0; i < clips.Count; i++)
            if (clips[i].ndim != 2 || clips[i].shape[1] != width)
                throw new ArgumentException($"Clip {i} is ({string.Join(", ", clips[i].shape)}); expected (frames, {width}).", nameof(clips));
        using var scope = NewDisposeScope();
        return [.. clips.Select(clip => clip.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray())];
    }
}
