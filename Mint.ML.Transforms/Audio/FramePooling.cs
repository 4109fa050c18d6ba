using System.Numerics.Tensors;

namespace Mint.ML.Transforms;

/// <summary>What becomes of a clip's frames before they stand in the column.</summary>
public enum AudioPooling
{
    /// <summary>All frames, one after the other: what bridges and language models hear. The vector's length differs by row.</summary>
    None,

    /// <summary>The mean of the frames, E numbers: a clip as one vector, for ML.NET's own trainers.</summary>
    Mean,

    /// <summary>The greatest value of each number of a frame, E numbers.</summary>
    Max,

    /// <summary>Both, the mean first: 2 E numbers.</summary>
    MeanAndMax,
}

/// <summary>Frames of a clip as one vector of known size.</summary>
internal static class FramePooling
{
    /// <summary>Numbers of a pooled vector.</summary>
    public static int Width(AudioPooling pooling, int frameWidth) => pooling == AudioPooling.MeanAndMax ? 2 * frameWidth : frameWidth;

    /// <summary>Pools T x E frames. A clip without frames has a vector of NaN, which ML.NET takes for missing.</summary>
    public static float[] Pool(ReadOnlySpan<float> frames, int frameWidth, AudioPooling pooling)
    {
        var pooled = new float[Width(pooling, frameWidth)];
        if (frames.IsEmpty)
        {
            Array.Fill(pooled, float.NaN);
            return pooled;
        }
        if (pooling != AudioPooling.Max) Mean(frames, pooled.AsSpan(0, frameWidth));
        if (pooling != AudioPooling.Mean) Max(frames, pooled.AsSpan(pooled.Length - frameWidth));
        return pooled;
    }

    private static void Mean(ReadOnlySpan<float> frames, Span<float> mean)
    {
        var sum = new double[mean.Length]; // thousands of frames would cost float32 its last digits
        for (int t = 0; t < frames.Length; t++) sum[t % mean.Length] += frames[t];
        int count = frames.Length / mean.Length;
        for (int e = 0; e < mean.Length; e++) mean[e] = (float)(sum[e] / count);
    }

    private static void Max(ReadOnlySpan<float> frames, Span<float> max)
    {
        frames[..max.Length].CopyTo(max);
        for (int t = max.Length; t < frames.Length; t += max.Length) TensorPrimitives.Max(max, frames.Slice(t, max.Length), max);
    }
}
