using Mint.ML.Audio;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Parity;

/// <summary>Everything between a waveform and a network: spectrograms, filter banks, normalisation, resampling.</summary>
internal static class FrontEnds
{
    public static void Run(Fixture fixture)
    {
        foreach (string file in (string[])["inputs", "torchaudio", "torchlibrosa", "kaldi", "clap", "w2v2", "resample"]) fixture.Add(file + ".safetensors");
        Torchaudio(fixture);
        Torchlibrosa(fixture);
        Kaldi(fixture);
        Clap(fixture);
        Waveforms(fixture);
        Resampling(fixture);
    }

    private static void Torchaudio(Fixture fixture)
    {
        var htk = new LogMelOptions();
        var slaney = htk with { Scale = MelScale.Slaney, SlaneyNorm = true };
        LogMelOptions At(LogMelOptions options, int rate) => options with
        {
            SampleRate = rate,
            FftSize = 1024,
            HopLength = rate / 100,
            MelBins = 64,
            MinFrequency = 50,
            MaxFrequency = 14_000,
        };
        var (x16, n16) = One(fixture["x16"]);
        using (var stft = new LogMel(htk, fixture.Device)) fixture.Close("stft_mag_16k", stft.Magnitudes(x16, n16)[0].t());
        fixture.Close("ta_mel_htk_16k", Mel(fixture, htk, "x16").t());
        fixture.Close("ta_mel_htk_16k_db80", Mel(fixture, htk with { Compression = MelCompression.Decibel, TopDb = 80 }, "x16").t());
        fixture.Close("ta_mel_slaney_16k", Mel(fixture, slaney, "x16").t());
        fixture.Close("ta_mel_htk_48k_64", Mel(fixture, At(htk, 48_000), "x48").t());
        fixture.Close("ta_mel_slaney_44k_64", Mel(fixture, At(slaney, 44_100), "x44").t());
        fixture.Close("ta_mel_win_smaller_than_fft",
            Mel(fixture, htk with { FftSize = 1024, WindowLength = 640, HopLength = 320, MelBins = 64, Power = 1 }, "x16").t());
        fixture.Close("ta_fbanks_htk_201x80", Bank(400, 80, 16_000, 0, 8_000, MelScale.Htk, false));
        fixture.Close("ta_fbanks_slaney_201x80", Bank(400, 80, 16_000, 0, 8_000, MelScale.Slaney, true));
    }

    private static void Torchlibrosa(Fixture fixture)
    {
        fixture.Close("torchlibrosa_logmel_32k", Mel(fixture, LogMelOptions.HtsAt, "x32").unsqueeze(0).unsqueeze(0));
        fixture.Close("torchlibrosa_logmel_44k_fmax8000",
            Mel(fixture, LogMelOptions.HtsAt with { SampleRate = 44_100, MaxFrequency = 8_000 }, "x44").unsqueeze(0).unsqueeze(0));
        fixture.Close("torchlibrosa_logmel_pengi_44k_with_sr32k_bank", Mel(fixture, LogMelOptions.Pengi, "x44").unsqueeze(0).unsqueeze(0));
    }

    private static void Kaldi(Fixture fixture)
    {
        fixture.Close("kaldi_fbank_povey_80", Fbank(new()));
        fixture.Close("audiomae_fbank", Fbank(KaldiFbankOptions.AudioMae with { TargetFrames = null, StandardDeviation = null }));
        // Normalised ones by the magnitude from before the mean was taken away, whose rounding they keep: against float64, the reference's own is 2.3e-5 of
        // what is left.
        double magnitude = fixture["audiomae_fbank"].abs().max().item<float>() / (2 * KaldiFbankOptions.AudioMae.StandardDeviation!.Value);
        fixture.Close("audiomae_normalised", Fbank(KaldiFbankOptions.AudioMae with { TargetFrames = null }), scale: magnitude);
        fixture.Close("beats_fbank", Fbank(KaldiFbankOptions.Beats));
        Tensor ast = Fbank(KaldiFbankOptions.Ast);
        // The reference keeps the first frames of 1024.
        fixture.Same("ast_input_values: frames", ast.shape[0] == 1024, () => $"{ast.shape[0]}, the model takes 1024");
        fixture.Close("ast_input_values", ast.narrow(0, 0, fixture["ast_input_values"].shape[1]).unsqueeze(0), scale: magnitude);

        Tensor Fbank(KaldiFbankOptions options)
        {
            using var fbank = new KaldiFbank(options, fixture.Device);
            var (waveform, length) = One(fixture["x16"]);
            return fbank.Compute(waveform, length).Values[0];
        }
    }

