using System.Numerics.Tensors;

namespace Mint.ML.Audio;

/// <summary>
/// What is decoded of a file, block by block: checked, mixed down, and kept as far as it was asked for. Memory follows what is really there;
/// a header's length only says where doubling stops.
/// </summary>
internal sealed class MonoBuffer(string file, int sampleRate, AudioReadOptions options)
{
    /// <summary>Full scale is 1. A recorder's floats may go a little beyond; 120 dB beyond, they are another type of number, or damage.</summary>
    private const float LargestSample = 1e6f;

    private float[] samples = [];

    /// <summary>Samples kept so far.</summary>
    public int Length { get; private set; }

    /// <summary>Whether all that was asked for is here.</summary>
    public bool IsFull => Length >= options.Wanted(sampleRate);

    /// <summary>Takes one block.</summary>
    /// <param name="interleaved">(frames, channels).</param>
    /// <param name="channels">Channels in it.</param>
    /// <param name="announced">Samples that the file says it has in all; 0 when it does not.</param>
    /// <exception cref="AudioFormatException">A sample is not sound, or a limit is exceeded.</exception>
    public void Add(ReadOnlySpan<float> interleaved, int channels, long announced)
    {
        Check(interleaved, channels);
        int frames = (int)Math.Min(interleaved.Length / channels, options.Wanted(sampleRate) - Length);
        options.Check(file, sampleRate, channels, (long)Length + frames);
        if (Length + frames > samples.Length)
        {
            long doubled = Math.Max(Length + frames, samples.Length * 2L);
            long enough = announced >= Length + frames ? Math.Min(announced, options.Wanted(sampleRate)) : long.MaxValue;
            Array.Resize(ref samples, (int)Math.Min(Math.Min(doubled, enough), Array.MaxLength));
        }

        Channels.MixDown(interleaved[..(frames * channels)], channels, samples.AsSpan(Length, frames));
        Length += frames;
    }

    /// <summary>The samples, without a copy where the buffer is full to the end.</summary>
    public float[] ToArray() => Length == samples.Length ? samples : samples[..Length];

    // Before mixing: two absurd channels may cancel. NaN makes the largest NaN.
    private void Check(ReadOnlySpan<float> interleaved, int channels)
    {
        if (interleaved.IsEmpty || TensorPrimitives.MaxMagnitude(interleaved) is >= -LargestSample and <= LargestSample)
        {
            return;
        }

        int bad = 0;
        while (MathF.Abs(interleaved[bad]) <= LargestSample)
        {
            bad++;
        }

        long frame = Length + bad / channels;
        throw new AudioFormatException(file,
            $"sample {frame:N0} (at {(double)frame / sampleRate:F3} s) is {interleaved[bad]:R}{(float.IsFinite(interleaved[bad]) ? ", where full scale is 1" : "")}",
            "The program that wrote the file failed, or its samples are of another type; write it anew from the original recording.");
    }
}
