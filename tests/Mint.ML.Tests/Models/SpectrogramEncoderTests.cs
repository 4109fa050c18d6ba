using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class SpectrogramEncoderTests
{
    private static SpectrogramEncoder Load(string kind)
    {
        if (kind == "yamnet") return YamNetEncoder.Load(Fixtures.Path("yamnet"));
        if (kind != "clap")
            return kind == "ast" ? AstEncoder.Load(Fixtures.Path("ast")) : AudioMaeEncoder.Load(Fixtures.Path("audiomae"));
        // The fixture has 16 mel bins and the front end 64, so a tower of our own: two stages, any weights.
        var tower = new HtsAt(new HtsAtConfig { PatchWidth = 8, Depths = [2, 2], Heads = [2, 2] });
        var generator = new Generator(5);
        foreach (var (name, weight) in tower.state_dict())
        {
            using (no_grad())
                weight.copy_(name.Contains("var") ? ones_like(weight) : randn(weight.shape, generator: generator).mul(0.2));
        }

        tower.eval();
        return new ClapEncoder(tower);
    }

    [TestMethod]
    [DataRow("ast")]
    [DataRow("audiomae")]
    [DataRow("clap")]
    [DataRow("yamnet")]
    public void Long_sound_is_encoded_window_by_window_and_rows_do_not_meet(string kind)
    {
        using var scope = NewDisposeScope();
        using var encoder = Load(kind);
        // A window and a half, and less than a window.
        var window = kind switch { "ast" => 39 * 160 + 400, "audiomae" => 63 * 160 + 400, "yamnet" => 15_600, _ => 480_000 };
        long[] lengths = [window * 3 / 2, window / 3];
        var waveforms = randn([2, lengths[0]], generator: new Generator(3)).mul(0.1);
        waveforms.select(0, 1).narrow(0, lengths[1], lengths[0] - lengths[1]).zero_();

        var (frames, mask) = encoder.Encode(waveforms, tensor(lengths));
        Assert.AreEqual(encoder.HiddenSize, frames.shape[2]);
        CollectionAssert.AreEqual(frames.shape[..2], mask.shape);
        for (var row = 0; row < 2; row++)
        {
            var alone = encoder.Encode(waveforms.narrow(0, row, 1).narrow(1, 0, lengths[row]), tensor(new[] { lengths[row] }));
            var real = alone.Mask.shape[1];
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(alone.Frames, frames.narrow(0, row, 1).narrow(1, 0, real)));
            Assert.IsTrue(alone.Mask.Equals(mask.narrow(0, row, 1).narrow(1, 0, real)));
            Assert.IsFalse(mask.select(0, row).narrow(0, real, mask.shape[1] - real).any().item<bool>());
        }
        // The second window of the long row is the sound's last window.
        var last = encoder.Encode(waveforms.narrow(0, 0, 1).narrow(1, lengths[0] - window, window), tensor(new long[] { window }));
        Assert.AreEqual(2 * last.Frames.shape[1], frames.shape[1]);
        Assert.IsLessThan(1e-5, ModelFixture.RelativeError(last.Frames, frames.narrow(0, 0, 1).narrow(1, last.Frames.shape[1], last.Frames.shape[1])));
    }

    [TestMethod]
    public void Lengths_of_another_number_or_beyond_the_samples_are_refused()
    {
        using var scope = NewDisposeScope();
        using var encoder = Load("ast");
        var waveforms = zeros(2, 2_000);
        foreach (long[] lengths in (long[][])[[2_000], [2_000, 2_000, 2_000], [2_000, 2_001]])
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => encoder.Encode(waveforms, tensor(lengths))).Message,
                string.Join(", ", lengths));
        }
    }

    [TestMethod]
    [DataRow("ast")]
    [DataRow("audiomae")]
    public void Encoding_leaves_no_tensor_behind(string kind)
    {
        using var encoder = Load(kind);
        using var waveforms = zeros(2, 20000);
        using var lengths = tensor(new long[] { 20000, 5000 });
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        encoder.Encode(waveforms, lengths).Dispose();
        Assert.AreEqual(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Patches_past_the_sound_are_masked()
    {
        using var scope = NewDisposeScope();
        using var encoder = Load("ast");
        // 10 frames of 40: with a stride of 3, patches begin at frames 0, 3, 6, 9 and then in padding; 5 rows of 13 patches.
        var (_, mask) = encoder.Encode(zeros(1, 9 * 160 + 400), tensor(new long[] { 9 * 160 + 400 }));
        Assert.AreEqual(2 + 5 * 4, mask.sum().item<long>());
    }

    [TestMethod]
    [DataRow("preprocessor_config.json")]
    [DataRow("processor_config.json")]
    public void CLAPs_front_end_is_as_its_folder_says(string file)
    {
        const string Settings = """
            {"feature_size": 16, "sampling_rate": 16000, "hop_length": 160, "fft_window_size": 512, "max_length_s": 2,
             "frequency_min": 100, "frequency_max": 7000, "padding": "pad", "truncation": "rand_trunc", "top_db": null}
            """;
        using var scope = NewDisposeScope();
        using var folder = new ChangedFolder("clap")
            .With(file, file == "preprocessor_config.json" ? Settings : $$"""{"feature_extractor": {{Settings}}}""");
        using var encoder = ClapEncoder.Load(folder.Path);
        Assert.AreEqual(16_000, encoder.SampleRate);
        var sound = randn([1, 20_000], generator: new Generator(4));
        using var mel = new LogMel(new LogMelOptions
        {
            SampleRate = 16_000,
            FftSize = 512,
            HopLength = 160,
            MelBins = 16,
            MinFrequency = 100,
            MaxFrequency = 7000,
            Scale = MelScale.Slaney,
            SlaneyNorm = true,
            Compression = MelCompression.Decibel,
        });
        var padded = cat([sound, zeros(1, 12_000)], 1);
        using var tower = HtsAt.Load(folder.Path);
        var expected = tower.call(mel.Compute(padded, tensor(new long[] { 32_000 })).Values.unsqueeze(1), null).Grid.flatten(2).transpose(1, 2);
        Assert.IsTrue(expected.Equals(encoder.Encode(sound, tensor(new long[] { 20_000 })).Frames));
    }

    [TestMethod]
    [DataRow("""{"mean": -6.845978, "std": 5.5654526}""", 16_000, -6.845978, 5.5654526)]
    [DataRow("""{"mean": -6.845978, "std": 5.5654526, "do_normalize": false}""", 16_000, 0, 0.5)]
    [DataRow("""{"sampling_rate": 32000, "num_mel_bins": 16, "max_length": 40, "feature_size": 1}""", 32_000, -4.2677393, 4.5689974)]
    [DataRow("""{"sampling_rate": 22050, "mean": 0, "std": 0.5}""", 22_050, 0, 0.5)]
    public void ASTs_front_end_is_as_its_folder_says(string settings, int rate, double mean, double deviation)
    {
        using var scope = NewDisposeScope();
        using var folder = new ChangedFolder("ast").With("preprocessor_config.json", settings);
        using var encoder = AstEncoder.Load(folder.Path);
        Assert.AreEqual(rate, encoder.SampleRate);
        // Frames of 25 ms every 10 ms, cut down to whole samples; of the values, 30 frames and the padding, (x - mean) / (2 std).
        var (length, shift) = rate switch { 16_000 => (400, 160), 32_000 => (800, 320), _ => (551, 220) };
        var sound = randn([1, 29 * shift + length], generator: new Generator(4)).mul(0.1);
        using var bank = new KaldiFbank(new() { SampleRate = rate, FrameLength = length, FrameShift = shift, MelBins = 16, PoveyWindow = false });
        var mel = cat([bank.Compute(sound, tensor(new[] { sound.shape[1] })).Values, zeros(1, 10, 16)], 1);
        using var model = Ast.Load(folder.Path);
        var expected = model.call((mel - mean) / (2 * deviation));
        Assert.IsLessThan(1e-6, ModelFixture.RelativeError(expected, encoder.Encode(sound, tensor(new[] { sound.shape[1] })).Frames));
    }

    [TestMethod]
    [DataRow("""{"num_mel_bins": 128}""", "num_mel_bins")]
    [DataRow("""{"max_length": 1024}""", "max_length")]
    [DataRow("""{"std": 0}""", "std")]
    [DataRow("""{"sampling_rate": 16}""", "sampling_rate")]
    [DataRow("""{"mean": "low"}""", "mean")]
    public void A_front_end_that_does_not_fit_AST_is_refused_by_file_and_key(string settings, string key)
    {
        using var folder = new ChangedFolder("ast").With("preprocessor_config.json", settings);
        string message = Assert.ThrowsExactly<InvalidDataException>(() => AstEncoder.Load(folder.Path)).Message;
        StringAssert.Contains(message, $"{Path.Combine(folder.Path, "preprocessor_config.json")}: '{key}'");
    }

    [TestMethod]
    public void A_tower_of_other_mel_bins_is_refused()
    {
        using var tower = HtsAt.Load(Fixtures.Path("clap"));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new ClapEncoder(tower)).Message, "16");
    }

    [TestMethod]
    public void Lengths_past_the_batch_are_refused()
    {
        using var scope = NewDisposeScope();
        using var encoder = Load("ast");
        var error = Assert.ThrowsExactly<ArgumentException>(() => encoder.Encode(zeros(1, 1000), tensor(new long[] { 1001 })));
        StringAssert.Contains(error.Message, "1001");
    }

    [TestMethod]
    public void The_mean_of_the_frames_of_a_patch_is_YamNets_embedding()
    {
        using var scope = NewDisposeScope();
        using var encoder = YamNetEncoder.Load(Fixtures.Path("yamnet"));
        var io = Safetensors.ReadAll(Path.Combine(Fixtures.Path("yamnet"), "io.safetensors"));
        var (frames, mask) = encoder.Encode(io["waveforms"], tensor(new[] { 15_600L, 9_000L }));
        CollectionAssert.AreEqual(new long[] { 2, 3, 9 }, frames.shape);
        Assert.IsLessThan(1e-5, ModelFixture.RelativeError(io["embedding"], frames.mean([1])));
        // The second sound ends after 9,000 samples: its third frame, of samples 10,240 on, is padding.
        CollectionAssert.AreEqual(new[] { true, true, true, true, true, false }, mask.data<bool>().ToArray());
    }

    [TestMethod]
    public void Its_own_classes_are_YamNets_and_the_highest_of_any_second_is_how_familiar_a_sound_is()
    {
        using var scope = NewDisposeScope();
        using var encoder = YamNetEncoder.Load(Fixtures.Path("yamnet"));
        var io = Safetensors.ReadAll(Path.Combine(Fixtures.Path("yamnet"), "io.safetensors"));
        var (frames, _) = encoder.Encode(io["waveforms"], tensor(new[] { 15_600L, 15_600L }));
        for (int row = 0; row < 2; row++) // a patch is one second
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(io["scores"].narrow(0, row, 1), encoder.ClassScores(frames.select(0, row))));

        // Of sounds of 1 to 12 frames side by side: each as if it were alone, by plain loops.
        int[] lengths = [1, 2, 3, 7, 12];
        using var generator = new Generator(11);
        var drawn = randn([lengths.Length, 12, encoder.HiddenSize], generator: generator);
        var mask = stack([.. lengths.Select(length => arange(12).lt(length))]);
        float?[] familiarity = new AudioEncoding(drawn, mask) { Encoder = encoder }.Familiarity();
        foreach (var (row, length) in lengths.Index())
        {
            int patch = Math.Min(3, length);
            var seconds = Enumerable.Range(0, length - patch + 1).Select(from => drawn[row].narrow(0, from, patch).mean([0], keepdim: true));
            Assert.AreEqual(seconds.Max(second => encoder.Model.Logits(second).sigmoid().max().item<float>()), familiarity[row]!.Value, 1e-6f);
        }
        Assert.IsTrue(new AudioEncoding(drawn, mask).Familiarity().All(one => one is null));
        using var ast = Load("ast");
        Assert.AreEqual(0, ast.Classes);
        Assert.IsTrue(new AudioEncoding(drawn, mask) { Encoder = ast }.Familiarity().All(one => one is null));
    }
}
