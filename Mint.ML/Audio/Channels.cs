using System.Numerics.Tensors;

namespace Mint.ML.Audio;

internal static class Channels
{
    /// <summary>The mean of interleaved channels; one channel is copied as it is.</summary>
    public static void MixDown(ReadOnlySpan<float> interleaved, int channels, Span<float> mono)
    {
        if (channels == 1)
        {
            interleaved.CopyTo(mono);
            return;
        }

        for (int i = 0; i < mono.Length; i++)
            mono[i] = TensorPrimitives.Sum(interleaved.Slice(i * channels, channels)) / channels;
    }
}
