using System.Numerics.Tensors;

namespace Mint.ML.Audio;

/// <summary>
/// What is decoded of a file, block by block: checked, mixed down, resampled, and kept as far as it was asked for. Memory follows what is really there,
/// at the rate that is wanted, never what a header says.
/// </summary>
/// <param name="file">What errors call the file.</param>
/// <param name="sampleRate">Its rate, in Hz.</param>
/// <param name="counted">Samples that were counted in its bytes; 0 where only decoding tells.</param>
/// <param name="options">Limits, and how much is asked for.</param>
internal sealed class MonoBuffer(string file, int sampleRate, long counted, AudioReadOptions options)
{
    private readonly RunningResampler? resampler = options.SampleRate is { } wanted && wanted != sampleRate
        ? new RunningResampler(Resampler.Get(sampleRate, wanted), Math.Min(counted, options.Wanted(sampleRate))) : null;

    private float[] samples = [];

    /// <summary>Rate of what is kept, in Hz.</summary>
    public int SampleRate => resampler is null ? sampleRate : options.SampleRate!.Value;

    /// <summary>Samples of the file that were taken so far, at its own rate.</summary>
    public long Length { get; private set; }

    /// <summary>Whether all that was asked for is here.</summary>
    public bool IsFull => Length >= options.Wanted(sampleRate);

    /// <summary>Takes one block.</summary>
    /// <param name="interleaved">(frames, channels).</param>
    /// <param name="channels">Channels in it.</param>
    /// <exception cref="AudioFormatException">A sample is not sound, or a limit is exceeded.</exception>
    public void Add(ReadOnlySpan<float> interleaved, int channels)
    {
        Check(interleaved, channels);
        int frames = (int)Math.Min(interleaved.Length / channels, options.Wanted(sampleRate) - Length);
        options.Check(file, sampleRate, channels, Length + frames);
        if (resampler is not null)
        {
            if (samples.Length < frames) samples = new float[frames];
            Channels.MixDown(interleaved[..(frames * channels)], channels, samples.AsSpan(0, frames));
            resampler.Add(samples.AsSpan(0, frames));
            Length += frames;
            return;
        }
        if (Length + frames > samples.Length)
        {
            // Counted sound is allocated once; otherwise doubling wastes at most half.
            long most = counted >= Length + frames ? Math.Min(counted, options.Wanted(sampleRate)) : Math.Max(Length + frames, samples.Length * 2L);
            Array.Resize(ref samples, (int)Math.Min(most, Array.MaxLength));
        }

        Channels.MixDown(interleaved[..(frames * channels)], channels, samples.AsSpan((int)Length, frames));
        Length += frames;
    }

    /// <summary>What was kept, without a copy where the buffer is full to the end. Asked for once.</summary>
    public float[] ToArray() => resampler?.End() ?? (Length == samples.Length ? samples : samples[..(int)Length]);

    // Before mixing: two absurd channels may cancel. NaN makes the largest NaN.
    private void Check(ReadOnlySpan<float> interleaved, int channels)
    {
        if (interleaved.IsEmpty || TensorPrimitives.MaxMagnitude(interleaved) is >= -AudioReadOptions.LargestSample and <= AudioReadOptions.LargestSample)
        {
            return;
        }

        int bad = 0;
        while (MathF.Abs(interleaved[bad]) <= AudioReadOptions.LargestSample)
        {
            bad++;
        }

        long frame = Length + bad / channels;
        throw new AudioFormatException(file,
            $"sample {frame:N0} (at {(double)frame / sampleRate:F3} s) is "
                + $"{interleaved[bad]:R}{(float.IsFinite(interleaved[bad]) ? ", where full scale is 1" : "")}",
            "The program that wrote the file failed, or its samples are of another type; write it anew from the original recording.");
    }
}
