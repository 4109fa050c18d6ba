namespace Mint.ML.Audio;

/// <summary>How frequency becomes mel.</summary>
public enum MelScale
{
    /// <summary>2595 log10(1 + f / 700).</summary>
    Htk,

    /// <summary>Linear below 1 kHz, logarithmic above, as in Slaney's Auditory Toolbox and librosa.</summary>
    Slaney,
}

/// <summary>Triangular filters that gather the bins of a spectrum into mel bands.</summary>
internal static class MelFilterBank
{
    /// <summary>Triangles over frequency, as torchaudio, librosa and transformers build them.</summary>
    /// <param name="fftSize">Points of the transform; the spectrum has fftSize / 2 + 1 bins.</param>
    /// <param name="bands">Number of filters.</param>
    /// <param name="sampleRate">In Hz.</param>
    /// <param name="minFrequency">Lower edge of the first filter, in Hz.</param>
    /// <param name="maxFrequency">Upper edge of the last filter, in Hz.</param>
    /// <param name="scale">The scale on which the edges are equally far apart.</param>
    /// <param name="slaneyNorm">Divides each filter by half its width in Hz, so that all have the same area.</param>
    /// <returns>(bins, bands), row by row.</returns>
    public static float[] Triangles(int fftSize, int bands, int sampleRate, double minFrequency, double maxFrequency, MelScale scale, bool slaneyNorm)
    {
        int bins = fftSize / 2 + 1;
        double low = ToMel(minFrequency, scale), high = ToMel(maxFrequency, scale);
        double[] edges = [.. Enumerable.Range(0, bands + 2).Select(i => ToHertz(low + (high - low) * i / (bands + 1), scale))];
        var filters = new float[bins * bands];
        for (int bin = 0; bin < bins; bin++)
        {
            double frequency = (double)bin * (sampleRate / 2) / (bins - 1);
            for (int band = 0; band < bands; band++)
            {
                double up = (frequency - edges[band]) / (edges[band + 1] - edges[band]);
                double down = (edges[band + 2] - frequency) / (edges[band + 2] - edges[band + 1]);
                double norm = slaneyNorm ? 2 / (edges[band + 2] - edges[band]) : 1;
                filters[bin * bands + band] = (float)(Math.Max(0, Math.Min(up, down)) * norm);
            }
        }

        return filters;
    }

    /// <summary>Triangles over mel rather than over frequency, as Kaldi builds them: the sides are curved in Hz.</summary>
    /// <param name="fftSize">Points of the transform; the last of the fftSize / 2 + 1 bins is in no filter.</param>
    /// <param name="bands">Number of filters.</param>
    /// <param name="sampleRate">In Hz.</param>
    /// <param name="minFrequency">Lower edge of the first filter, in Hz.</param>
    /// <param name="maxFrequency">Upper edge of the last filter, in Hz.</param>
    /// <returns>(bins, bands), row by row.</returns>
    public static float[] Kaldi(int fftSize, int bands, int sampleRate, double minFrequency, double maxFrequency)
    {
        static double Mel(double hertz) => 1127 * Math.Log(1 + hertz / 700);

        int bins = fftSize / 2 + 1;
        double low = Mel(minFrequency), step = (Mel(maxFrequency) - low) / (bands + 1);
        var filters = new float[bins * bands];
        for (int bin = 0; bin < bins - 1; bin++)
        {
            double mel = Mel((double)bin * sampleRate / fftSize);
            for (int band = 0; band < bands; band++)
            {
                double distance = (mel - low) / step - band; // 0 at the left edge, 1 at the top, 2 at the right edge
                filters[bin * bands + band] = (float)Math.Max(0, Math.Min(distance, 2 - distance));
            }
        }

        return filters;
    }

    private const double SlaneyStep = 200.0 / 3, SlaneyCorner = 1000;
    private static readonly double SlaneyLogStep = Math.Log(6.4) / 27;

    private static double ToMel(double hertz, MelScale scale) => scale switch
    {
        MelScale.Htk => 2595 * Math.Log10(1 + hertz / 700),
        _ when hertz < SlaneyCorner => hertz / SlaneyStep,
        _ => SlaneyCorner / SlaneyStep + Math.Log(hertz / SlaneyCorner) / SlaneyLogStep,
    };

    private static double ToHertz(double mel, MelScale scale) => scale switch
    {
        MelScale.Htk => 700 * (Math.Pow(10, mel / 2595) - 1),
        _ when mel < SlaneyCorner / SlaneyStep => mel * SlaneyStep,
        _ => SlaneyCorner * Math.Exp(SlaneyLogStep * (mel - SlaneyCorner / SlaneyStep)),
    };
}
