namespace Mint.ML.Audio;

/// <summary>A <see cref="Resampler"/> over sound that comes block by block: memory holds the output and a block of the input, never all of it.</summary>
/// <param name="resampler">The filters.</param>
/// <param name="expected">Samples that will come, as far as that is known: room for their output is made at once.</param>
internal sealed class RunningResampler(Resampler resampler, long expected)
{
    private const int Block = 1 << 16;

    private readonly float[] padded = new float[resampler.Padding.Before + resampler.Padding.After + Block]; // of the input, from start on
    private long start, received, origin; // origin: where the block of the next output begins
    private int phase;                    // the next output's place in its block
    private int held = resampler.Padding.Before;
    private float[] output = [];
    private int count;

    /// <summary>Takes the next samples.</summary>
    public void Add(ReadOnlySpan<float> samples)
    {
        received += samples.Length;
        while (!samples.IsEmpty)
        {
            if (held == padded.Length) Forget();
            int taken = Math.Min(samples.Length, padded.Length - held);
            samples[..taken].CopyTo(padded.AsSpan(held));
            samples = samples[taken..];
            held += taken;
            Compute(long.MaxValue);
        }
    }

    /// <summary>All of the output: ceil(length * to / from) samples, silence being assumed behind the last.</summary>
    /// <exception cref="ArgumentException">They are more than an array holds.</exception>
    public float[] End()
    {
        Forget();
        padded.AsSpan(held, resampler.Padding.After).Clear();
        held += resampler.Padding.After;
        Compute(resampler.Outputs(received));
        return count == output.Length ? output : output[..count];
    }

    private void Compute(long end)
    {
        for (; count < end; count++)
        {
            long from = origin + resampler.First(phase) - start;
            if (from + resampler.Taps > held) return;
            if (count == output.Length) Grow(end);
            output[count] = resampler.Output(phase, padded.AsSpan((int)from, resampler.Taps));
            if (++phase < resampler.Ratio.To) continue;
            phase = 0;
            origin += resampler.Ratio.From;
        }
    }

    // Where the length is not known, doubling wastes at most half.
    private void Grow(long end)
    {
        long wanted = end < long.MaxValue ? end : Math.Max(count == 0 ? resampler.Outputs(Math.Max(expected, Block)) : 0, 2L * count);
        if (count == Array.MaxLength || end < long.MaxValue && end > Array.MaxLength)
        {
            throw new ArgumentException($"{received:N0} samples make more than the {Array.MaxLength:N0} that an array holds when resampled. Resample in "
                + $"pieces.");
        }

        Array.Resize(ref output, (int)Math.Min(wanted, Array.MaxLength));
    }

    // What no further output reaches makes room for what follows.
    private void Forget()
    {
        int gone = (int)Math.Min(origin + resampler.First(phase) - start, held);
        padded.AsSpan(gone, held - gone).CopyTo(padded);
        start += gone;
        held -= gone;
    }
}
