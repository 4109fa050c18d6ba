using Mint.ML.Audio;
using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

[TestClass]
public sealed class SpeechEncoderTests
{
    private static SpeechEncoder Load(string fixture, string? folder = null) => fixture switch
    {
        _ when fixture.StartsWith("data2vec", StringComparison.Ordinal) => Data2VecAudio.Load(folder ?? Fixtures.Path(fixture)),
        _ when fixture.StartsWith("wav2vec2", StringComparison.Ordinal) => Wav2Vec2.Load(folder ?? Fixtures.Path(fixture)),
        _ => Hubert.Load(folder ?? Fixtures.Path(fixture)),
    };

    [TestMethod]
    public void The_shortest_clip_gives_one_frame()
    {
        var config = new Data2VecAudioConfig();
        Assert.AreEqual(1, config.Frames(config.MinimumSamples));
        Assert.AreEqual(0, config.Frames(config.MinimumSamples - 1));
    }

    [TestMethod]
    [DataRow("data2vec_audio")]
    [DataRow("data2vec_audio_evenk")]
    [DataRow("wav2vec2")]
    [DataRow("wav2vec2_stable")]
    [DataRow("hubert")]
    [DataRow("hubert_stable")]
    [DataRow("mert_95m_like")]
    [DataRow("mert_330m_like")]
    public void A_clip_alone_gives_what_it_gives_in_a_batch(string folder)
    {
        using var scope = NewDisposeScope();
        using var model = Load(folder);
        long[] lengths = [4000, 1111, 2577, 400];
        var waveforms = rand([4, 4000], generator: new Generator(7)) - 0.5;
        for (int row = 0; row < 4; row++) waveforms[row].narrow(0, lengths[row], 4000 - lengths[row]).zero_();

        var batch = model.Encode(waveforms, tensor(lengths));
        for (int row = 0; row < 4; row++)
        {
            var alone = model.Encode(waveforms[row].narrow(0, 0, lengths[row]).unsqueeze(0), tensor(lengths[row..(row + 1)]));
            long frames = alone.Frames.shape[1];
            Assert.AreEqual(frames, batch.Mask[row].sum().item<long>());
            Assert.IsTrue(alone.Mask.all().item<bool>());
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(alone.Frames[0], batch.Frames[row].narrow(0, 0, frames)));
        }
    }

    [TestMethod]
    public void Encoding_a_whole_clip_equals_the_original_on_its_normalised_samples()
    {
        using var scope = NewDisposeScope();
        using var model = Load("wav2vec2");
        var waveform = rand([1, 3000], generator: new Generator(3)) * 0.2 + 0.1;
        var normalised = (waveform - waveform.mean()) / (waveform.var(unbiased: false) + 1e-7).sqrt();
        var states = model.EncodeHidden(waveform, tensor(new long[] { 3000 }));
        var expected = model.ForwardHidden(normalised);
        Assert.HasCount(expected.HiddenStates.Count, states.HiddenStates);
        for (int layer = 0; layer < expected.HiddenStates.Count; layer++)
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(expected.HiddenStates[layer], states.HiddenStates[layer]));
    }

    [TestMethod]
    [DataRow("data2vec_audio")]
    [DataRow("wav2vec2")]
    [DataRow("hubert_stable")]
    public void Where_a_folders_front_end_does_not_normalise_the_samples_are_encoded_as_they_are(string fixture)
    {
        using var scope = NewDisposeScope();
        var waveform = rand([1, 3000], generator: new Generator(3)) * 0.2 + 0.1;
        const string Plain = """{"do_normalize": false, "sampling_rate": 8000}""";
        // Before transformers 5, a file of its own; since then in the processor's, which before named a class alone.
        (string File, string Json)[] plain = [("preprocessor_config.json", Plain)];
        (string File, string Json)[] nested = [("processor_config.json", $$"""{"processor_class": "Wav2Vec2Processor", "feature_extractor": {{Plain}}}""")];
        (string File, string Json) old = ("processor_config.json", """{"processor_class": "Wav2Vec2Processor"}""");
        foreach (var files in new[] { plain, nested, [.. plain, old], [.. plain, .. nested] })
        {
            using var folder = new ChangedFolder(fixture);
            foreach (var (file, json) in files) folder.With(file, json);
            using var model = Load(fixture, folder.Path);
            Assert.AreEqual(8000, model.SampleRate);
            var expected = model.ForwardHidden(waveform);
            var states = model.EncodeHidden(waveform, tensor(new long[] { 3000 }));
            Assert.IsLessThan(1e-5, ModelFixture.RelativeError(expected.HiddenStates[^1], states.HiddenStates[^1]));
        }
    }

    [TestMethod]
    public void Two_files_that_describe_different_front_ends_are_refused()
    {
        using var folder = new ChangedFolder("wav2vec2").With("preprocessor_config.json", """{"do_normalize": true}""")
            .With("processor_config.json", """{"feature_extractor": {"do_normalize": false}}""");
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Wav2Vec2.Load(folder.Path)).Message;
        StringAssert.Contains(message, "preprocessor_config.json");
        StringAssert.Contains(message, Path.Combine(folder.Path, "processor_config.json"));
    }

    [TestMethod]
    public void Too_short_a_clip_names_its_row_and_the_length_it_needs()
    {
        using var scope = NewDisposeScope();
        using var model = Load("data2vec_audio");
        var error = Assert.ThrowsExactly<SoundNotEncodableException>(() => model.Encode(zeros(2, 500), tensor(new long[] { 500, 399 })));
        StringAssert.Contains(error.Message, "Row 1 has 399 samples");
        StringAssert.Contains(error.Message, "400 (25 ms at 16000 Hz)");
    }
}
