using Mint.ML.Encoders;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.Pretraining;

/// <summary>Sets the convolutions of a small data2vec-audio model so that they compute a log-mel spectrogram, before anything is trained.</summary>
/// <remarks>
/// Learning to hear pitch from raw samples takes thousands of hours of sound. A model for a few hours of it starts better from what is
/// known of hearing, written in the architecture's own terms (convolution, LayerNorm, GELU):
/// <list type="number">
/// <item>Convolution 0 is a bank of windowed cosines at mel-spaced frequencies in four phases. GELU rectifies, so that the four phases of a
/// frequency sum to its energy.</item>
/// <item>Convolution 1 sums the phases, several times over; LayerNorm's scales are gains a factor of 8 apart, and GELU(2 - gain x energy)
/// falls from 2 to 0 as the energy passes 2 / gain. Together the gains make a staircase of 9 dB: a logarithm.</item>
/// <item>Convolution 2 adds the stairs up, for two frames at a time; LayerNorm takes the frame's mean log energy away, and a few channels
/// keep it.</item>
/// </list>
/// A LayerNorm by itself would divide every frame by its level, and nobody could hear a note swell or die away, which tells a plucked
/// string from a bowed one. So the last two channels of each convolution are constants, held by the bias, of opposite sign and so large that
/// they alone decide by how much LayerNorm divides.
/// </remarks>
internal static class LogMelConvolutions
{
    private const int Phases = 4, Gains = 8, Levels = 8, Constants = 2;
    private const double Lowest = 50, Highest = 7600; // Hz
    private const double LoudestGain = 250, GainStep = 8;

    /// <summary>How many convolutions make the spectrogram; those after them are trained.</summary>
    public const int Layers = 3;

    /// <summary>The convolutional part of a configuration with a number of mel bands: 96 bands, 80 ms windows and a hop of 20 ms, then 40 ms.</summary>
    /// <param name="config">The rest.</param>
    /// <param name="width">Channels of the three convolutions that follow, which see how the spectrum moves and halve the frames to 12.5 a second; longer
    /// kernels would need longer clips than 0.22 s.</param>
    /// <param name="bands">Of the spectrogram.</param>
    public static Data2VecAudioConfig Configure(Data2VecAudioConfig config, int width, int bands = 96) => config with
    {
        ConvolutionWidths = [Phases * bands + Constants, Gains * bands + 1 + Constants, 2 * bands + Levels + Constants, width, width, width],
        ConvolutionKernels = [1280, 1, 2, 3, 2, 1],
        ConvolutionStrides = [320, 1, 2, 1, 2, 1],
        ConvolutionBias = true,
        GroupNorm = false,
        // Not needed: the convolutions have seen what is around a frame.
        PositionLayers = 1,
        PositionKernel = 1,
    };

    /// <summary>Bands of the spectrogram that has this many channels: the first half of twice as many is the earlier frame.</summary>
    public static int Bands(long channels) => (int)(channels - Levels - Constants) / 2;

    /// <summary>How high the spectrogram stands above zero.</summary>
    internal const double Height = 4;

    /// <summary>
    /// Adds a constant to all that the first convolution after the spectrogram hears, by its bias. A mean that all frames share hides what they differ in,
    /// and gradients point along it: so training reads the spectrogram less <see cref="Height"/>, by a convolution that was lifted by as much.
    /// </summary>
    internal static void Lift(IReadOnlyDictionary<string, Tensor> weights, double by)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        weights[$"feature_extractor.conv_layers.{Layers}.conv.bias"]
            .Plus_(weights[$"feature_extractor.conv_layers.{Layers}.conv.weight"].sum([1, 2]).Times(by));
    }

    /// <summary>Fills the convolutions' weights.</summary>
    /// <param name="weights">The state dict of a model made with <see cref="Configure"/>.</param>
    /// <param name="sampleRate">In Hz.</param>
    public static void Fill(IReadOnlyDictionary<string, Tensor> weights, int sampleRate)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        Tensor Weight(int layer, string name) => weights[$"feature_extractor.conv_layers.{layer}.{name}"];
        int bands = ((int)Weight(0, "conv.bias").shape[0] - Constants) / Phases;

        // A sine alone in a clip of unit variance comes out of its filter 29 high, an attack 100: divided by 100 and halved, most amplitudes
        // fall where GELU is a parabola, and phases sum to energy exactly.
        var filters = Weight(0, "conv.weight").zero_();                                      // (4 F + 2, 1, K)
        int kernel = (int)filters.shape[2];
        filters.narrow(0, 0, Phases * bands).copy_(tensor(Filters(bands, kernel, sampleRate)).view(Phases * bands, 1, kernel));
        Norm(0, deviation: 100, _ => 0.5 / 100, _ => 0);

        // One channel against all the others makes their mean zero.
        int stairs = Gains * bands;
        var sum = new float[(stairs + 1 + Constants) * (Phases * bands + Constants)];
        for (int channel = 0; channel <= stairs; channel++)
        {
            for (int i = 0; i < Phases * bands; i++)
            {
                if (channel == stairs || i / Phases == channel / Gains)
                    sum[channel * (Phases * bands + Constants) + i] = channel == stairs ? Gains : -1;
            }
        }

        Weight(1, "conv.weight").copy_(tensor(sum).view(Weight(1, "conv.weight").shape));
        Norm(1, deviation: 0.3, channel => channel < stairs ? LoudestGain * Math.Pow(GainStep, channel % Gains) : 0, channel => channel < stairs ? 2 : 0);

        var log = new float[(2 * bands + Levels + Constants) * (stairs + 1 + Constants) * 2];
        for (int frame = 0; frame < 2; frame++)
        {
            for (int channel = 0; channel < stairs; channel++)
                log[((frame * bands + channel / Gains) * (stairs + 1 + Constants) + channel) * 2 + frame] = -1;
        }

        Weight(2, "conv.weight").copy_(tensor(log).view(Weight(2, "conv.weight").shape));
        // The mean that is taken away is left, negated, in channels that were 0. Scales and shifts make all about 1 wide and Height high: from 3 upwards GELU
        // is the identity.
        Norm(2, deviation: 100, channel => channel < 2 * bands ? 1.0 / 3 : 1, channel => channel < 2 * bands ? Height : -7);
        Lift(weights, -Height);

        // Constants that make LayerNorm divide by a deviation, and then what to multiply and shift each channel by.
        void Norm(int layer, double deviation, Func<int, double> scale, Func<int, double> shift)
        {
            int channels = (int)Weight(layer, "conv.bias").shape[0];
            float constant = (float)(deviation * Math.Sqrt(channels / 2.0));
            Weight(layer, "conv.bias").zero_().narrow(0, channels - Constants, Constants).copy_(tensor(new[] { constant, -constant }));
            Weight(layer, "layer_norm.weight")
                .copy_(tensor(Enumerable.Range(0, channels).Select(i => (float)(i < channels - Constants ? scale(i) * deviation : 0)).ToArray()));
            Weight(layer, "layer_norm.bias")
                .copy_(tensor(Enumerable.Range(0, channels).Select(i => (float)(i < channels - Constants ? shift(i) : 0)).ToArray()));
        }
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
            {
                for (int i = 0; i < length; i++)
                {
                    double window = 0.5 - 0.5 * Math.Cos(2 * Math.PI * (i + 0.5) / length);
                    double angle = 2 * Math.PI * hertz * (i - length / 2.0) / sampleRate + phase * Math.PI / 2;
                    filters[(band * Phases + phase) * kernel + (kernel - length) / 2 + i] = (float)(norm * window * Math.Cos(angle));
                }
            }
        }
        return filters;
    }
}
