using System.Collections.Concurrent;
using System.Numerics.Tensors;

namespace Mint.ML.Audio;

/// <summary>The low-pass filter of a <see cref="Resampler"/>; the defaults are torchaudio's.</summary>
public sealed record ResamplerOptions
{
    /// <summary>Zero crossings of the sinc on each side. More make the cut sharper and the work longer.</summary>
    public int LowpassFilterWidth { get; init; } = 6;

    /// <summary>Cut-off as a fraction of the lower Nyquist frequency; under 1, so that little folds back.</summary>
    public double Rolloff { get; init; } = 0.99;

    /// <summary>Beta of a Kaiser window; null for the squared-cosine (Hann) window.</summary>
    public double? KaiserBeta { get; init; }

    /// <summary>The settings of resampy's and librosa's "kaiser_best", as torchaudio states them.</summary>
    public static ResamplerOptions KaiserBest { get; } =
        new() { LowpassFilterWidth = 64, Rolloff = 0.9475937167399596, KaiserBeta = 14.769656459379492 };
}

/// <summary>Windowed-sinc resampling, equal to <c>torchaudio.functional.resample</c>.</summary>
/// <remarks>
/// With both rates divided by their greatest common divisor, output sample j of every block of <c>to</c> is the product of the
/// input with a fixed filter: h_j(i) = sinc(t) w(t) c, t = (i / from - j / to) c from, c = rolloff min(from, to) / from. torchaudio multiplies the whole block
/// of <c>from</c> samples with a filter that is zero almost everywhere; here only the taps inside the window are kept, which is the same
/// sum in fewer terms. Runs on any thread, without torch.
/// </remarks>
public sealed class Resampler
{
    /// <summary>Highest rate, in Hz: beyond it a header lies.</summary>
    internal const int MaxRate = 768_000;

    private const int MaxCached = 64, MostCachedTaps = 1 << 16;
    private static readonly ConcurrentDictionary<(int From, int To), Resampler> Cache = new();

    private readonly int from, to, taps, before;
    private readonly float[] filters;   // (to, taps)
    private readonly int[] firsts;      // (to): first input sample of each filter, relative to its block

    /// <summary>Prepares the filters.</summary>
    /// <param name="from">Rate of the input, in Hz.</param>
    /// <param name="to">Rate of the output, in Hz.</param>
    /// <param name="options">The filter; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A rate or an option is out of range.</exception>
    public Resampler(int from, int to, ResamplerOptions? options = null)
    {
        options ??= new ResamplerOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(from, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, MaxRate);
        ArgumentOutOfRangeException.ThrowIfLessThan(to, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(to, MaxRate);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LowpassFilterWidth, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.LowpassFilterWidth, 128, nameof(options));
        if (!(options.Rolloff is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Rolloff, "Rolloff must be in (0, 1].");
        }

        int divisor = (int)System.Numerics.BigInteger.GreatestCommonDivisor(from, to);
        (this.from, this.to) = (from / divisor, to / divisor);
        double cutoff = Math.Min(this.from, this.to) * options.Rolloff;
        double reach = options.LowpassFilterWidth * this.from / cutoff;   // input samples on each side of an output sample
        taps = (int)Math.Floor(2 * reach) + 1;
        before = (int)Math.Ceiling(reach);
        filters = new float[checked(this.to * taps)];
        firsts = new int[this.to];
        for (int j = 0; j < this.to; j++)
        {
            double centre = (double)j * this.from / this.to;
            firsts[j] = (int)Math.Ceiling(centre - reach);
            for (int k = 0; k < taps; k++)
            {
                double t = ((double)(firsts[j] + k) / this.from - (double)j / this.to) * cutoff;
                filters[j * taps + k] = (float)(Sinc(t) * Window(t, options) * cutoff / this.from);
            }
        }
    }

    /// <summary>A resampler with the default filter, shared between callers of the same two rates.</summary>
    /// <param name="from">Rate of the input, in Hz.</param>
    /// <param name="to">Rate of the output, in Hz.</param>
    public static Resampler Get(int from, int to)
    {
        if (Cache.TryGetValue((from, to), out Resampler? cached))
            return cached;

        // Damaged headers can name hundreds of thousands of rates, whose filters take up to 20 MB; real collections know a handful with small ones.
        var made = new Resampler(from, to);
        return Cache.Count < MaxCached && made.filters.Length <= MostCachedTaps ? Cache.GetOrAdd((from, to), made) : made;
    }

    /// <summary>Resamples a whole signal; silence is assumed before and after it.</summary>
    /// <param name="samples">The input.</param>
    /// <returns>ceil(length * to / from) samples.</returns>
    /// <exception cref="ArgumentException">They are more than an array holds.</exception>
    public float[] Resample(ReadOnlySpan<float> samples)
    {
        if (from == to || samples.IsEmpty)
            return samples.ToArray();

        var running = new RunningResampler(this, samples.Length);
        running.Add(samples);
        return running.End();
    }

    /// <summary>ceil(length * to / from).</summary>
    internal long Outputs(long length) => (length * to + from - 1) / from;

    /// <summary>Zeros before the first sample, and at least as many as any output reaches beyond the last.</summary>
    internal (int Before, int After) Padding => (before, before + taps);

    /// <summary>Both rates over their greatest common divisor: each block of <c>To</c> outputs begins <c>From</c> samples after the one before.</summary>
    internal (int From, int To) Ratio => (from, to);

    /// <summary>Samples that an output is made of.</summary>
    internal int Taps => taps;

    /// <summary>The first of them in the padded input, relative to the output's block.</summary>
    internal int First(int phase) => firsts[phase] + before;

    /// <summary>The output of a phase (its place in its block).</summary>
    internal float Output(int phase, ReadOnlySpan<float> window) => TensorPrimitives.Dot(window, filters.AsSpan(phase * taps, taps));

    private static double Sinc(double t) => t == 0 ? 1 : Math.Sin(Math.PI * t) / (Math.PI * t);

    private static double Window(double t, ResamplerOptions options)
    {
        double x = t / options.LowpassFilterWidth;
        if (Math.Abs(x) >= 1)
            return 0;

        return options.KaiserBeta is double beta
            ? Bessel.I0(beta * Math.Sqrt(1 - x * x)) / Bessel.I0(beta)
            : Math.Pow(Math.Cos(x * Math.PI / 2), 2);
    }
}
