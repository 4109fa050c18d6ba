using Mint.ML.Models;
using static TorchSharp.torch;

namespace Mint.ML.Training;

/// <summary>Sets the convolutions of a small data2vec-audio model so that they compute a log-mel spectrogram, before anything is trained.</summary>
/// <remarks>
/// Learning to hear pitch from raw samples takes thousands of hours of sound. A model for a few hours of it starts better from what is
/// known of hearing, written in the architecture's own terms (convolution, LayerNorm, GELU):
/// <list type="number">
/// <item>Convolution 0 is a bank of windowed cosines at mel-spaced frequencies in four phases. LayerNorm removes level; GELU rectifies, so
/// that the four phases of a frequency sum to its energy.</item>
/// <item>Convolution 1 sums the phases, several times over; LayerNorm's scales are gains a factor of 8 apart, and GELU(2 - gain x energy)
/// falls from 2 to 0 as the energy passes 2 / gain. Together the gains make a staircase of 9 dB: a logarithm.</item>
/// <item>Convolution 2 adds the stairs up, for two frames at a time; LayerNorm takes the frame's mean log energy away.</item>
/// </list>
/// </remarks>
public static class LogMelConvolutions
{
    private const int Phases = 4, Gains = 5;
    private const double Lowest = 50, Highest = 7600; // Hz
    private const double GainStep = 8;

    /// <summary>The convolutional part of a configuration with a number of mel bands: 96 bands, 80 ms windows and a hop of 20 ms, then 40 ms.</summary>
    public static Data2VecAudioConfig Configure(Data2VecAudioConfig config, int bands = 96) => config with
    {
        ConvolutionWidths = [Phases * bands, Gains * bands + 1, 2 * bands],
        ConvolutionKernels = [1280, 1, 2],
        ConvolutionStrides = [320, 1, 2],
        ConvolutionBias = false,
        GroupNorm = false,
    };

    /// <summary>Fills the convolutions' weights.</summary>
    /// <param name="weights">The state dict of a model made with <see cref="Configure"/>.</param>
    /// <param name="sampleRate">In Hz.</param>
    public static void Fill(IReadOnlyDictionary<string, Tensor> weights, int sampleRate)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        Tensor Of(int layer, string name) => weights[$"feature_extractor.conv_layers.{layer}.{name}"];

        var filters = Of(0, "conv.weight");                                              // (4 F, 1, K)
        int bands = (int)filters.shape[0] / Phases, kernel = (int)filters.shape[2];
        filters.copy_(tensor(Filters(bands, kernel, sampleRate)).view(filters.shape));
        // Small enough that most energies fall where GELU is a parabola, and phases sum to energy exactly.
        Of(0, "layer_norm.weight").fill_(0.5);
        Of(0, "layer_norm.bias").zero_();

        var (sum, scale, shift) = (new float[(Gains * bands + 1) * Phases * bands], new float[Gains * bands + 1], new float[Gains * bands + 1]);
        for (int band = 0; band < bands; band++)
        for (int gain = 0; gain < Gains; gain++)
        {
            int channel = band * Gains + gain;
            for (int phase = 0; phase < Phases; phase++) sum[channel * Phases * bands + band * Phases + phase] = -1;
            scale[channel] = (float)Math.Pow(GainStep, gain);
            shift[channel] = 2;
        }
        // One channel against all the others makes their mean zero, so that LayerNorm divides by the total energy and shifts nothing.
        sum.AsSpan(Gains * bands * Phases * bands).Fill(Gains);
        Of(1, "conv.weight").copy_(tensor(sum).view(Of(1, "conv.weight").shape));
        Of(1, "layer_norm.weight").copy_(tensor(scale));
        Of(1, "layer_norm.bias").copy_(tensor(shift));

        var stairs = new float[2 * bands * (Gains * bands + 1) * 2];                     // (2 F, 5 F + 1, 2)
        for (int band = 0; band < bands; band++)
        for (int frame = 0; frame < 2; frame++)
        for (int gain = 0; gain < Gains; gain++)
            stairs[((frame * bands + band) * (Gains * bands + 1) + band * Gains + gain) * 2 + frame] = -1;
        Of(2, "conv.weight").copy_(tensor(stairs).view(Of(2, "conv.weight").shape));
        Of(2, "layer_norm.weight").fill_(1);
        Of(2, "layer_norm.bias").fill_(3); // GELU is the identity from here upwards
    }

    /// <summary>Windowed cosines of unit energy, (4 F, K). A band's window is as long as tells it from the next, at most K.</summary>
    private static float[] Filters(int bands, int kernel, int sampleRate)
    {
        static double Mel(double hertz) => 2595 * Math.Log10(1 + hertz / 700);
        static double Hertz(double mel) => 700 * (Math.Pow(10, mel / 2595) - 1);
        double step = (Mel(Highest) - Mel(Lowest)) / (bands - 1);
        var filters = new float[Phases * bands * kernel];
        for (int band = 0; band < bands; band++)
        {
            double mel = Mel(Lowest) + band * step, hertz = Hertz(mel);
            // A Hann window of n samples passes 2 rate / n Hz.
            int length = (int)Math.Min(kernel, 2 * sampleRate / (Hertz(mel + step) - hertz));
            double norm = 1 / Math.Sqrt(length * 3 / 16.0); // energy of a Hann-windowed cosine
            for (int phase = 0; phase < Phases; phase++)
            for (int i = 0; i < length; i++)
            {
                double window = 0.5 - 0.5 * Math.Cos(2 * Math.PI * (i + 0.5) / length);
                double angle = 2 * Math.PI * hertz * (i - length / 2.0) / sampleRate + phase * Math.PI / 2;
                filters[(band * Phases + phase) * kernel + (kernel - length) / 2 + i] = (float)(norm * window * Math.Cos(angle));
            }
        }
        return filters;
    }
}
