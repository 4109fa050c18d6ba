using Mint.ML.Checkpoints;
using Mint.ML.Systems;
using Mint.ML.Tests.Models;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

[TestClass]
public sealed class PengiTests
{
    [TestMethod]
    public void Sound_too_short_to_be_mirrored_at_its_ends_is_refused_with_the_least_it_may_have()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var front = new TorchlibrosaLogMel(window: 8, hop: 4, melBins: 3);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => front.call(TorchSharp.torch.zeros(1, 4))).Message, "T above 4 samples");
    }

    [TestMethod]
    public void Labels_are_ranked_by_likelihood_and_matched_by_the_cosine_of_texts()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var fixture = new ModelFixture("pengi");
        using var pengi = Pengi.Load(Fixtures.Path("pengi"));
        var (waveform, ids, mask) = (fixture["waveform"], fixture["text_input_ids"], fixture.Mask("text_attention_mask"));
        int[][] labels = [[3, 5], [3, 7, 2], [9]];
        var ranking = pengi.Rank(waveform, ids, mask, new Mint.ML.Generation.CandidateTrie(labels));
        var prefix = pengi.Prefix(pengi.EncodeAudio(waveform), pengi.EncodeText(ids, mask));
        for (int label = 0; label < labels.Length; label++)
        {
            var targets = tensor(labels[label].Select(id => (long)id).ToArray()).unsqueeze(0).expand(2, -1);
            var expected = pengi.LanguageModel.Logits(prefix, ones([2, prefix.shape[1]], dtype: ScalarType.Bool), targets)
                .log_softmax(-1).gather(2, targets.unsqueeze(2)).sum([1, 2]);
            for (int item = 0; item < 2; item++) Assert.AreEqual(expected[item].item<float>(), ranking.Scores[item, label], 1e-4);
        }

        float[,] cosines = pengi.MatchTexts((ids, mask), (ids.flip(0), mask.flip(0)));
        var embedded = pengi.EncodeText(ids, mask);
        float across = nn.functional.cosine_similarity(embedded[0], embedded[1], 0).item<float>();
        Assert.AreEqual(across, cosines[0, 0], 1e-5f);
        Assert.AreEqual(1, cosines[0, 1], 1e-5f);
        Assert.AreEqual(1, cosines[1, 0], 1e-5f);
        Assert.AreEqual(across, cosines[1, 1], 1e-5f);
    }

    [TestMethod]
    public void A_file_without_fourier_kernels_and_the_head_of_classes_answers_as_the_original_with_them()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var folder = new Text.TemporaryFolder();
        using var fixture = new ModelFixture("pengi");
        using (var checkpoint = CheckpointFolder.Open(Fixtures.Path("pengi")))
        {
            string[] kept = [.. checkpoint.Names.Where(name => !name.Contains(".stft.", StringComparison.Ordinal)
                && !name.Contains(".tscam_conv.", StringComparison.Ordinal))];
            Assert.HasCount(checkpoint.Names.Count - 4, kept, "two kernels, and a weight and a bias");
            checkpoint.Config["htsat"]!["num_classes"] = 0;
            CheckpointWriter.Write(folder.Path, checkpoint.Config, [.. kept.Select(name => KeyValuePair.Create(name, checkpoint.Read(name)))]);
        }
        using Pengi whole = Pengi.Load(Fixtures.Path("pengi")), without = Pengi.Load(folder.Path);
        // The fixture's kernels are torchlibrosa's own.
        Assert.IsLessThan(1e-5, ModelFixture.RelativeError(whole.EncodeAudio(fixture["waveform"]), without.EncodeAudio(fixture["waveform"])));
        Assert.ThrowsExactly<InvalidOperationException>(() => without.Audio.Classify(without.Audio.LogMel(fixture["waveform"])));
        // A bank is no formula: which one it is, the file says.
        using var other = new Text.TemporaryFolder();
        using (var checkpoint = CheckpointFolder.Open(folder.Path))
        {
            CheckpointWriter.Write(other.Path, checkpoint.Config, [.. checkpoint.Names.Where(name => !name.EndsWith("melW", StringComparison.Ordinal))
                .Select(name => KeyValuePair.Create(name, checkpoint.Read(name)))]);
        }
        StringAssert.Contains(Assert.ThrowsExactly<WeightMismatchException>(() => Pengi.Load(other.Path)).Message, "bank");
    }

    [TestMethod]
    public void Answering_leaves_no_tensor_behind()
    {
        using var fixture = new ModelFixture("pengi");
        using var pengi = Pengi.Load(Fixtures.Path("pengi"));
        using var mask = fixture.Mask("text_attention_mask");
        LiveTensors.AssertSteady(() => pengi.Answer(fixture["waveform"], fixture["text_input_ids"], mask, maxTokens: 6));
    }

    [TestMethod]
    public void Audio_past_the_image_is_the_mean_of_crops_of_689_frames_344_apart()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var folder = new Text.TemporaryFolder();
        foreach (string file in Directory.GetFiles(Fixtures.Path("pengi"))) File.Copy(file, folder.File(Path.GetFileName(file)));
        // The image of the published model holds 1024 frames; the fixture's 256. No weight depends on it.
        string config = File.ReadAllText(folder.File("config.json"));
        StringAssert.Contains(config, "\"spec_size\": 64");
        File.WriteAllText(folder.File("config.json"), config.Replace("\"spec_size\": 64", "\"spec_size\": 128"));
        using var pengi = Pengi.Load(folder.Path);
        var mel = randn([1, 1, 1400, pengi.Config.HtsAt.MelBins], generator: new Generator(3));

        // range(0, 1400 - 689 - 1, 344) of the original: 0, 344 and 688.
        foreach (Func<Tensor, Tensor> heard in (Func<Tensor, Tensor>[])[pengi.Audio.Hear, pengi.Audio.Classify])
        {
            var crops = new[] { 0, 344, 688 }.Select(start => heard(mel.narrow(2, start, 689))).ToList();
            Assert.IsLessThan(1e-6, ModelFixture.RelativeError((crops[0] + crops[1] + crops[2]) / 3, heard(mel)));
            Assert.IsGreaterThan(1e-4, ModelFixture.RelativeError(crops[0], heard(mel)));
        }
    }

    [TestMethod]
    public void Long_audio_is_heard_in_crops_or_refused_with_the_limit()
    {
        using var scope = NewDisposeScope();
        using var pengi = Pengi.Load(Fixtures.Path("pengi"));
        // This tower's image holds 256 frames: no crop of 689 fits it, as in the original.
        var error = Assert.ThrowsExactly<ArgumentException>(() => pengi.EncodeAudio(zeros(1, 80 * 1500)));
        StringAssert.Contains(error.Message, "1501 frames");
        error = Assert.ThrowsExactly<ArgumentException>(() => pengi.EncodeAudio(zeros(1, 100)));
        StringAssert.Contains(error.Message, "(1, 100)");
    }
}