    private static void Clap(Fixture fixture)
    {
        fixture.Close("clap_mel_filters_htk", Bank(1024, 64, 48_000, 50, 14_000, MelScale.Htk, false));
        fixture.Close("clap_mel_filters_slaney", Bank(1024, 64, 48_000, 50, 14_000, MelScale.Slaney, true));
        Tensor sound = fixture["x48"], start = sound.narrow(0, 0, 28_800);
        fixture.Close("clap_10s_repeatpad", Input(new() { MaxSamples = 480_000, Padding = ClapPadding.RepeatPad }, sound));
        fixture.Close("clap_2s_repeatpad", Input(new() { MaxSamples = 96_000, Padding = ClapPadding.RepeatPad }, start));
        fixture.Close("clap_2s_repeat", Input(new() { MaxSamples = 96_000, Padding = ClapPadding.Repeat }, start));
        fixture.Close("clap_2s_pad", Input(new() { MaxSamples = 96_000, Padding = ClapPadding.Pad }, sound));
        fixture.Close("clap_2s_fusion", Input(new() { MaxSamples = 96_000, Fusion = true }, sound).narrow(1, 0, 1));

        static Tensor Input(ClapFrontEndOptions options, Tensor sound)
        {
            using var clap = new ClapFrontEnd(options, sound.device);
            var (waveform, length) = One(sound);
            return clap.Compute(waveform, length).Mel;
        }
    }

    private static void Waveforms(Fixture fixture)
    {
        Tensor a = fixture["w2v2_raw_a"], b = fixture["w2v2_raw_b"];
        Tensor batch = zeros(2, a.shape[0], device: fixture.Device);
        batch[0] = a;
        batch[1].narrow(0, 0, b.shape[0]).copy_(b);
        Tensor lengths = tensor(new[] { a.shape[0], b.shape[0] }, device: fixture.Device);
        fixture.Close("w2v2_input_values", WaveformNormalizer.Normalize(batch, lengths), tolerance: 1e-6);
        fixture.Close("w2v2_input_values_no_mask", WaveformNormalizer.Normalize(batch, FilledLike(lengths, batch.shape[1])), tolerance: 1e-6);
        fixture.Same("w2v2_attention_mask", Indices(batch.shape[1], device: fixture.Device).unsqueeze(0).lt(lengths.unsqueeze(1)));
    }

    private static void Resampling(Fixture fixture)
    {
        // resample_FROM_TO, with the window behind it where it is not the default
        foreach (string name in fixture.Names.Where(name => name.StartsWith("resample_", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray())
        {
            string[] parts = name.Split('_', 4);
            int from = int.Parse(parts[1]), to = int.Parse(parts[2]);
            var resampler = parts.Length == 3 ? new Resampler(from, to) : new Resampler(from, to, ResamplerOptions.KaiserBest);
            fixture.Close(name, tensor(resampler.Resample(fixture[$"x{from / 1000}"].cpu().data<float>().ToArray())), tolerance: 1e-5);
        }
    }

    private static Tensor Mel(Fixture fixture, LogMelOptions options, string input)
    {
        using var mel = new LogMel(options, fixture.Device);
        var (waveform, length) = One(fixture[input]);
        return mel.Compute(waveform, length).Values[0];     // (F, M)
    }

    private static Tensor Bank(int fft, int bands, int rate, double low, double high, MelScale scale, bool norm) =>
        tensor(MelFilterBank.Triangles(fft, bands, rate, low, high, scale, norm)).reshape(-1, bands);

    private static (Tensor Waveform, Tensor Length) One(Tensor sound) => (sound.unsqueeze(0), tensor(new[] { sound.shape[0] }, device: sound.device));
}
