using Mint.ML.Audio;
using Mint.ML.Models;
using Mint.ML.Training;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Training;

[TestClass]
public sealed class LogMelConvolutionsTests
{
    [TestMethod]
    public void The_convolutions_compute_a_log_mel_spectrogram()
    {
        using var scope = NewDisposeScope();
        var config = LogMelConvolutions.Configure(new Data2VecAudioConfig { HiddenSize = 32, Layers = 1, Heads = 2, IntermediateSize = 32, PositionLayers = 1 });
        using var encoder = EncoderPretraining.Create(config, seed: 1);
        foreach (string clip in new[] { "ambi_piano.ogg", "bass_thick_c.ogg", "note_guitar_p52.ogg" })
        {
            float[] samples = AudioFile.Read(Path.Combine(Fixtures.Repository, "Mint.ML.Samples", "data", "clips", clip), 16000).Samples;
            var heard = encoder.Convolve(tensor(samples)) - 3;             // (T, 2 x 96), without the offset that GELU needs
            var wanted = LogMel(samples, 96);                              // (T', 96)
            long frames = Math.Min(heard.shape[0], wanted.shape[0] / 2);
            var first = heard.narrow(0, 0, frames).narrow(1, 0, 96);
            var target = wanted[TensorIndex.Slice(0, 2 * frames, 2)];
            target = target - target.mean([1], keepdim: true);
            float correlation = (Standardise(first) * Standardise(target)).mean().item<float>();
            Assert.IsGreaterThan(0.9f, correlation, clip);
        }
    }

    /// <summary>Plain Fourier transforms under triangles 80 ms long, a hop of 20 ms; 45 dB under the loudest band of a frame is silence.</summary>
    private static Tensor LogMel(float[] samples, int bands)
    {
        var power = stft(tensor(samples), 2048, 320, 1280, hann_window(1280), center: false, return_complex: true).abs().square(); // (1025, T)
        double Mel(double hertz) => 2595 * Math.Log10(1 + hertz / 700);
        double step = (Mel(7600) - Mel(50)) / (bands - 1);
        var mel = tensor(Enumerable.Range(0, 1025).Select(bin => (float)Mel(bin * 8000.0 / 1024)).ToArray());
        var triangles = stack([.. Enumerable.Range(0, bands).Select(band => (1 - ((mel - (Mel(50) + band * step)) / step).abs()).clamp_min(0))]); // (F, 1025)
        var energy = triangles.matmul(power).t();
        return maximum(energy, energy.amax([1], keepdim: true) * 3e-5).log();
    }

    private static Tensor Standardise(Tensor x) => (x - x.mean()) / x.std();
}
