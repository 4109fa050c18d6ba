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

    private const float Step = 1f / 32768; // one step of 16 bits, below which a recording holds its own noise at most
    private const double Cancelled = 1e-4; // -40 dB: channels that have nothing to do with each other lose 3

    private float[] samples = [];
    private float loudest;
    private double channelEnergy, monoEnergy;

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
            Mix(interleaved[..(frames * channels)], channels, samples.AsSpan(0, frames));
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

        Mix(interleaved[..(frames * channels)], channels, samples.AsSpan((int)Length, frames));
        Length += frames;
    }

    /// <summary>What was kept, without a copy where the buffer is full to the end. Asked for once.</summary>
    public float[] ToArray() => resampler?.End() ?? (Length == samples.Length ? samples : samples[..(int)Length]);

    /// <summary>What a listener should know of the sound that was taken: that there is none, or that the mix has lost it. Null for any other.</summary>
    public string? Note =>
        Length == 0 ? null
        : loudest <= Step ? "It is silent: no sample is larger than one step of 16 bits."
        : monoEnergy == 0 ? "Its channels cancel each other: mixed down to mono it is silent."
        : monoEnergy <= Cancelled * channelEnergy
            ? "Its channels cancel each other: mixed down to mono it is "
                + FormattableString.Invariant($"{10 * Math.Log10(channelEnergy / monoEnergy):F0} dB quieter.")
        : null;

    private void Mix(ReadOnlySpan<float> interleaved, int channels, Span<float> mono)
    {
        Channels.MixDown(interleaved, channels, mono);
        if (interleaved.IsEmpty) return;
        loudest = Math.Max(loudest, MathF.Abs(TensorPrimitives.MaxMagnitude(interleaved)));
        if (channels == 1)
        {
            monoEnergy = channelEnergy = 1; // one channel cannot cancel itself
            return;
        }

        channelEnergy += TensorPrimitives.SumOfSquares(interleaved) / (double)channels;
        monoEnergy += TensorPrimitives.SumOfSquares(mono);
    }

    // Before mixing: two absurd channels may cancel. NaN makes the largest NaN.
    private void Check(ReadOnlySpan<float> interleaved, int channels)
    {
        if (interleaved.IsEmpty || TensorPrimitives.MaxMagnitude(interleaved) is >= -AudioReadOptions.LargestSample and <= AudioReadOptions.LargestSample)
            return;

        int bad = 0;
        while (MathF.Abs(interleaved[bad]) <= AudioReadOptions.LargestSample)
            bad++;

        long frame = Length + bad / channels;
        throw new AudioFormatException(file,
            $"sample {frame:N0} (at {(double)frame / sampleRate:F3} s) is "
                + $"{interleaved[bad]:R}{(float.IsFinite(interleaved[bad]) ? ", where full scale is 1" : "")}",
            "The program that wrote the file failed, or its samples are of another type; write it anew from the original recording.");
    }
}
