using System.Runtime.InteropServices;
using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Training.Data;

/// <summary>Frames of all clips, in memory.</summary>
public sealed class FrameTable : IFrameSource
{
    // 64 MB: clips that are added are packed into blocks of up to this, so that the table grows without copying what it holds.
    private const int BlockValues = 1 << 24;

    private readonly List<ReadOnlyMemory<float>> clips;
    private Memory<float> free;
    private long values;

    /// <summary>An empty table, for <see cref="Add"/>.</summary>
    /// <param name="hiddenSize">E.</param>
    public FrameTable(int hiddenSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hiddenSize, 1);
        (clips, HiddenSize) = ([], hiddenSize);
    }

    /// <summary>Takes frames that stand row by row in arrays; they are not copied.</summary>
    /// <param name="clips">One array of T x E values a clip; T may differ.</param>
    /// <param name="hiddenSize">E.</param>
    /// <exception cref="ArgumentException">An array is empty or not a whole number of frames.</exception>
    public FrameTable(IReadOnlyList<float[]> clips, int hiddenSize) : this(hiddenSize)
    {
        foreach (float[] clip in clips)
        {
            Check(clip.Length, nameof(clips));
            this.clips.Add(clip);
        }
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

    /// <summary>What messages call the clips; where it is empty, their numbers.</summary>
    internal List<string> Places { get; } = [];

    /// <inheritdoc/>
    string IFrameSource.Place(int clip) => clip < Places.Count ? Places[clip] : $"clip {clip}";

    /// <summary>Copies the frames of one more clip.</summary>
    /// <param name="frames">T x E values.</param>
    /// <exception cref="ArgumentException">There are none, or no whole number of frames.</exception>
    public void Add(ReadOnlySpan<float> frames)
    {
        Check(frames.Length, nameof(frames));
        if (free.Length < frames.Length) free = new float[Math.Max(Math.Min(BlockValues, values), frames.Length)];
        values += frames.Length;
        frames.CopyTo(free.Span);
        clips.Add(free[..frames.Length]);
        free = free[frames.Length..];
    }

    /// <inheritdoc/>
    public AudioEncoding Read(IReadOnlyList<int> clips)
    {
        long longest = clips.Max(Frames);
        var batch = zeros(clips.Count, longest, HiddenSize);
        var mask = zeros(clips.Count, longest, dtype: ScalarType.Bool);
        for (int row = 0; row < clips.Count; row++)
        {
            int start = (int)(row * longest);
            this.clips[clips[row]].Span.CopyTo(MemoryMarshal.Cast<byte, float>(batch.bytes)[(start * HiddenSize)..]);
            mask.bytes.Slice(start, (int)Frames(clips[row])).Fill(1);
        }
        return new AudioEncoding(batch, mask);
    }

    private void Check(int length, string parameter)
    {
        if (length == 0 || length % HiddenSize != 0)
            throw new ArgumentException($"Clip {clips.Count} has {length} values; expected one or more frames of {HiddenSize}.", parameter);
    }

    private static float[][] Values(IReadOnlyList<Tensor> clips)
    {
        if (clips.Count == 0) throw new ArgumentException("There is no clip.", nameof(clips));
        long width = clips[0].shape[^1];
        for (int i = 0; i < clips.Count; i++)
        {
            if (clips[i].ndim != 2 || clips[i].shape[1] != width)
                throw new ArgumentException($"Clip {i} is ({string.Join(", ", clips[i].shape)}); expected (frames, {width}).", nameof(clips));
        }

        using var scope = NewDisposeScope();
        return [.. clips.Select(clip => clip.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray())];
    }
}
