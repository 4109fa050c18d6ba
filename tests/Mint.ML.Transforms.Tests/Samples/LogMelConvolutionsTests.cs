using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Training;
using Mint.ML.Transforms.Tests.Pipeline;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class LogMelConvolutionsTests
{
    [TestMethod]
    public void The_convolutions_compute_a_log_mel_spectrogram()
    {
        using var scope = NewDisposeScope();
        using var encoder = Encoder();
        foreach (string clip in new[] { "ambi_piano.ogg", "bass_thick_c.ogg", "note_guitar_p52.ogg" })
        {
            float[] samples = AudioFile.Read(Path.Combine(TinyModels.Repository(), "Mint.ML.Samples", "data", "clips", clip), 16000).Samples;
            var heard = encoder.Convolve(tensor(samples), LogMelConvolutions.Layers); // (T, 2 x 96 + levels)
            var wanted = LogMel(samples, 96);                              // (T', 96)
            long frames = Math.Min(heard.shape[0], wanted.shape[0] / 2);
            var first = heard.narrow(0, 0, frames).narrow(1, 0, 96);
            var target = wanted[TensorIndex.Slice(0, 2 * frames, 2)];
            target = target - target.mean([1], keepdim: true);
            float correlation = (Standardise(first) * Standardise(target)).mean().item<float>();
            Assert.IsGreaterThan(0.9f, correlation, clip);
        }
    }

    [TestMethod]
    public void A_sound_that_dies_away_is_heard_to()
    {
        using var scope = NewDisposeScope();
        using var encoder = Encoder();
        var random = new Random(1);
        // Noise that loses 40 dB in 2 s: 0.8 dB a frame of 40 ms. A stair is 2 high for 9 dB.
        float[] samples = [.. Enumerable.Range(0, 32000).Select(i => (float)((random.NextDouble() - 0.5) * Math.Pow(10, -i / 16000.0)))];
        var quietness = encoder.Convolve(tensor(samples), LogMelConvolutions.Layers).select(1, 192);
        // Noise fills every band, and is louder at first than the levels tell apart.
        float perFrame = (quietness[46] - quietness[33]).item<float>() / 13;
        Assert.AreEqual(0.8 * 2 / 9, perFrame, 0.03);
    }

    [TestMethod]
    public void A_clip_of_a_quarter_of_a_second_is_long_enough()
    {
        using var encoder = Encoder();
        Assert.IsLessThan(0.25, encoder.Config.MinimumSamples / 16000.0);
    }

    [TestMethod]
    public void Training_tells_high_from_low_and_leaves_the_spectrogram_as_it_was()
    {
        using var scope = NewDisposeScope();
        using var encoder = Encoder();
        var before = encoder.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());
        // 24 tones of half a second: even ones low, odd ones high, none the same.
        var tones = Enumerable.Range(0, 24).Select(clip => Enumerable.Range(0, 8000)
            .Select(i => 0.3f * MathF.Sin(MathF.Tau * i * (clip % 2 == 0 ? 200 + 5 * clip : 2000 + 50 * clip) / 16000)).ToArray());
        var labels = new ClipLabels("pitch", ["low", "high"], [.. Enumerable.Range(0, 24).Select(clip => clip % 2)]);
        var right = EncoderPretraining.Run(encoder, EncoderPretraining.Features(encoder, tones), [labels], new HashSet<int> { 20, 21, 22, 23 },
            new EncoderPretrainingOptions { Epochs = 10, BatchSize = 10 });
        Assert.AreEqual(1.0, right.Validations[^1].Metrics["pitch"], "clips it has not heard");
        var after = encoder.state_dict();
        string[] changed = [.. after.Where(pair => !pair.Value.allclose(before[pair.Key], 1e-5, 1e-6)).Select(pair => pair.Key)];
        Assert.IsTrue(changed.Any(name => name.StartsWith("encoder.", StringComparison.Ordinal)), string.Join(", ", changed));
        Assert.IsFalse(changed.Any(name => name.Contains("conv_layers.0.", StringComparison.Ordinal)), "the first convolution is the filter bank");
    }

    [TestMethod]
    public void A_stopped_run_goes_on_and_ends_where_it_would_have_ended()
    {
        using var scope = NewDisposeScope();
        string folder = Directory.CreateTempSubdirectory("mint-encoder-").FullName;
        try
        {
            float[][] noises = [.. Enumerable.Range(0, 12).Select(clip => new Random(clip)).Select(random =>
                Enumerable.Range(0, 8000).Select(_ => (float)random.NextDouble() - 0.5f).ToArray())];
            var labels = new ClipLabels("half", ["first", "second"], [.. Enumerable.Range(0, 12).Select(clip => clip / 6)]);
            string Run(string name, int? stop)
            {
                using var encoder = Encoder();
                using var cancel = new CancellationTokenSource();
                var options = new EncoderPretrainingOptions { Epochs = 3, BatchSize = 4, RunFolder = Path.Combine(folder, name) };
                EncoderPretraining.Run(encoder, EncoderPretraining.Features(encoder, noises), [labels], new HashSet<int> { 0, 11 }, options,
                    new After(stop, cancel), cancel.Token);
                return RunFolder.Hash(encoder);
            }
            string whole = Run("whole", null), stopped = Run("stopped", 3);
            Assert.AreNotEqual(whole, stopped);
            Assert.AreEqual(whole, Run("stopped", null));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class After(int? step, CancellationTokenSource cancel) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) cancel.Cancel();
        }
    }

    [TestMethod]
    public void Options_name_every_wrong_value()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(
            new EncoderPretrainingOptions { Epochs = 0, LearningRate = double.NaN, WarmUp = 2, LabelSmoothing = 1, MixUp = 0 }.Validate);
        foreach (string wrong in (string[])["Epochs is 0", "LearningRate is NaN", "WarmUp is 2", "LabelSmoothing is 1", "MixUp is 0"])
            StringAssert.Contains(error.Message, wrong);
    }

    private static Data2VecAudio Encoder() => EncoderPretraining.Create(
        LogMelConvolutions.Configure(new Data2VecAudioConfig { HiddenSize = 32, Layers = 1, Heads = 2, FeedForwardSize = 32 }, width: 32), seed: 1);

    /// <summary>Plain Fourier transforms under triangles 80 ms long, a hop of 20 ms; 70 dB under the loudest band of the clip is silence.</summary>
    private static Tensor LogMel(float[] samples, int bands)
    {
        var power = stft(tensor(samples), 2048, 320, 1280, hann_window(1280), center: false, return_complex: true).abs().square(); // (1025, T)
        double Mel(double hertz) => 2595 * Math.Log10(1 + hertz / 700);
        double step = (Mel(7600) - Mel(50)) / (bands - 1);
        var mel = tensor(Enumerable.Range(0, 1025).Select(bin => (float)Mel(bin * 8000.0 / 1024)).ToArray());
        var triangles = stack([.. Enumerable.Range(0, bands).Select(band => (1 - ((mel - (Mel(50) + band * step)) / step).abs()).clamp_min(0))]); // (F, 1025)
        var energy = triangles.matmul(power).t();
        return maximum(energy, energy.max() * 1e-7).log();
    }

    private static Tensor Standardise(Tensor x) => (x - x.mean()) / x.std();
}
