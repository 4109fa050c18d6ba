using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Sound that is bad, skipped, damaged or in memory, through the steps.</summary>
[TestClass]
public sealed class PipelineSoundTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    private sealed class Sound
    {
        [AudioType]
        public MLAudio? Audio { get; set; }
    }

    private sealed class File_
    {
        public string Path { get; set; } = "";
    }

    [TestMethod]
    public void Bad_audio_in_the_pipeline_names_the_file()
    {
        string bad = Path.Combine(Clips.Folder, "not-sound.wav");
        System.IO.File.WriteAllText(bad, "this is a letter, not a sound");
        var data = Ml.Data.LoadFromEnumerable([new File_ { Path = bad }]);
        var error = Assert.ThrowsExactly<AudioFormatException>(() => Clips.Model.Transform(data).GetColumn<uint>("PredictedLabel").ToList());
        StringAssert.Contains(error.Message, bad);
    }

    [TestMethod]
    public void Skipped_audio_is_missing_counted_and_reported()
    {
        string bad = Path.Combine(Clips.Folder, "missing.wav");
        string good = Clips.Data.GetColumn<string>("Path").First();
        var ml = new MLContext(seed: 1);
        var warnings = new List<string>();
        ml.Log += (_, message) => { if (message.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning) warnings.Add(message.RawMessage); };
        var data = ml.Data.LoadFromEnumerable(new[] { new File_ { Path = good }, new File_ { Path = bad }, new File_ { Path = bad } });
        var features = Clips.Featurize(ml, onError: AudioErrorHandling.Skip).Fit(data);
        var view = features.Transform(data);
        var tuned = Clips.Model.OfType<InstructionTunedTransformer>().Single();
        var ranked = ml.AudioLanguage().RankLabels("PredictedLabel", TinyModels.Families, model: tuned).Fit(view).Transform(view);
        uint[] labels = [.. ranked.GetColumn<uint>("PredictedLabel")];
        Assert.IsGreaterThan(0u, labels[0]);
        Assert.AreEqual(0u, labels[1], "missing");
        Assert.IsTrue(ranked.GetColumn<float[]>("Score").Last().All(float.IsNaN));
        Assert.AreEqual(1, ml.Data.FilterRowsByMissingValues(ranked, "Score").GetColumn<uint>("PredictedLabel").Count());
        var skipped = features.OfType<AudioLoadingTransformer>().Single().Skipped;
        CollectionAssert.AreEqual(new[] { bad }, skipped.Keys.ToArray());
        Assert.HasCount(1, warnings);
        StringAssert.Contains(warnings[0], bad);
    }

    [TestMethod]
    public void A_damaged_file_is_an_error_a_skipped_row_or_heard_as_far_as_it_goes()
    {
        byte[] whole = System.IO.File.ReadAllBytes(Clips.Data.GetColumn<string>("Path").First());
        string cut = Path.Combine(Clips.Folder, "cut.wav");
        System.IO.File.WriteAllBytes(cut, whole[..(whole.Length / 2)]);
        var data = Ml.Data.LoadFromEnumerable(new[] { new File_ { Path = cut } });
        StringAssert.Contains(Assert.ThrowsExactly<AudioFormatException>(() => Sounds(new AudioLoadingEstimator.Options(), out _)).Message, "cut off");
        Assert.IsNull(Sounds(new AudioLoadingEstimator.Options { OnError = AudioErrorHandling.Skip }, out var skipped)[0]);
        StringAssert.Contains(skipped.Skipped[cut], "cut off");

        var far = new AudioLoadingEstimator.Options { Damaged = DamagedAudio.HearAsFarAsItGoes };
        MLAudio heard = Sounds(far, out var loader)[0]!;
        Assert.AreEqual((whole.Length / 2 - 44) / 2, heard.Samples.Length);
        StringAssert.Contains(heard.Notes.Single(), "Heard as far as it goes");
        CollectionAssert.AreEqual(heard.Notes.ToArray(), loader.Noted[cut].ToArray());
        string file = Path.Combine(Clips.Folder, "loader.zip");
        Ml.Model.Save(loader, data.Schema, file); // the option is part of the model
        Assert.AreEqual(heard.Samples.Length, Ml.Model.Load(file, out _).Transform(data).GetColumn<MLAudio>("Audio").Single().Samples.Length);

        MLAudio?[] Sounds(AudioLoadingEstimator.Options options, out AudioLoadingTransformer loader)
        {
            loader = Ml.Transforms.LoadAudio(options).Fit(data);
            return [.. loader.Transform(data).GetColumn<MLAudio?>("Audio")];
        }
    }

    [TestMethod]
    public void Sound_in_memory_gives_what_its_file_gives()
    {
        string path = Clips.Data.GetColumn<string>("Path").First();
        var clip = AudioFile.Read(path);
        var view = Ml.Data.LoadFromEnumerable([new Sound { Audio = MLAudio.Create(clip.Samples, clip.SampleRate) }]);
        var features = Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder).Fit(view).Transform(view).GetColumn<float[]>("Features").Single();
        var file = Clips.Featurize(Ml, 1).Fit(Clips.Data).Transform(Clips.Data).GetColumn<float[]>("Features").First();
        CollectionAssert.AreEqual(file, features);
    }

    [TestMethod]
    public void Sound_of_a_stream_is_that_of_its_file_and_messages_call_it_by_its_name()
    {
        string path = Clips.Data.GetColumn<string>("Path").ElementAt(5);
        byte[] bytes = System.IO.File.ReadAllBytes(path);
        var audio = MLAudio.CreateFromStream(new MemoryStream(bytes), "upload 7");
        Assert.AreEqual("upload 7", audio.Source);
        Assert.AreEqual(22_050, audio.SampleRate);
        float[] expected = [.. Enumerable.Range(0, 2205 + 5 * 400).Select(t => MathF.Sin(t * (0.05f + 0.1f * 2) * 16_000 / 22_050) * 0.5f)];
        Assert.HasCount(expected.Length, audio.Samples.ToArray());
        for (int t = 0; t < expected.Length; t++) Assert.AreEqual(expected[t], audio.Samples.Span[t], 1 / 32_767f);
        Assert.AreEqual(TimeSpan.FromSeconds(expected.Length / 22_050.0).TotalSeconds, audio.Duration.TotalSeconds, 1e-6);
        StringAssert.StartsWith(Assert.ThrowsExactly<AudioFormatException>(() => MLAudio.CreateFromStream(new MemoryStream(bytes[..^100]),
            "upload 8")).Message, "upload 8: ");
        StringAssert.StartsWith(Assert.ThrowsExactly<AudioFormatException>(() => MLAudio.CreateFromStream(new MemoryStream([]))).Message, "stream: ");
    }

    private sealed class Vectors
    {
        public float[] Features { get; set; } = [];
        public string Caption { get; set; } = "a flute";
    }

    [TestMethod]
    public void A_vector_of_NaN_is_missing_sound_to_every_step_that_hears()
    {
        var (tuned, bridge) = (Clips.Model.OfType<InstructionTunedTransformer>().Single(), Clips.Model.OfType<BridgeNetTransformer>().Single());
        float[] sound = Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data).GetColumn<float[]>("Features").First();
        var data = Ml.Data.LoadFromEnumerable((Vectors[])[new() { Features = [.. sound.Select(_ => float.NaN)] }, new() { Features = sound }]);
        var answered = Ml.AudioLanguage().RankLabels(new RankedClassifier.Options { Labels = TinyModels.Families, Model = tuned })
            .Append(Ml.AudioLanguage().GenerateCaptions(new CaptionGenerator.Options { Model = tuned }))
            .Append(Ml.AudioLanguage().EmbedAudio("Heard", "Features", bridge: bridge)).Fit(data).Transform(data);
        uint[] labels = [.. answered.GetColumn<uint>("PredictedLabel")];
        Assert.AreEqual(0u, labels[0], "missing");
        Assert.AreNotEqual(0u, labels[1]);
        foreach (string column in (string[])["Score", "Heard"])
        {
            float[][] rows = [.. answered.GetColumn<float[]>(column)];
            Assert.IsTrue(rows[0].All(float.IsNaN), column);
            Assert.IsFalse(rows[1].Any(float.IsNaN), column);
        }
        Assert.AreEqual("", answered.GetColumn<string>("GeneratedCaption").First());
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => bridge.QueryAttention([.. sound.Select(_ => float.NaN)])).Message, "NaN");
    }
}
