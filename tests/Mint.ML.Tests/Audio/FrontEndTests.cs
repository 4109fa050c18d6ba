using Mint.ML.Audio;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class FrontEndTests
{
    private const double Tolerance = 2e-5;

    private static float[] Input(string name) => FixtureTensors.Read(name, "features", "inputs.safetensors").Values;

    private static (Tensor Waveforms, Tensor Lengths) Batch(params float[][] rows)
    {
        long longest = rows.Max(r => r.Length);
        Tensor batch = zeros(rows.Length, longest);
        for (int i = 0; i < rows.Length; i++)
            batch[i, TensorIndex.Slice(0, rows[i].Length)] = tensor(rows[i]);

        return (batch, tensor(rows.Select(r => (long)r.Length).ToArray()));
    }

    private static Tensor Compute(KaldiFbankOptions options, float[] waveform)
    {
        using var fbank = new KaldiFbank(options);
        (Tensor waveforms, Tensor lengths) = Batch(waveform);
        return fbank.Compute(waveforms, lengths).Values;    // (1, F, M)
    }

    [TestMethod]
    public void Quiet_bands_of_a_loud_frame_are_those_of_float64()
    {
        using var scope = NewDisposeScope();
        const int Length = 400, Shift = 160, Fft = 512, Bands = 128;
        double[] x = [.. Input("x16").Select(sample => (double)sample)];
        double mean = x.Average();
        x = [.. x.Select(sample => sample - mean)];
        static double Mel(double hertz) => 1127 * Math.Log(1 + hertz / 700);
        double low = Mel(20), step = (Mel(8000) - low) / (Bands + 1);
        var expected = new List<double>();
        for (int start = 0; start + Length <= x.Length; start += Shift)
        {
            double level = x.AsSpan(start, Length).ToArray().Average();
            double[] frame =
                [.. Enumerable.Range(0, Length)
                .Select(i => (x[start + i] - level - 0.97 * (x[start + Math.Max(i - 1, 0)] - level)) * (0.5 - 0.5 * Math.Cos(2 * Math.PI * i / (Length - 1))))];
            double[] power = [.. Enumerable.Range(0, Fft / 2).Select(bin =>
            {
                var sum = System.Numerics.Complex.Zero;
                for (int i = 0; i < Length; i++) sum += frame[i] * System.Numerics.Complex.FromPolarCoordinates(1, -2 * Math.PI * (bin * i % Fft) / Fft);
                return sum.Magnitude * sum.Magnitude;
            })];
            for (int band = 0; band < Bands; band++)
            {
                double energy = 0;
                for (int bin = 0; bin < Fft / 2; bin++)
                {
                    double distance = (Mel(bin * 16_000.0 / Fft) - low) / step - band;
                    energy += power[bin] * Math.Max(0, Math.Min(distance, 2 - distance));
                }
                expected.Add((Math.Log(Math.Max(energy, 1.1920928955078125e-07)) + 4.2677393) / (2 * 4.5689974));
            }
        }
        Tensor actual = Compute(KaldiFbankOptions.AudioMae with { TargetFrames = null }, Input("x16")).reshape(-1).to(ScalarType.Float64),
            wanted = tensor(expected.ToArray());
        Assert.IsLessThan(Tolerance, ((actual - wanted).abs().max() / wanted.abs().max()).item<double>());
    }

    [TestMethod]
    public void Clap_fusion_of_short_sound_is_four_times_the_same()
    {
        using var scope = NewDisposeScope();
        using var clap = new ClapFrontEnd(new ClapFrontEndOptions { MaxSamples = 96_000, Fusion = true });
        (Tensor waveforms, Tensor lengths) = Batch(Input("x48"));
        Tensor mel = clap.Compute(waveforms, lengths).Mel;  // (1, 4, F, 64)
        Assert.IsTrue(mel.narrow(1, 3, 1).eq(mel.narrow(1, 0, 1)).all().ToBoolean());
    }

    [TestMethod]
    public void Clap_fusion_of_long_sound_holds_windows_of_it_and_the_whole_shrunk()
    {
        using var scope = NewDisposeScope();
        using var clap = new ClapFrontEnd(new ClapFrontEndOptions { MaxSamples = 9_600, Fusion = true });
        using var whole = new LogMel(LogMelOptions.Clap with { Scale = MelScale.Htk, SlaneyNorm = false });
        (Tensor waveforms, Tensor lengths) = Batch(Input("x48"), Input("x48")[..5_000]);
        ClapInput input = clap.Compute(waveforms, lengths);
        CollectionAssert.AreEqual(new long[] { 2, 4, 21, 64 }, input.Mel.shape);
        CollectionAssert.AreEqual(new[] { true, false }, input.IsLonger.data<bool>().ToArray());
        Tensor mel = whole.Compute(waveforms.narrow(0, 0, 1), lengths.narrow(0, 0, 1)).Values[0];   // (101, 64)
        // 81 possible starts in three parts of 27: their middles are 13, 40 and 67.
        foreach ((int channel, int start) in new[] { (1, 13), (2, 40), (3, 67) })
            Assert.IsTrue(input.Mel[0, channel].eq(mel.narrow(0, start, 21)).all().ToBoolean());

        // Frame 0 of the shrunk one lies at 0.5 * 101 / 21 - 0.5 = 1.9048 frames.
        Tensor expected = mel[1] * 0.095238f + mel[2] * 0.904762f;
        Assert.IsLessThan(1e-3, (input.Mel[0, 0, 0] - expected).abs().max().ToDouble());
    }

    [TestMethod]
    public void A_row_gets_in_a_batch_what_it_gets_alone()
    {
        using var scope = NewDisposeScope();
        float[][] rows = [Input("x16")[..9_000], Input("x16"), Input("x16")[3_000..4_500]];
        (Tensor waveforms, Tensor lengths) = Batch(rows);
        using var mel = new LogMel(LogMelOptions.HtsAt with { TopDb = 60 });
        using var fbank = new KaldiFbank(KaldiFbankOptions.AudioMae with { TargetFrames = null });
        using var clap = new ClapFrontEnd(new ClapFrontEndOptions { MaxSamples = 8_000, Fusion = true });
        Spectrogram mels = mel.Compute(waveforms, lengths), fbanks = fbank.Compute(waveforms, lengths);
        Tensor claps = clap.Compute(waveforms, lengths).Mel, normalised = WaveformNormalizer.Normalize(waveforms, lengths);
        for (int i = 0; i < rows.Length; i++)
        {
            (Tensor one, Tensor length) = Batch(rows[i]);
            Same(mels.Values[i].narrow(0, 0, mels.Lengths[i].ToInt64()), mel.Compute(one, length).Values[0]);
            Same(fbanks.Values[i].narrow(0, 0, fbanks.Lengths[i].ToInt64()), fbank.Compute(one, length).Values[0]);
            Same(claps[i], clap.Compute(one, length).Mel[0]);
            Same(normalised[i].narrow(0, 0, rows[i].Length), WaveformNormalizer.Normalize(one, length)[0]);
        }

        static void Same(Tensor inBatch, Tensor alone)
        {
            CollectionAssert.AreEqual(alone.shape, inBatch.shape);
            Assert.IsLessThanOrEqualTo(1e-5 * alone.abs().max().ToDouble(), (inBatch - alone).abs().max().ToDouble());
        }
    }

    [TestMethod]
    public void Rows_that_are_too_short_or_shorter_than_they_say_are_named()
    {
        using var scope = NewDisposeScope();
        using var mel = new LogMel(LogMelOptions.HtsAt);
        StringAssert.Contains(Assert.ThrowsExactly<SoundNotEncodableException>(() => mel.Compute(zeros(2, 2_000), tensor(new long[] { 2_000, 100 }))).Message,
            "Row 1 has 100 samples");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => mel.Compute(zeros(1, 2_000), tensor(new long[] { 3_000 }))).Message,
            "said to have 3000");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => mel.Compute(zeros(2_000), tensor(new long[] { 3_000 }))).Message, "(B, T)");
    }

    [TestMethod]
    public void All_that_is_wrong_with_options_is_said_at_once()
    {
        string message =
            Assert.ThrowsExactly<ArgumentException>(() => new LogMel(new LogMelOptions { HopLength = 0, MelBins = -1, WindowLength = 4_000 })).Message;
        foreach (string name in new[] { "HopLength", "MelBins", "WindowLength" })
            StringAssert.Contains(message, name);
    }

    [TestMethod]
    public void Claps_defaults_are_a_window_of_ten_seconds_as_an_empty_configuration_but_for_its_lowest_frequency()
    {
        Assert.AreEqual(10 * LogMelOptions.Clap.SampleRate, new ClapFrontEndOptions().MaxSamples);
        // 50 Hz is in the file of every published CLAP; ClapFeatureExtractor itself begins at 0.
        Assert.AreEqual(ClapFrontEndOptions.FromJson([]), new ClapFrontEndOptions { Spectrogram = LogMelOptions.Clap with { MinFrequency = 0 } });
    }
}
